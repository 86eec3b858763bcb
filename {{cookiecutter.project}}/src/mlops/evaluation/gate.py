"""The gate: whether a model may be registered, and each reason why not.

Absolute bounds, over all test rows and over each slice; bounds of the change against the champion,
measured on the same rows; the lead over the baselines; gaps between groups.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from mlops.evaluation.fairness import find_gaps
from mlops.evaluation.measures import ROWS, Measures, subtract

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mlops.settings import Evaluation, Threshold


class Rule(StrEnum):
    """What is compared with a bound."""

    THRESHOLD = "threshold"
    SLICE = "slice threshold"
    CHAMPION = "change against the champion"
    CHAMPION_SLICE = "change against the champion in a slice"
    BASELINE = "change against a baseline"
    FAIRNESS = "fairness gap"


@dataclass(frozen=True)
class Check:
    """A number that the gate compared with its bounds.

    Attributes:
        rule: what was compared.
        metric: the metric's name.
        subject: the slice, baseline or groups; nothing for all rows.
        value: the metric, or the difference; None when it was not measured.
        min: the lower bound.
        max: the upper bound.
        failure: why it fails, in a sentence; nothing when it passes.
    """

    rule: Rule
    metric: str
    subject: str
    value: float | None
    min: float | None
    max: float | None
    failure: str

    @property
    def passed(self) -> bool:
        """Whether the value lies within its bounds."""
        return not self.failure


def judge(
    evaluation: Evaluation,
    model: Measures,
    champion: Measures | None,
    baselines: Mapping[str, Measures],
) -> tuple[Check, ...]:
    """Compares a model with every bound; it may be registered if all checks pass.

    A metric that was not measured, or is not a number, fails. A slice of fewer rows than the
    minimum support decides nothing. Without a champion, the first model, only the other rules hold.

    Args:
        evaluation: the bounds.
        model: what the model reached.
        champion: what the champion reached on the same rows; None when there is none.
        baselines: what each baseline reached on the same rows, by name.
    """
    return (
        *_compare(Rule.THRESHOLD, model.metrics, evaluation.thresholds),
        *_compare_slices(Rule.SLICE, model, evaluation.slice_thresholds, evaluation),
        *(_compare_champion(model, champion, evaluation) if champion else ()),
        *_compare_baselines(model, baselines, evaluation.baseline_change),
        *_compare_groups(model, evaluation),
    )


def list_failures(checks: tuple[Check, ...]) -> tuple[str, ...]:
    """Why the model may not be registered, a sentence a reason."""
    return tuple(check.failure for check in checks if not check.passed)


def _compare_champion(
    model: Measures, champion: Measures, evaluation: Evaluation
) -> Iterator[Check]:
    change = subtract(model.metrics, champion.metrics)
    yield from _compare(Rule.CHAMPION, change, evaluation.champion_change)
    slices = tuple(
        type(part)(
            part.column,
            part.value,
            {**subtract(part.metrics, champion.find_slice(part.name)), ROWS: part.metrics[ROWS]},
        )
        for part in model.slices
    )
    changes = Measures(change, slices)
    yield from _compare_slices(
        Rule.CHAMPION_SLICE, changes, evaluation.champion_slice_change, evaluation
    )


def _compare_slices(
    rule: Rule, measures: Measures, thresholds: Mapping[str, Threshold], evaluation: Evaluation
) -> Iterator[Check]:
    for part in measures.slices:
        if part.metrics[ROWS] >= evaluation.minimum_support:
            yield from _compare(rule, part.metrics, thresholds, part.name)


def _compare_baselines(
    model: Measures, baselines: Mapping[str, Measures], thresholds: Mapping[str, Threshold]
) -> Iterator[Check]:
    for name, baseline in baselines.items():
        yield from _compare(
            Rule.BASELINE, subtract(model.metrics, baseline.metrics), thresholds, name
        )


def _compare_groups(model: Measures, evaluation: Evaluation) -> Iterator[Check]:
    for metric, threshold in evaluation.fairness_gap.items():
        for gap in find_gaps(model.slices, metric, evaluation.minimum_support):
            groups = f"{gap.column}={gap.lowest} and {gap.column}={gap.highest}"
            yield _check(Rule.FAIRNESS, metric, groups, gap.size, threshold)


def _compare(
    rule: Rule,
    metrics: Mapping[str, float],
    thresholds: Mapping[str, Threshold],
    subject: str = "",
) -> Iterator[Check]:
    for metric, threshold in thresholds.items():
        yield _check(rule, metric, subject, metrics.get(metric), threshold)


def _check(
    rule: Rule, metric: str, subject: str, value: float | None, threshold: Threshold
) -> Check:
    failure = _explain(_describe(rule, metric, subject), value, threshold)
    return Check(rule, metric, subject, value, threshold.min, threshold.max, failure)


def _describe(rule: Rule, metric: str, subject: str) -> str:
    """The subject of a sentence about a check."""
    match rule:
        case Rule.THRESHOLD:
            return metric
        case Rule.SLICE:
            return f"{metric} where {subject}"
        case Rule.CHAMPION:
            return f"{metric} minus the champion's"
        case Rule.CHAMPION_SLICE:
            return f"{metric} minus the champion's where {subject}"
        case Rule.BASELINE:
            return f"{metric} minus the baseline's ({subject})"
        case Rule.FAIRNESS:
            return f"{metric} gap between {subject}"


def _explain(what: str, value: float | None, threshold: Threshold) -> str:
    """Why a value is out of bounds; nothing when it is within."""
    if value is None:
        return f"{what} has a threshold but was not measured."
    if math.isnan(value):
        return f"{what} is not a number."
    if threshold.min is not None and value < threshold.min:
        return f"{what} is {value:.4f}, below the minimum of {threshold.min:g}."
    if threshold.max is not None and value > threshold.max:
        return f"{what} is {value:.4f}, above the maximum of {threshold.max:g}."
    return ""
