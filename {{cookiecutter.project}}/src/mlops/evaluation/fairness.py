"""Fairness gaps: how far a metric lies apart between the groups of a column.

For false positive and false negative rates this is equalised odds of Hardt, Price and Srebro,
Equality of Opportunity in Supervised Learning, 2016, as a difference instead of a proof.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlops.evaluation.measures import ROWS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlops.evaluation.measures import SliceMetrics

# a rate over some of the rows says no more than those rows do
SUPPORT = {"false_positive_rate": "negatives", "false_negative_rate": "positives"}


@dataclass(frozen=True)
class Gap:
    """The two groups of a column between which a metric differs most.

    Attributes:
        column: the slice column.
        metric: what differs.
        lowest: the group with the lowest value.
        highest: the group with the highest value.
        size: the difference; not a number if a group's value is none.
    """

    column: str
    metric: str
    lowest: str
    highest: str
    size: float


def find_gaps(slices: Iterable[SliceMetrics], metric: str, minimum_support: int) -> list[Gap]:
    """The gap of each column that has two groups or more with enough rows.

    Args:
        slices: the metrics of each slice.
        metric: what to compare.
        minimum_support: how many rows a group needs; of a false positive rate, how many negatives,
            of a false negative rate, how many positives.
    """
    support = SUPPORT.get(metric, ROWS)
    groups: dict[str, list[SliceMetrics]] = {}
    for part in slices:
        if part.metrics.get(support, 0) >= minimum_support:
            groups.setdefault(part.column, []).append(part)
    return [_gap(column, metric, parts) for column, parts in groups.items() if len(parts) > 1]


def _gap(column: str, metric: str, parts: list[SliceMetrics]) -> Gap:
    values = {part.value: part.metrics.get(metric, math.nan) for part in parts}
    unknown = next((value for value, number in values.items() if math.isnan(number)), None)
    if unknown is not None:
        return Gap(column, metric, unknown, unknown, math.nan)
    lowest, *_, highest = sorted(values, key=values.__getitem__)
    return Gap(column, metric, lowest, highest, values[highest] - values[lowest])
