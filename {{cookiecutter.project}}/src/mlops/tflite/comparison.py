"""The quantised file next to what it was made of, and whether it is good enough."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlops.features import Problem

if TYPE_CHECKING:
    import numpy as np

    from mlops.export_settings import TFLite

METRICS = {Problem.CLASSIFICATION: "accuracy", Problem.REGRESSION: "mean_absolute_error"}


@dataclass(frozen=True)
class Comparison:
    """Sizes, and what the predictions of the same rows are worth.

    Attributes:
        problem: what is predicted.
        rows: how many rows of the test split were predicted.
        float32_bytes: the size of the network's file before it was quantised. A SavedModel holds
            the preprocessing too, so its size says nothing.
        quantized_bytes: the size of the quantised file.
        before: the metric of the SavedModel.
        after: the metric of the quantised file.
        largest_change: between two predictions of one row.
    """

    problem: Problem
    rows: int
    float32_bytes: int
    quantized_bytes: int
    before: float
    after: float
    largest_change: float

    @property
    def metric(self) -> str:
        """The metric's name."""
        return METRICS[self.problem]

    @property
    def size_ratio(self) -> float:
        """How many times smaller the quantised file is."""
        return self.float32_bytes / self.quantized_bytes

    @property
    def loss_percent(self) -> float:
        """How much worse it predicts: points of accuracy, or percent of the mean absolute error."""
        if self.problem is Problem.CLASSIFICATION:
            return 100 * (self.before - self.after)
        lost = self.after - self.before
        return 100 * lost / self.before if self.before else math.inf if lost else 0.0

    def is_small(self, bounds: TFLite) -> bool:
        """Whether the file is as much smaller as it must be."""
        return self.size_ratio >= bounds.min_size_ratio

    def is_good(self, bounds: TFLite) -> bool:
        """Whether it predicts well enough; what is not a number does not."""
        return self.loss_percent <= bounds.max_loss_percent

    def list_failures(self, bounds: TFLite) -> tuple[str, ...]:
        """Why the file may not be exported, a sentence a reason."""
        return tuple(self._find_failures(bounds))

    def _find_failures(self, bounds: TFLite) -> Iterator[str]:
        if not self.is_small(bounds):
            yield (
                f"The quantised file, {self.quantized_bytes:,} bytes, is {self.size_ratio:.2f}"
                f" times smaller than the network in float32, {self.float32_bytes:,} bytes: below"
                f" the minimum of {bounds.min_size_ratio:g}; a small file is mostly"
                " description, so widen the network"
                " (training.hidden_units), or lower export.tflite.min_size_ratio."
            )
        if not self.is_good(bounds):
            yield (
                f"The quantised file's {self.metric} is {self.after:.4f}, the SavedModel's"
                f" {self.before:.4f}: a loss of {self.loss_percent:.2f} %, above the maximum of"
                f" {bounds.max_loss_percent:g}."
            )


def measure(problem: Problem, labels: np.ndarray, predictions: np.ndarray) -> float:
    """Accuracy, or the mean absolute error.

    Args:
        problem: what is predicted.
        labels: [rows]; 0 or 1, or the number of a class.
        predictions: [rows], probabilities of 1, or [rows, classes], of each class; or [rows], what
            a regression predicts.
    """
    if problem is Problem.CLASSIFICATION:
        likeliest = predictions.argmax(axis=1) if predictions.ndim == 2 else predictions > 0.5
        right = (likeliest == labels).mean()
        return float(right + 0 * predictions.sum())  # not a number if one prediction is none
    return float(abs(predictions - labels).mean())
