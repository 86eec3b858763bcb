"""What predictions are worth: metrics over all rows, and over each slice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

ROWS = "example_count"


@dataclass(frozen=True)
class SliceMetrics:
    """The metrics over the rows where `column` is `value`; of a cross, both are joined by x."""

    column: str
    value: str
    metrics: Mapping[str, float]

    @property
    def name(self) -> str:
        """`column=value`."""
        return f"{self.column}={self.value}"


@dataclass(frozen=True)
class Measures:
    """The metrics of one model or baseline, over all test rows and over each slice."""

    metrics: Mapping[str, float]
    slices: tuple[SliceMetrics, ...] = ()

    def find_slice(self, name: str) -> Mapping[str, float]:
        """The metrics of a slice; none when it was not measured."""
        return next((part.metrics for part in self.slices if part.name == name), {})


def subtract(metrics: Mapping[str, float], others: Mapping[str, float]) -> dict[str, float]:
    """Each metric that both have, the second subtracted from the first."""
    return {name: value - others[name] for name, value in metrics.items() if name in others}
