"""A trained model: rows in, predictions in AutoML's form out."""

import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sklearn.pipeline import Pipeline

from automl_tabular.columns import Matrix
from automl_tabular.features import Features
from automl_tabular.search import predict
from automl_tabular.values import Row

_FILE = "model.pickle"


@dataclass
class TabularModel:
    """Features, the model behind them, and what its output means.

    `classes` are the names of the classes, empty for numbers; `interval` is how far, at 95 % of
    the rows that it had not learned from, the truth was below and above the prediction.
    """

    features: Features
    pipeline: Pipeline
    classes: list[str]
    interval: tuple[float, float] = (0.0, 0.0)

    def outputs(self, rows: Sequence[Row]) -> Matrix:
        """A probability for each class, or a column of numbers."""
        return predict(self.pipeline, self.features.transform(rows), len(self.classes))

    def predictions(self, rows: Sequence[Row]) -> list[dict[str, Any]]:
        """Predictions as Vertex AI answers them."""
        outputs = self.outputs(rows).tolist()
        if self.classes:
            return [{"classes": self.classes, "scores": scores} for scores in outputs]
        below, above = self.interval
        return [
            {"value": value, "lower_bound": value + below, "upper_bound": value + above}
            for [value] in outputs
        ]

    def save(self, folder: Path) -> None:
        """Write it into a folder."""
        (folder / _FILE).write_bytes(pickle.dumps(self))

    @classmethod
    def load(cls, folder: Path) -> "TabularModel":
        """Read what `save` wrote."""
        model = pickle.loads((folder / _FILE).read_bytes())  # noqa: S301 - written by training
        assert isinstance(model, cls)  # noqa: S101 - for the type checker
        return model
