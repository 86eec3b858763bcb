"""The page and the model card tell all that was found, and need nothing else."""

from __future__ import annotations

import dataclasses
import json
import math
from html.parser import HTMLParser

import pytest

from mlops.evaluation.calibration import Point
from mlops.evaluation.card import write_card
from mlops.evaluation.fairness import Gap
from mlops.evaluation.gate import judge
from mlops.evaluation.importance import Importance
from mlops.evaluation.measures import Measures, SliceMetrics
from mlops.evaluation.page import write_page
from mlops.evaluation.result import EvaluationResult, Explained, Subject
from mlops.features import Problem
from mlops.settings import Card, Evaluation, Threshold

EVALUATION = Evaluation(
    thresholds={"auc": Threshold(min=0.6)},
    champion_change={"auc": Threshold(min=-0.01)},
    card=Card(owner="a@b.example", intended_use="Guess | tips.", limits=("Chicago <only>",)),
)
VOID = {"meta"}


def measured(auc: float) -> Measures:
    value = "<script>alert(1)</script>"
    metrics = {"auc": auc, "example_count": 500.0}
    return Measures(metrics, (SliceMetrics("day", value, metrics),))


def result(auc: float, champion: float | None) -> EvaluationResult:
    model, rival = measured(auc), None if champion is None else measured(champion)
    baselines = {"mean": Measures({"auc": math.nan, "example_count": 500.0})}
    return EvaluationResult(
        subject=Subject(
            "tips", "gs://b/model", "gs://b/data", "gs://b/baselines", "etag 3", "gs://b/old", "7"
        ),
        model=model,
        champion=rival,
        baselines=baselines,
        checks=judge(EVALUATION, model, rival, baselines),
        gaps=(Gap("day", "false_positive_rate", "1", "2", 0.25),),
        calibration=(Point(250, 0.2, 0.3), Point(250, 0.7, 0.6)),
        calibration_error=0.1,
        explained=Explained("auc", 500, (Importance("fare", 0.08, 0.01),), {"fare": 0.06}, 0.7),
    )


class Page(HTMLParser):
    """Elements of a page that is well formed, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("champion", [None, 0.705])
def test_the_page_is_whole_and_needs_nothing_else(champion: float | None) -> None:
    page = Page(write_page(result(0.7, champion), Problem.CLASSIFICATION))
    assert not {"script", "link", "img", "iframe"} & set(page.tags)
    assert not {"src", "href", "onclick", "style"} & {name for name, _ in page.attributes}
    assert page.tags.count("svg") == 6
    for told in ("Passed", "day=<script>", "fare", "gs://b/model", "etag 3", "0.25", "baseline"):
        assert told in page.text, told
    assert ("version 7" in page.text) == (champion is not None)
    assert "nan" not in page.text


def test_a_refusal_is_told_with_each_reason() -> None:
    refused = result(0.5, 0.7)
    page = Page(write_page(refused, Problem.CLASSIFICATION))
    assert "Refused" in page.text
    assert len(refused.failures) == 2
    for failure in refused.failures:
        assert failure in page.text
        assert failure in write_card(refused, EVALUATION)


def test_the_card_has_its_sections() -> None:
    card = write_card(result(0.7, 0.7), EVALUATION)
    headings = [line[3:] for line in card.splitlines() if line.startswith("## ")]
    assert headings == [
        "Model",
        "Intended use",
        "Data",
        "Metrics on the test split",
        "Metrics by slice",
        "Fairness",
        "Limits",
    ]
    assert "a@b.example" in card
    assert r"Guess \| tips." in card
    assert r"Chicago \<only\>" in card
    assert "<script>" not in card


def test_the_result_is_json_that_any_reader_takes() -> None:
    found = dataclasses.replace(result(0.7, 0.7), calibration_error=math.nan)
    content = json.loads(found.to_json(), parse_constant=pytest.fail)
    assert content["passed"] is True
    assert content["metrics"]["auc"] == 0.7
    assert content["calibration_error"] is None
    assert {check["rule"] for check in content["checks"]} == {
        "threshold",
        "change against the champion",
    }


def test_an_automl_model_is_explained_by_vertex_ai_s_attributions() -> None:
    explained = Explained("", 0, (), {"fare": 0.6, "company": 0.4}, 0.0)
    page = Page(
        write_page(
            dataclasses.replace(result(0.7, None), explained=explained), Problem.CLASSIFICATION
        )
    )
    assert "Vertex AI's own" in page.text
    assert "company" in page.text
    assert "Permutation importance" not in page.text
