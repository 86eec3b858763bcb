"""Alignment: the points of one series as one value for each alignment period.

Periods are counted back from the end of the request's interval; a period holds what lies after
its start, up to and at its end. Which aligner suits which metric is told by
https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies#Aligner.
"""

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from google.api.distribution_pb2 import Distribution
from google.api_core.exceptions import InvalidArgument, MethodNotImplemented
from google.cloud.monitoring_v3.types import Aggregation

from localcloud.cloud_monitoring.distributions import merge, percentile
from localcloud.cloud_monitoring.series import Identity, Point
from localcloud.cloud_monitoring.values import Kind, Plain, Type, plain

SHARES = {"99": 0.99, "95": 0.95, "50": 0.5, "05": 0.05}
_SECOND = 10**9  # nanoseconds
_NUMBERS = (Type.INT64, Type.DOUBLE)
_NOT_SERVED = ("ALIGN_INTERPOLATE", "ALIGN_PERCENT_CHANGE")


@dataclass(frozen=True)
class Window:
    """An alignment period, in nanoseconds since 1970."""

    start: int
    end: int


@dataclass(frozen=True)
class Aligned:
    """Values by the ends of their periods, and what they are."""

    kind: int
    value_type: int
    values: dict[int, Plain]


@dataclass(frozen=True)
class _Rule:
    """Which metrics an aligner suits, what it makes of a period's values, and of which type.

    No type stands for the type of the metric.
    """

    kinds: tuple[int, ...]
    types: tuple[int, ...]
    combine: Callable[[list[Any]], Plain]
    value_type: int | None = None


_FLOWS = (Kind.CUMULATIVE, Kind.DELTA)
_STATES = (Kind.GAUGE, Kind.DELTA)
_RULES: dict[str, _Rule] = {
    "ALIGN_MIN": _Rule(_STATES, _NUMBERS, min),
    "ALIGN_MAX": _Rule(_STATES, _NUMBERS, max),
    "ALIGN_MEAN": _Rule(_STATES, _NUMBERS, statistics.fmean, Type.DOUBLE),
    "ALIGN_COUNT": _Rule(_STATES, (*_NUMBERS, Type.BOOL), len, Type.INT64),
    "ALIGN_SUM": _Rule(_STATES, (*_NUMBERS, Type.DISTRIBUTION), lambda values: total(values)),
    "ALIGN_STDDEV": _Rule(_STATES, _NUMBERS, statistics.pstdev, Type.DOUBLE),
    "ALIGN_COUNT_TRUE": _Rule((Kind.GAUGE,), (Type.BOOL,), sum, Type.INT64),
    "ALIGN_COUNT_FALSE": _Rule(
        (Kind.GAUGE,), (Type.BOOL,), lambda values: values.count(False), Type.INT64
    ),
    "ALIGN_FRACTION_TRUE": _Rule((Kind.GAUGE,), (Type.BOOL,), statistics.fmean, Type.DOUBLE),
    "ALIGN_NEXT_OLDER": _Rule((Kind.GAUGE,), tuple(Type.values()), lambda values: values[-1]),
}


def windows(start: int, end: int, period: int) -> list[Window]:
    """The periods that cover the time after `start` up to `end`, oldest first."""
    count = max(math.ceil((end - start) / period), 1)
    ends = [end - period * each for each in range(count)]
    return [Window(each - period, each) for each in reversed(ends)]


def align(
    aligner: Aggregation.Aligner,
    identity: Identity,
    points: Sequence[Point],
    periods: Sequence[Window],
) -> Aligned:
    """One value for each period in which there is something.

    Args:
        aligner: other than ALIGN_NONE.
        identity: of the series that the points belong to.
        points: oldest first; of a cumulative series also the last one before the first period.
        periods: oldest first.

    Raises:
        InvalidArgument: the aligner does not suit the metric.
        MethodNotImplemented: the aligner is not served.
    """
    name = aligner.name
    if name in _NOT_SERVED:
        raise MethodNotImplemented(f"localcloud does not serve {name}; use ALIGN_MEAN or another.")
    if name in ("ALIGN_DELTA", "ALIGN_RATE"):
        return _flow(name, identity, points, periods)
    rule = _rule(name)
    _check(name, identity, rule.kinds, rule.types)
    values = {}
    for period in periods:
        inside = [plain(each.value) for each in points if period.start < each.end <= period.end]
        if inside:
            values[period.end] = rule.combine(inside)
    return Aligned(Kind.GAUGE, rule.value_type or identity.value_type, values)


