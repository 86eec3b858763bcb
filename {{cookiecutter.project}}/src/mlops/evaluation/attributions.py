"""Attributions: what each column adds to a prediction, as sampled Shapley values.

Castro, Gomez and Tejada, Polynomial calculation of the Shapley value based on sampling, 2009, with
the columns that are not yet known taken from other rows, as in Strumbelj and Kononenko, Explaining
prediction models and individual predictions with feature contributions, 2014. It is the method that
Vertex Explainable AI calls sampled Shapley.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from mlops.evaluation.importance import Columns, Predict


@dataclass(frozen=True)
class Attributions:
    """What each column adds to each prediction.

    For each row, `base` and its attributions sum to its prediction.

    Attributes:
        base: the mean prediction of the background rows.
        predictions: of shape [rows].
        values: for each column, of shape [rows].
    """

    base: float
    predictions: np.ndarray
    values: dict[str, np.ndarray]

    def mean_sizes(self) -> dict[str, float]:
        """The mean absolute attribution of each column, largest first."""
        sizes = {name: float(np.abs(values).mean()) for name, values in self.values.items()}
        return dict(sorted(sizes.items(), key=lambda item: -item[1]))


def attribute(
    predict: Predict, rows: Columns, background: Columns, permutations: int, seed: int
) -> Attributions:
    """Samples the Shapley values of each column for each row.

    Along each permutation the row's columns replace those of one background row, one by one; what
    the prediction changes by is the column's contribution. Contributions along a permutation sum to
    the difference of the two predictions, so the attributions are additive up to rounding.

    Args:
        predict: the model; gives shape [rows] for columns of shape [rows].
        rows: what to explain, columns of shape [rows].
        background: other rows, that stand for not knowing a column.
        permutations: how many orders of the columns; the error falls with their square root.
        seed: of the orders and the background rows.
    """
    random = np.random.default_rng(seed)
    names = list(rows)
    others = random.integers(len(background[names[0]]), size=permutations)
    # positions[p, c]: when column c is replaced in permutation p
    positions = np.array([random.permutation(len(names)) for _ in range(permutations)])
    steps = np.arange(len(names) + 1)
    mixed = {
        name: np.where(
            positions[None, :, c, None] < steps,
            rows[name][:, None, None],
            background[name][others][None, :, None],
        )
        for c, name in enumerate(names)
    }
    shape = mixed[names[0]].shape
    scores = predict({name: values.ravel() for name, values in mixed.items()})
    scores = np.asarray(scores, np.float64).reshape(shape)
    changes = np.diff(scores, axis=2)
    indices = np.broadcast_to(positions, changes.shape)
    contributions = np.take_along_axis(changes, indices, axis=2).mean(axis=1)
    return Attributions(
        base=float(scores[0, :, 0].mean()),
        predictions=scores[:, 0, -1],
        values={name: contributions[:, c] for c, name in enumerate(names)},
    )
