"""What AutoML optimises: scores of predictions, the larger the better."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import (
    average_precision_score,
    log_loss,
    mean_absolute_error,
    mean_squared_error,
    precision_recall_curve,
    roc_auc_score,
)

from automl_tabular.columns import Matrix
from automl_tabular.values import TaskError

Vector = NDArray[np.float64]
Score = Callable[[NDArray[np.generic], Matrix, Vector], float]

DEFAULT = {"regression": "minimize-rmse", "binary": "maximize-au-roc", "multi": "minimize-log-loss"}


@dataclass(frozen=True)
class Objective:
    """An objective by AutoML's name, with the recall or precision that it is for."""

    name: str
    recall: float = 0.0
    precision: float = 0.0

    def score(self, target: NDArray[np.generic], predicted: Matrix, weight: Vector) -> float:
        """How good predictions are; the larger, the better.

        Args:
            target: class indices, or the numbers to predict.
            predicted: a probability for each class, or a column of numbers.
            weight: of each row.
        """
        if self.name == "maximize-precision-at-recall":
            precision, recall = _curve(target, predicted, weight)
            return float(precision[recall >= self.recall].max())
        if self.name == "maximize-recall-at-precision":
            precision, recall = _curve(target, predicted, weight)
            return float(recall[precision >= self.precision].max(initial=0.0))
        return _SCORES[self.name](target, predicted, weight)


def check(name: str, classes: int) -> None:
    """Refuse an objective that is for two classes only.

    Raises:
        TaskError: there are more.
    """
    if classes > 2 and name != DEFAULT["multi"]:
        raise TaskError(
            f"Objective {name} is for two classes, and the target column has {classes}; use"
            f" {DEFAULT['multi']}."
        )


def _curve(target: NDArray[np.generic], predicted: Matrix, weight: Vector) -> tuple[Vector, Vector]:
    precision, recall, _ = precision_recall_curve(target, predicted[:, 1], sample_weight=weight)
    return precision, recall


def _log_loss(target: NDArray[np.generic], predicted: Matrix, weight: Vector) -> float:
    labels = np.arange(predicted.shape[1])
    return -float(log_loss(target, predicted, sample_weight=weight, labels=labels))


def _root_log(target: NDArray[np.generic], predicted: Matrix, weight: Vector) -> float:
    logs = np.log1p(target.astype(float)), np.log1p(np.maximum(predicted[:, 0], 0))
    return -float(np.sqrt(mean_squared_error(*logs, sample_weight=weight)))


_SCORES: Mapping[str, Score] = {
    "maximize-au-roc": lambda y, p, w: float(roc_auc_score(y, p[:, 1], sample_weight=w)),
    "maximize-au-prc": lambda y, p, w: float(average_precision_score(y, p[:, 1], sample_weight=w)),
    "minimize-log-loss": _log_loss,
    "minimize-rmse": lambda y, p, w: (
        -float(np.sqrt(mean_squared_error(y, p[:, 0], sample_weight=w)))
    ),
    "minimize-mae": lambda y, p, w: -float(mean_absolute_error(y, p[:, 0], sample_weight=w)),
    "minimize-rmsle": _root_log,
}
