"""Ask the endpoint for predictions of rows that no training has seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops.data.query import Split, select
from mlops.errors import UserError
from mlops.release.deployment import find_endpoint

if TYPE_CHECKING:
    from google.cloud import bigquery

    from mlops.features import Features


class PredictionError(UserError):
    """There is nothing that could answer."""


@dataclass(frozen=True)
class Prediction:
    """What the model answered for a row, what the row's label is, and who answered."""

    predicted: float
    actual: float
    version: str


def read_rows(client: bigquery.Client, features: Features, count: int) -> list[dict[str, Any]]:
    """The first rows of the test split, by identifier: inputs and label by name."""
    query = f"{select(features, Split.TEST)}\nORDER BY {features.identifier.name} LIMIT {count}"
    return [dict(row) for row in client.query(query).result()]


def predict_rows(name: str, features: Features, rows: list[dict[str, Any]]) -> list[Prediction]:
    """Sends the rows' inputs to the endpoint `name`.

    Raises:
        PredictionError: there is no such endpoint, or no model is deployed on it.
    """
    endpoint = find_endpoint(name)
    if endpoint is None or not endpoint.traffic_split:
        raise PredictionError(
            f"No model is deployed on an endpoint named {name}: run the training pipeline first."
        )
    inputs = [{column.name: row[column.name] for column in features.inputs} for row in rows]
    dedicated = bool(endpoint.gca_resource.dedicated_endpoint_enabled)
    answer = endpoint.predict(instances=inputs, use_dedicated_endpoint=dedicated)
    return [
        Prediction(read_score(predicted), float(row[features.label.name]), answer.model_version_id)
        for predicted, row in zip(answer.predictions, rows, strict=True)
    ]


def read_score(prediction: Any) -> float:
    """A prediction as a number: of an AutoML model its value, or the probability of class 1."""
    if not isinstance(prediction, dict):
        return float(prediction)
    if "value" in prediction:
        return float(prediction["value"])
    return float(dict(zip(prediction["classes"], prediction["scores"], strict=True))["1"])
