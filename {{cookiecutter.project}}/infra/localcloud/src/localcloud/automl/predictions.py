"""AutoML's predictions as columns of tables, as Vertex AI writes them in batch prediction."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from google.cloud.aiplatform_v1.types import Model, ModelSourceInfo

from localcloud.bigquery.client import Field
from localcloud.rpc import raw
from localcloud.vertex.json_values import plain

FORMATS = ("bigquery", "csv")  # of what is read and written

_CLASSES = (("classes", "STRING"), ("scores", "FLOAT"))
_NUMBERS = (("value", "FLOAT"), ("lower_bound", "FLOAT"), ("upper_bound", "FLOAT"))


@dataclass(frozen=True)
class Target:
    """The column that an AutoML model predicts: a class or a number."""

    column: str
    classifies: bool

    @classmethod
    def of(cls, model: Model) -> "Target | None":
        """What an AutoML model predicts; None for other models."""
        if model.model_source_info.source_type != ModelSourceInfo.ModelSourceType.AUTOML:
            return None
        metadata = plain(raw(model).metadata)
        return cls(metadata["targetColumn"], metadata["predictionType"] == "classification")

    @property
    def metadata(self) -> dict[str, str]:
        """What `of` reads from a model's metadata."""
        kind = "classification" if self.classifies else "regression"
        return {"targetColumn": self.column, "predictionType": kind}

    @property
    def field(self) -> Field:
        """The BigQuery column of a prediction."""
        fields: list[Field] = [
            {"name": name, "type": kind, "mode": "REPEATED" if self.classifies else "NULLABLE"}
            for name, kind in (_CLASSES if self.classifies else _NUMBERS)
        ]
        return {"name": f"predicted_{self.column}", "type": "RECORD", "fields": fields}

    def csv_cells(self, prediction: Mapping[str, Any]) -> dict[str, Any]:
        """The cells of a prediction in a CSV file: a score for each class, or the number."""
        if self.classifies:
            pairs = zip(prediction["classes"], prediction["scores"], strict=True)
            return {f"{self.column}_{name}_scores": score for name, score in pairs}
        return {
            f"predicted_{self.column}": prediction["value"],
            f"predicted_{self.column}_lower_bound": prediction["lower_bound"],
            f"predicted_{self.column}_upper_bound": prediction["upper_bound"],
        }
