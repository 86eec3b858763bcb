"""What the monitoring job watches follows from the declaration of the data."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from mlops.features import Column, Features
from mlops.monitoring.objectives import build_objective, write_schema
from mlops.settings import SettingsError, load_settings

BASELINE = "gs://bucket/rows.jsonl"


@pytest.fixture
def features() -> Features:
    """A table of which `far` is watched for both, `name` for drift alone, and no other input."""
    columns = [
        {"name": "key", "type": "STRING", "role": "identifier"},
        {"name": "far", "type": "FLOAT", "role": "numeric", "skew_threshold": 0.2,
         "drift_threshold": 0.1},
        {"name": "name", "type": "STRING", "role": "categorical", "vocabulary_size": 2,
         "default": "none", "drift_threshold": 0.3},
        {"name": "day", "type": "INTEGER", "role": "categorical", "vocabulary_size": 7},
        {"name": "way", "type": "STRING", "role": "validated", "skew_threshold": 0.5},
        {"name": "tip", "type": "INTEGER", "role": "label", "drift_threshold": 0.5},
    ]  # fmt: skip
    return Features.model_validate(
        {"problem": "classification", "table": "a.b.c", "columns": columns}
    )


def test_inputs_alone_are_watched_by_their_thresholds(features: Features) -> None:
    objective = build_objective(features, "7", BASELINE)
    config = objective["objective_config"]
    skew = config["training_prediction_skew_detection_config"]["skew_thresholds"]
    drift = config["prediction_drift_detection_config"]["drift_thresholds"]
    assert objective["deployed_model_id"] == "7"
    assert skew == {"far": {"value": 0.2}}
    assert drift == {"far": {"value": 0.1}, "name": {"value": 0.3}}
    assert config["training_dataset"]["gcs_source"] == {"uris": [BASELINE]}


def test_without_training_data_drift_alone_is_watched(features: Features) -> None:
    config = build_objective(features, "7", None)["objective_config"]
    assert list(config) == ["prediction_drift_detection_config"]


def test_nothing_is_watched_without_thresholds(features: Features) -> None:
    bare = [c.model_copy(update={"drift_threshold": None}) for c in features.columns]
    assert build_objective(features.model_copy(update={"columns": bare}), "7", None) == {}


def test_the_schema_has_the_inputs_with_the_types_that_decide_the_distance(
    features: Features,
) -> None:
    schema = yaml.safe_load(write_schema(features))
    types = {name: each["type"] for name, each in schema["properties"].items()}
    assert types == {"far": "number", "name": "string", "day": "integer"}
    assert schema["required"] == ["far", "day"]


@pytest.mark.parametrize("threshold", ["drift_threshold", "skew_threshold"])
@pytest.mark.parametrize("value", [0, 1.5])
def test_a_threshold_is_a_distance(threshold: str, value: float) -> None:
    with pytest.raises(ValidationError, match=threshold):
        Column(name="x", type="FLOAT", role="numeric", **{threshold: value})


def test_a_metric_to_watch_must_have_a_bound(config: Path, tmp_path: Path) -> None:
    for file in config.glob("*.yaml"):
        (tmp_path / file.name).write_text(file.read_text())
    with (tmp_path / "local.yaml").open("a", encoding="utf-8") as file:
        file.write("monitoring: {retrain: {metric: mean_squared_error}}\n")
    with pytest.raises(SettingsError, match="metric 'mean_squared_error' has no bound in eval"):
        load_settings("local", tmp_path)


@pytest.mark.parametrize(
    "wrong", ["emails: [nobody]", "interval_hours: 0.5", "sampling_rate: 0", "log_ttl_days: 0"]
)
def test_wrong_settings_are_refused(config: Path, tmp_path: Path, wrong: str) -> None:
    for file in config.glob("*.yaml"):
        (tmp_path / file.name).write_text(file.read_text())
    with (tmp_path / "local.yaml").open("a", encoding="utf-8") as file:
        file.write(f"monitoring: {{{wrong}}}\n")
    with pytest.raises(SettingsError, match=rf"monitoring\.{wrong.partition(':')[0]}"):
        load_settings("local", tmp_path)