def total(values: Sequence[Any]) -> Plain:
    """The sum of numbers, or all distributions in one."""
    if isinstance(values[0], Distribution):
        return merge(values)
    result: Plain = sum(values)
    return result


def _rule(name: str) -> _Rule:
    if name in _RULES:
        return _RULES[name]
    share = SHARES[name.removeprefix("ALIGN_PERCENTILE_")]
    return _Rule(
        _STATES,
        (Type.DISTRIBUTION,),
        lambda values: percentile(merge(values), share),
        Type.DOUBLE,
    )


def _check(
    name: str, identity: Identity, kinds: Sequence[int], types: Sequence[int], suffix: str = ""
) -> None:
    if identity.kind not in kinds or identity.value_type not in types:
        kind, value_type = Kind.Name(identity.kind), Type.Name(identity.value_type)
        raise InvalidArgument(
            f'Field aggregation.perSeriesAligner had an invalid value of "{name}": The aligner'
            f" cannot be applied to metrics with kind {kind} and value type {value_type}.{suffix}"
        )


def _flow(
    name: str, identity: Identity, points: Sequence[Point], periods: Sequence[Window]
) -> Aligned:
    """How much came in each period, or how much a second."""
    rate = name == "ALIGN_RATE"
    _check(name, identity, _FLOWS, _NUMBERS if rate else (*_NUMBERS, Type.DISTRIBUTION))
    steps = _steps(points) if identity.kind == Kind.CUMULATIVE else list(points)
    if identity.value_type == Type.DISTRIBUTION:
        return Aligned(Kind.DELTA, Type.DISTRIBUTION, _merged(steps, periods))
    values: dict[int, Plain] = {}
    for period in periods:
        touching = [each for each in steps if each.start < period.end and each.end > period.start]
        if touching:
            amount = _until(period.end, touching, identity) - _until(
                period.start, touching, identity
            )
            seconds = (period.end - period.start) / _SECOND
            values[period.end] = amount / seconds if rate else amount
    if rate:
        return Aligned(Kind.GAUGE, Type.DOUBLE, values)
    return Aligned(Kind.DELTA, identity.value_type, values)


def _until(time: int, steps: Sequence[Point], identity: Identity) -> Any:
    """How much of some steps has come by a time, when each comes evenly; whole for integers."""
    amount: float = 0
    for step in steps:
        value: Any = plain(step.value)
        if time >= step.end:
            amount += value
        elif time > step.start:
            part = value * (time - step.start) / (step.end - step.start)
            amount += math.floor(part) if identity.value_type == Type.INT64 else part
    return amount


def _merged(steps: Sequence[Point], periods: Sequence[Window]) -> dict[int, Plain]:
    values: dict[int, Plain] = {}
    for period in periods:
        inside: list[Any] = [
            plain(each.value) for each in steps if period.start < each.end <= period.end
        ]
        if inside:
            values[period.end] = merge(inside)
    return values


def _steps(points: Sequence[Point]) -> list[Point]:
    """The differences of cumulative points; one that starts anew counts from its start."""
    steps = list(points[:1]) if points else []
    for before, after in pairwise(points):
        if after.start != before.start:
            steps.append(after)
            continue
        value = type(after.value)()
        value.CopyFrom(after.value)
        field = after.value.WhichOneof("value")
        if field == "distribution_value":
            raise MethodNotImplemented("localcloud does not align cumulative distributions.")
        setattr(value, field, getattr(after.value, field) - getattr(before.value, field))
        steps.append(Point(before.end, after.end, value))
    return steps
