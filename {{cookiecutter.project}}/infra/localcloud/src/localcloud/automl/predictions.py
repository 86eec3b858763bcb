"""AutoML's predictions as columns of tables, as Vertex AI writes them in batch prediction."""

from collections.abc import Mapping
from typing import Any

from localcloud.bigquery.client import Field

_CLASSES = (("classes", "STRING"), ("scores", "FLOAT"))
_NUMBERS = (("value", "FLOAT"), ("lower_bound", "FLOAT"), ("upper_bound", "FLOAT"))


def prediction_fields(target: str, *, classifies: bool) -> list[Field]:
    """The BigQuery columns of a prediction: one RECORD, `predicted_TARGET`."""
    fields: list[Field] = [
        {"name": name, "type": kind, "mode": "REPEATED" if classifies else "NULLABLE"}
        for name, kind in (_CLASSES if classifies else _NUMBERS)
    ]
    return [{"name": f"predicted_{target}", "type": "RECORD", "fields": fields}]


def prediction_cells(target: str, prediction: Mapping[str, Any]) -> dict[str, Any]:
    """The values of those columns."""
    return {f"predicted_{target}": prediction}


def csv_cells(target: str, prediction: Mapping[str, Any]) -> dict[str, Any]:
    """The cells of a prediction in a CSV file: a score for each class, or the number."""
    if "classes" in prediction:
        pairs = zip(prediction["classes"], prediction["scores"], strict=True)
        return {f"{target}_{name}_scores": score for name, score in pairs}
    return {
        f"predicted_{target}": prediction["value"],
        f"predicted_{target}_lower_bound": prediction["lower_bound"],
        f"predicted_{target}_upper_bound": prediction["upper_bound"],
    }
