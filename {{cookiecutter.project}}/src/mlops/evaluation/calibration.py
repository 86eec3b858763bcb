"""Calibration: whether what is predicted is, on average, what happens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True)
class Bin:
    """Rows whose predictions lie next to each other.

    Attributes:
        count: how many rows.
        predicted: the sum of their predictions.
        observed: the sum of their labels.
    """

    count: float
    predicted: float
    observed: float


@dataclass(frozen=True)
class Point:
    """A point of the calibration curve: means over `count` rows."""

    count: float
    predicted: float
    observed: float


def build_curve(bins: Iterable[Bin], points: int = 10) -> tuple[Point, ...]:
    """Joins neighbouring bins, lowest predictions first, into points of about equally many rows."""
    ordered = list(bins)
    share = sum(part.count for part in ordered) / points
    curve: list[Point] = []
    open_bin = Bin(0, 0, 0)
    for part in ordered:
        open_bin = Bin(
            open_bin.count + part.count,
            open_bin.predicted + part.predicted,
            open_bin.observed + part.observed,
        )
        if open_bin.count >= share:
            curve.append(_mean(open_bin))
            open_bin = Bin(0, 0, 0)
    return (*curve, _mean(open_bin)) if open_bin.count else tuple(curve)


def expected_error(curve: Sequence[Point]) -> float:
    """The expected calibration error: mean distance of predicted from observed, by rows.

    Naeini, Cooper and Hauskrecht, Obtaining Well Calibrated Probabilities Using Bayesian Binning,
    2015; here over points of equally many rows, in the unit of the label.
    """
    rows = sum(point.count for point in curve)
    return sum(point.count * abs(point.predicted - point.observed) for point in curve) / rows


def _mean(part: Bin) -> Point:
    return Point(part.count, part.predicted / part.count, part.observed / part.count)
