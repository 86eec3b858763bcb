"""The search space as Vertex's parameters, and what is learnt from its trials."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from google.cloud.aiplatform_v1.types import StudySpec

from mlops.settings import Settings, SettingsError, load_settings
from mlops.training.tuning import Search, TrialResult, TuningError, build_space, find_best


def load(config: Path, folder: Path, **tuning: Any) -> Settings:
    """The local settings, with keys of `tuning` over those of base.yaml."""
    copy = shutil.copytree(config, folder / "config")
    path = copy / "local.yaml"
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    path.write_text(yaml.safe_dump({**content, "tuning": tuning}), encoding="utf-8")
    return load_settings("local", copy)


def build(settings: Settings) -> dict[str, StudySpec.ParameterSpec]:
    space = build_space(settings.tuning, settings.training)
    return {
        name: parameter._to_parameter_spec(parameter_id=name) for name, parameter in space.items()
    }


def test_the_declared_space_is_off_and_well_formed(config: Path) -> None:
    settings = load_settings("local", config)
    assert not settings.tuning.is_on
    assert build(settings).keys() == {each.name for each in settings.tuning.parameters}


def test_each_kind_of_parameter_becomes_vertex_s(config: Path, tmp_path: Path) -> None:
    settings = load(
        config,
        tmp_path,
        parameters=[
            {"name": "learning_rate", "min": 0.001, "max": 0.1, "scale": "log"},
            {"name": "epochs", "min": 2, "max": 9},
            {"name": "batch_size", "values": [512, 64]},
            {"name": "hidden_units", "values": [[16], [32, 16]]},
        ],
    )
    spec = build(settings)
    assert spec["learning_rate"].double_value_spec.min_value == 0.001
    assert spec["learning_rate"].double_value_spec.max_value == 0.1
    assert spec["learning_rate"].scale_type.name == "UNIT_LOG_SCALE"
    assert (spec["epochs"].integer_value_spec.min_value, spec["epochs"].scale_type.name) == (
        2,
        "UNIT_LINEAR_SCALE",
    )
    assert list(spec["batch_size"].discrete_value_spec.values) == [64, 512]
    assert list(spec["hidden_units"].categorical_value_spec.values) == ["[16]", "[32, 16]"]
    assert all(name == parameter.parameter_id for name, parameter in spec.items())


@pytest.mark.parametrize(
    ("tuning", "message"),
    [
        (
            {"parameters": [{"name": "momentum", "min": 0, "max": 1}]},
            "momentum is no parameter of trai",
        ),
        (
            {"parameters": [{"name": "dropout", "min": 0.3, "max": 0.1}]},
            r"min \(0.3\) above its max",
        ),
        (
            {"parameters": [{"name": "dropout", "min": 0.3, "max": 1.5}]},
            "dropout would try 1.5; training",
        ),
        (
            {"parameters": [{"name": "batch_size", "values": [0, 8]}]},
            "batch_size would try 0; training",
        ),
        (
            {"parameters": [{"name": "epochs", "min": 1, "max": 2.5}]},
            "epochs would try 2.5; training",
        ),
        (
            {"parameters": [{"name": "dropout", "min": 0}]},
            "tuning.parameters.dropout needs a min and a",
        ),
        (
            {"parameters": [{"name": "dropout", "values": [0.1, 0.1]}]},
            "dropout lists a value twice",
        ),
        ({"parameters": [{"name": "dropout", "values": [0.1], "min": 0}]}, "keep one of them"),
        (
            {"parameters": [{"name": "dropout", "min": 0, "max": 0.5, "scale": "log"}]},
            "needs one above 0",
        ),
        (
            {"parameters": [{"name": "dropout", "low": 0}]},
            "unknown key tuning.parameters.dropout.low",
        ),
        ({"parameters": [{"name": "hidden_units", "min": 1, "max": 9}]}, "list its values instead"),
        ({"parameters": [{"name": "seed", "values": [1]}] * 2}, "seed is declared twice"),
        ({"max_trial_count": 3, "parameters": []}, r"tuning.parameters is empty; name a param"),
        ({"metric": "accuracy"}, "tuning.metric is 'accuracy'; choose val_loss or val_"),
        ({"goal": "minimise"}, "tuning.goal is 'minimise'"),
        ({"max_trial_count": -1}, "tuning.max_trial_count is -1"),
    ],
)
def test_a_mistake_is_told_in_one_sentence(
    config: Path, tmp_path: Path, tuning: dict[str, Any], message: str
) -> None:
    with pytest.raises(SettingsError, match=message) as caught:
        load(config, tmp_path, **tuning)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("goal", "best"), [("minimize", "3"), ("maximize", "2")])
def test_the_best_trial_comes_closest_to_the_goal(goal: str, best: str) -> None:
    assert find_best(trials(), goal).id == best


def test_without_a_measured_trial_there_is_no_best() -> None:
    with pytest.raises(TuningError, match="No trial succeeded"):
        find_best(trials()[:1], "minimize")


def test_the_page_has_a_row_for_each_trial() -> None:
    tried = trials()
    page = Search("jobs/7", "val_loss", "minimize", tried[2], tried).to_markdown()
    assert page.splitlines() == [
        "# Search to minimize val_loss",
        "",
        "jobs/7",
        "",
        "| trial | val_loss | batch_size | hidden_units |",
        "| --- | --- | --- | --- |",
        "| 1 | INFEASIBLE | 64 | [16] |",
        "| 2 | 0.75 | 128 | [32, 16] |",
        "| **3, the best** | 0.5 | 64 | [8] |",
    ]


def trials() -> tuple[TrialResult, ...]:
    return (
        TrialResult("1", "INFEASIBLE", {"batch_size": 64, "hidden_units": [16]}, None),
        TrialResult("2", "SUCCEEDED", {"batch_size": 128, "hidden_units": [32, 16]}, 0.75),
        TrialResult("3", "SUCCEEDED", {"batch_size": 64, "hidden_units": [8]}, 0.5),
    )
