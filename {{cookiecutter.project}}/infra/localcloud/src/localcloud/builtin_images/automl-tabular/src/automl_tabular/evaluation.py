"""The metrics of a model on its test set, in the fields of Vertex AI's evaluation schemas."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import (
    average_precision_score,
    confusion_matrix,
    log_loss,
    mean_absolute_error,
    mean_squared_error,
    r2_score,
    roc_auc_score,
)

from automl_tabular.columns import Matrix

_THRESHOLDS = [*(step / 20 for step in range(20)), 0.96, 0.97, 0.98, 0.99, 1.0]
_MOST_ROWS = 200  # that attributions are computed on


def classification_metrics(
    classes: Sequence[str], target: NDArray[np.generic], predicted: Matrix
) -> dict[str, Any]:
    """Metrics over all classes: each row counts once for each class (micro average).

    Args:
        classes: their names.
        target: the index of each row's class.
        predicted: a probability for each class.
    """
    truth = np.eye(len(classes))[target.astype(int)]
    indices = range(len(classes))
    matrix = confusion_matrix(target, predicted.argmax(axis=1), labels=list(indices))
    specs = [{"id": str(index), "displayName": classes[index]} for index in indices]
    return {
        "auPrc": float(average_precision_score(truth.ravel(), predicted.ravel())),
        "auRoc": float(roc_auc_score(truth.ravel(), predicted.ravel())),
        "logLoss": float(log_loss(target, predicted, labels=list(indices))),
        "confidenceMetrics": [_at(threshold, truth, predicted) for threshold in _THRESHOLDS],
        "confusionMatrix": {"annotationSpecs": specs, "rows": matrix.tolist()},
    }


def regression_metrics(target: NDArray[np.generic], predicted: Matrix) -> dict[str, Any]:
    """Metrics of numbers; those that the values do not allow are left out."""
    truth, found = target.astype(float), predicted[:, 0]
    metrics = {
        "rootMeanSquaredError": float(np.sqrt(mean_squared_error(truth, found))),
        "meanAbsoluteError": float(mean_absolute_error(truth, found)),
        "rSquared": float(r2_score(truth, found)),
    }
    if (truth != 0).all():
        error = np.abs((truth - found) / truth)
        metrics["meanAbsolutePercentageError"] = float(100 * error.mean())
    if (truth >= 0).all():
        logs = np.log1p(truth), np.log1p(np.maximum(found, 0))
        metrics["rootMeanSquaredLogError"] = float(np.sqrt(mean_squared_error(*logs)))
    return metrics


def attributions(
    names: Sequence[str], rows: Sequence[dict[str, Any]], predict: Callable[[Any], Matrix]
) -> dict[str, float]:
    """How much predictions change when one column's values change places, as shares of 1.

    This is permutation importance of the prediction (Breiman 2001), the mean absolute change
    over rows and outputs; Vertex AI computes sampled Shapley values.
    """
    if len(rows) < 2:
        return {}
    rows = rows[:_MOST_ROWS]
    order = np.random.default_rng(0).permutation(len(rows))
    before = predict(rows)
    changes = {
        name: float(
            np.abs(
                predict(
                    [{**row, name: rows[at][name]} for row, at in zip(rows, order, strict=True)]
                )
                - before
            ).mean()
        )
        for name in names
    }
    total = sum(changes.values()) or 1.0
    return {name: change / total for name, change in changes.items()}


def _at(threshold: float, truth: Matrix, predicted: Matrix) -> dict[str, float]:
    top = predicted == predicted.max(axis=1, keepdims=True)
    everything = _counts(truth, predicted >= threshold)
    best = _counts(truth, (predicted >= threshold) & top)
    return {
        "confidenceThreshold": threshold,
        "truePositiveCount": everything[0],
        "falsePositiveCount": everything[1],
        "falseNegativeCount": everything[2],
        "trueNegativeCount": everything[3],
        **_rates(*everything),
        **{f"{name}At1": value for name, value in _rates(*best).items()},
    }


def _counts(truth: Matrix, chosen: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """True positives, false positives, false negatives, true negatives."""
    real = truth == 1
    pairs = (real & chosen, ~real & chosen, real & ~chosen, ~real & ~chosen)
    positive, wrong, missed, negative = (int(pair.sum()) for pair in pairs)
    return positive, wrong, missed, negative


def _rates(positive: int, wrong: int, missed: int, negative: int) -> dict[str, float]:
    precision = positive / (positive + wrong) if positive + wrong else 1.0
    recall = positive / (positive + missed) if positive + missed else 0.0
    both = precision + recall
    return {
        "precision": precision,
        "recall": recall,
        "falsePositiveRate": wrong / (wrong + negative) if wrong + negative else 0.0,
        "f1Score": 2 * precision * recall / both if both else 0.0,
    }
