"""What the monitoring job watches, derived from the declaration of the data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from mlops.features import Features

# A feature whose type is a text is compared by L-infinity, a number by Jensen-Shannon divergence:
# as in the TensorFlow Data Validation schema, so that a threshold means the same in both.
_TYPES = {"INTEGER": "integer", "FLOAT": "number", "STRING": "string", "BOOLEAN": "boolean"}


def write_schema(features: Features) -> str:
    """The schema of an instance, as Vertex AI reads it: OpenAPI, in YAML."""
    properties = {
        column.name: {"type": _TYPES[column.type], "nullable": column.default is not None}
        for column in features.inputs
    }
    required = [column.name for column in features.inputs if column.default is None]
    schema = {"type": "object", "properties": properties, "required": required}
    return yaml.safe_dump(schema, sort_keys=False)


def skew_thresholds(features: Features) -> dict[str, float]:
    """How far each watched input may be from what the model was trained on."""
    return {
        column.name: column.skew_threshold
        for column in features.inputs
        if column.skew_threshold is not None
    }


def drift_thresholds(features: Features) -> dict[str, float]:
    """How far each watched input may be from the window before."""
    return {
        column.name: column.drift_threshold
        for column in features.inputs
        if column.drift_threshold is not None
    }


def build_objective(
    features: Features, deployed_model: str, baseline: str | None
) -> dict[str, Any]:
    """The objectives of one deployed model; empty when nothing of it can be watched.

    Args:
        features: the declaration of the data.
        deployed_model: its id on the endpoint.
        baseline: URI of rows that it was trained on, as JSON Lines; None watches no skew.
    """
    config: dict[str, Any] = {}
    skew, drift = skew_thresholds(features), drift_thresholds(features)
    if skew and baseline:
        config["training_dataset"] = {
            "data_format": "jsonl",
            "gcs_source": {"uris": [baseline]},
            "target_field": features.label.name,
        }
        config["training_prediction_skew_detection_config"] = {"skew_thresholds": _thresholds(skew)}
    if drift:
        config["prediction_drift_detection_config"] = {"drift_thresholds": _thresholds(drift)}
    return {"deployed_model_id": deployed_model, "objective_config": config} if config else {}


def _thresholds(values: dict[str, float]) -> dict[str, Any]:
    return {name: {"value": value} for name, value in values.items()}
