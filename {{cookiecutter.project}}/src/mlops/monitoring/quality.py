"""How good predictions were, once their outcomes are known."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from mlops.evaluation.importance import area_under_curve

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Array = np.ndarray[Any, np.dtype[np.float64]]


def measure(metric: str, predictions: Sequence[float], labels: Sequence[float]) -> float | None:
    """A metric, as the gate means it; None when it has no value, such as an AUC of one class.

    Args:
        metric: a name of METRICS.
        predictions: of a classification, the probability of class 1.
        labels: of the same requests.
    """
    if not predictions:
        return None
    return METRICS[metric](np.asarray(predictions, float), np.asarray(labels, float))


def _auc(predictions: Array, labels: Array) -> float | None:
    area = area_under_curve(labels > 0.5, predictions)
    return None if math.isnan(area) else area


def _accuracy(predictions: Array, labels: Array) -> float:
    return float(((predictions > 0.5) == (labels > 0.5)).mean())


def _mean_absolute_error(predictions: Array, labels: Array) -> float:
    return float(np.abs(predictions - labels).mean())


def _mean_squared_error(predictions: Array, labels: Array) -> float:
    return float(np.square(predictions - labels).mean())


METRICS: dict[str, Callable[[Array, Array], float | None]] = {
    "accuracy": _accuracy,
    "auc": _auc,
    "mean_absolute_error": _mean_absolute_error,
    "mean_squared_error": _mean_squared_error,
}
