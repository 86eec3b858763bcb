"""Measurements of trials: the final one, which trials are the best, which should stop."""

import statistics
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from google.cloud.aiplatform_v1.types import Measurement, StudySpec, Trial

Metrics: TypeAlias = Sequence[StudySpec.MetricSpec]

_MINIMIZE = StudySpec.MetricSpec.GoalType.MINIMIZE
_BEST = StudySpec.MeasurementSelectionType.BEST_MEASUREMENT


def minimizes(metric: StudySpec.MetricSpec) -> bool:
    """Whether smaller is better; a goal that is not said is to maximize."""
    return bool(metric.goal == _MINIMIZE)


def objectives(measurement: Measurement, metrics: Metrics) -> list[float] | None:
    """The values of the study's metrics, or None if one is missing."""
    found = {each.metric_id: each.value for each in measurement.metrics}
    if any(metric.metric_id not in found for metric in metrics):
        return None
    return [found[metric.metric_id] for metric in metrics]


def final(measurements: Sequence[Measurement], spec: StudySpec) -> Measurement | None:
    """The measurement that counts: the last complete one, or the best one if the study says so.

    A study with several metrics has no best measurement, so it is the last one.
    """
    complete = [each for each in measurements if objectives(each, spec.metrics)]
    if not complete:
        return None
    if spec.measurement_selection_type == _BEST and len(spec.metrics) == 1:
        return max(complete, key=lambda each: _scores(each, spec.metrics))
    return complete[-1]


def optimal(trials: Iterable[Trial], metrics: Metrics) -> list[Trial]:
    """The best trial of a study with one metric, or those that no other one dominates."""
    done = [trial for trial in trials if trial.state == Trial.State.SUCCEEDED]
    scored = [(_scores(trial.final_measurement, metrics), trial) for trial in done]
    if len(metrics) == 1:
        return [max(scored, key=lambda each: each[0])[1]] if scored else []
    return [
        trial for score, trial in scored if not any(_dominates(other, score) for other, _ in scored)
    ]


def is_below_median(trial: Trial, others: Iterable[Trial], spec: StudySpec) -> bool:
    """Vizier's median rule: the trial's best value is worse than the median of the others' means.

    A completed trial's mean is that of its values up to the trial's last measurement, by steps
    or by elapsed time.
    """
    values = _curve(trial, spec)
    if not values:
        return False
    here = values[-1][0]
    means = [
        statistics.fmean(value for at, value in curve if at <= here)
        for curve in (
            _curve(other, spec) for other in others if other.state == Trial.State.SUCCEEDED
        )
        if curve and curve[0][0] <= here
    ]
    return bool(means) and max(value for _, value in values) < statistics.median(means)


def _curve(trial: Trial, spec: StudySpec) -> list[tuple[float, float]]:
    """Place (steps or seconds) and value of each measurement; larger values are better."""
    by_time = spec.median_automated_stopping_spec.use_elapsed_duration
    metrics = spec.metrics[:1]
    return [
        (
            each.elapsed_duration.total_seconds() if by_time else float(each.step_count),
            _scores(each, metrics)[0],
        )
        for each in trial.measurements
        if objectives(each, metrics)
    ]


def _scores(measurement: Measurement, metrics: Metrics) -> list[float]:
    """The values of the metrics, such that larger is better."""
    values = objectives(measurement, metrics) or []
    pairs = zip(values, metrics, strict=False)
    return [-value if minimizes(metric) else value for value, metric in pairs]


def _dominates(one: Sequence[float], other: Sequence[float]) -> bool:
    """Whether it is nowhere worse and somewhere better."""
    pairs = list(zip(one, other, strict=False))
    return all(a >= b for a, b in pairs) and any(a > b for a, b in pairs)
