"""AutoML is told of budget, target and split; its model takes the way of any other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from mlops.data.query import ML_USE, label_splits
from mlops.pipelines.compiler import compile_pipeline
from mlops.pipelines.runs import automl_parameters
from mlops.registry.names import read_name
from mlops.release.prediction import read_score
from mlops.settings import Settings, Threshold, load_settings
from mlops.training.automl import list_columns
from tests.conftest import ROOT


@pytest.fixture
def settings(config: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.chdir(ROOT)
    return load_settings("local", config)


@pytest.fixture
def spec(settings: Settings, tmp_path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(
        compile_pipeline("automl", settings.images, tmp_path).read_text()
    )
    return found


def test_the_pipeline_tells_automl_budget_target_and_split(
    settings: Settings, spec: dict[str, Any]
) -> None:
    told = spec["root"]["dag"]["tasks"]["train-automl"]["inputs"]["parameters"]
    names = ("budget_milli_node_hours", "target_column", "split_column")
    assert {name: told[name] for name in names} == {
        name: {"componentInputParameter": name} for name in names
    }
    given = automl_parameters(settings)
    assert given.keys() == spec["root"]["inputDefinitions"]["parameters"].keys()
    assert given["budget_milli_node_hours"] == settings.automl.budget_milli_node_hours
    assert given["target_column"] == settings.features.label.name
    assert f"AS {given['split_column']}" in label_splits(settings.features, "p.d.t")


def test_a_model_without_alias_gets_one_only_when_it_has_passed(spec: dict[str, Any]) -> None:
    tasks = spec["root"]["dag"]["tasks"]
    assert {"validate-data", "inspect-data"} <= set(tasks["train-automl"]["dependentTasks"])
    assert "give-alias" not in tasks
    (passed,) = [name for name in tasks if name.startswith("condition-")]
    assert tasks[passed]["triggerPolicy"]["condition"].endswith("== true")
    assert "give-alias" in spec["components"][f"comp-{passed}"]["dag"]["tasks"]


def test_automl_reads_the_inputs_and_nothing_else(settings: Settings) -> None:
    columns = list_columns(settings.features)
    assert list(columns) == [column.name for column in settings.features.inputs]
    assert ML_USE not in columns
    assert (columns["trip_miles"], columns["pickup_latitude"], columns["company"]) == (
        "numeric",
        "numeric",
        "categorical",
    )


def test_each_row_keeps_its_split(settings: Settings) -> None:
    query = label_splits(settings.features, "p.d.t", sample_percent=10)
    assert query.startswith("CREATE OR REPLACE TABLE `p.d.t` AS\nSELECT")
    for use, tenths in (("TRAIN", "0 AND 7"), ("VALIDATE", "8 AND 8"), ("TEST", "9 AND 9")):
        assert f"BETWEEN {tenths} THEN '{use}'" in query
    assert "< 10000" in query


def test_of_both_trainers_the_better_one_is_the_challenger(settings: Settings) -> None:
    alone, both = (
        automl_parameters(settings.model_copy(update={"trainer": trainer}))
        for trainer in ("automl", "both")
    )
    assert (alone["rivals"], both["rivals"]) == (["champion"], ["challenger", "champion"])
    assert settings.evaluation.champion_change
    for metric in settings.evaluation.champion_change:
        allowed = both["evaluation"]["champion_change"][metric]
        assert 0.0 in allowed.values()
        assert alone["evaluation"]["champion_change"][metric] != allowed
    order = settings.model_copy(update={"trainer": "both"}).training_pipelines
    assert order == ("training", "automl")


def test_a_bound_without_slack_is_never_looser() -> None:
    assert Threshold(min=-0.03).without_slack() == Threshold(min=0)
    assert Threshold(min=0.01).without_slack() == Threshold(min=0.01)
    assert Threshold(max=0.3).without_slack() == Threshold(max=0)
    assert Threshold(max=-1).without_slack() == Threshold(max=-1)


@pytest.mark.parametrize(
    ("prediction", "score"),
    [
        (0.25, 0.25),
        ({"classes": ["1", "0"], "scores": [0.75, 0.25]}, 0.75),
        ({"value": 12.5, "lower_bound": 1, "upper_bound": 20}, 12.5),
    ],
)
def test_predictions_of_all_trainers_are_numbers(prediction: Any, score: float) -> None:
    assert read_score(prediction) == score


def test_a_version_without_a_saved_model_has_a_uri_of_its_own() -> None:
    name = "projects/p/locations/us-central1/models/7@2"
    assert read_name(f"https://us-central1-aiplatform.googleapis.com/v1/{name}") == name
    assert read_name("gs://bucket/model/v1/") is None
