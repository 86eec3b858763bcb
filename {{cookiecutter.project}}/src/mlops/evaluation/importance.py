"""Permutation importance: how much worse the model gets when one column says nothing.

Breiman, Random Forests, 2001; of any model: Fisher, Rudin and Dominici, All Models are Wrong, but
Many are Useful, 2019.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

Columns = Mapping[str, np.ndarray]
Predict = Callable[[Columns], np.ndarray]
Score = Callable[[np.ndarray, np.ndarray], float]


@dataclass(frozen=True)
class Importance:
    """How much a score falls when a column is shuffled: mean and standard deviation."""

    column: str
    mean: float
    deviation: float


def measure_importance(
    predict: Predict, columns: Columns, labels: np.ndarray, score: Score, repeats: int, seed: int
) -> tuple[Importance, ...]:
    """The importance of each column, the most important first.

    Args:
        predict: the model; gives shape [rows] for columns of shape [rows].
        columns: what it reads.
        labels: what happened, of shape [rows].
        score: (labels, predictions) to a number; more is better.
        repeats: how often each column is shuffled.
        seed: of the shuffles; the same one gives the same importances.
    """
    random = np.random.default_rng(seed)
    whole = score(labels, predict(columns))
    found = []
    for name, values in columns.items():
        losses = [
            whole - score(labels, predict({**columns, name: random.permutation(values)}))
            for _ in range(repeats)
        ]
        found.append(Importance(name, float(np.mean(losses)), float(np.std(losses))))
    return tuple(sorted(found, key=lambda importance: -importance.mean))


def area_under_curve(labels: np.ndarray, predictions: np.ndarray) -> float:
    """The area under the ROC curve, exactly: the share of pairs in the right order, ties half.

    Hanley and McNeil, The meaning and use of the area under a ROC curve, 1982. Not a number when
    there is one class only.
    """
    _, group, counts = np.unique(predictions, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[group]
    positive = labels > 0
    positives, negatives = positive.sum(), (~positive).sum()
    if not positives or not negatives:
        return float("nan")
    wins = ranks[positive].sum() - positives * (positives + 1) / 2
    return float(wins / (positives * negatives))


def negative_absolute_error(labels: np.ndarray, predictions: np.ndarray) -> float:
    """The mean absolute error, negated so that more is better."""
    return -float(np.abs(labels - predictions).mean())
