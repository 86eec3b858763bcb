"""Reduction: several aligned series as one, for each set of the labels that are kept."""

import math
import statistics
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from google.api.distribution_pb2 import Distribution
from google.api.metric_pb2 import Metric
from google.api.monitored_resource_pb2 import MonitoredResource
from google.api_core.exceptions import InvalidArgument
from google.cloud.monitoring_v3.types import Aggregation

from localcloud.cloud_monitoring.alignment import SHARES, Aligned, total
from localcloud.cloud_monitoring.distributions import merge, percentile
from localcloud.cloud_monitoring.series import Identity
from localcloud.cloud_monitoring.values import Kind, Plain, Type

_NUMBERS = (Type.INT64, Type.DOUBLE)
_WITH_DISTRIBUTIONS = (*_NUMBERS, Type.DISTRIBUTION)
_OWNERS = {"metric": "metric", "resource": "resource"}


def _mean(values: Sequence[Any]) -> float:
    if isinstance(values[0], Distribution):
        return float(merge(values).mean)
    return statistics.fmean(values)


# name → the types it takes, what it makes of one time's values, the type of that (None: the same)
_RULES: dict[str, tuple[tuple[int, ...], Callable[[list[Any]], Plain], int | None]] = {
    "REDUCE_MEAN": (_WITH_DISTRIBUTIONS, _mean, Type.DOUBLE),
    "REDUCE_MIN": (_NUMBERS, min, None),
    "REDUCE_MAX": (_NUMBERS, max, None),
    "REDUCE_SUM": (_WITH_DISTRIBUTIONS, total, None),
    "REDUCE_STDDEV": (_NUMBERS, statistics.pstdev, Type.DOUBLE),
    "REDUCE_COUNT": (tuple(Type.values()), len, Type.INT64),
    "REDUCE_COUNT_TRUE": ((Type.BOOL,), sum, Type.INT64),
    "REDUCE_COUNT_FALSE": ((Type.BOOL,), lambda values: values.count(False), Type.INT64),
    "REDUCE_FRACTION_TRUE": ((Type.BOOL,), statistics.fmean, Type.DOUBLE),
}


def reduce(
    reducer: Aggregation.Reducer, fields: Sequence[str], series: Sequence[tuple[Identity, Aligned]]
) -> list[tuple[Identity, Aligned]]:
    """The series as one for each set of the kept labels.

    Args:
        reducer: other than REDUCE_NONE.
        fields: what is kept, such as `metric.labels.response_code` or `resource.type`.
        series: all of one metric.

    Raises:
        InvalidArgument: the reducer does not suit the values, or a field is none.
    """
    types, combine, value_type = _rule(reducer.name)
    groups: dict[str, list[tuple[Identity, Aligned]]] = defaultdict(list)
    kept: dict[str, Identity] = {}
    for identity, aligned in series:
        if aligned.value_type not in types:
            raise InvalidArgument(
                f'Field aggregation.crossSeriesReducer had an invalid value of "{reducer.name}":'
                f" The reducer cannot be applied to values of type {Type.Name(aligned.value_type)}."
            )
        group = _group(identity, fields)
        kept[group.key] = group
        groups[group.key].append((identity, aligned))
    return [
        (kept[key], _combined(reducer, members, combine, value_type))
        for key, members in groups.items()
    ]


def _combined(
    reducer: Aggregation.Reducer,
    members: Sequence[tuple[Identity, Aligned]],
    combine: Callable[[list[Any]], Plain],
    value_type: int | None,
) -> Aligned:
    first = members[0][1]
    by_end: dict[int, list[Plain]] = defaultdict(list)
    for _, aligned in members:
        for end, value in aligned.values.items():
            by_end[end].append(value)
    values = {end: combine(by_end[end]) for end in sorted(by_end)}
    kind = first.kind if reducer is Aggregation.Reducer.REDUCE_SUM else Kind.GAUGE
    return Aligned(kind, value_type or first.value_type, values)


def _rule(
    name: str,
) -> tuple[tuple[int, ...], Callable[[list[Any]], Plain], int | None]:
    if name in _RULES:
        return _RULES[name]
    share = SHARES[name.removeprefix("REDUCE_PERCENTILE_")]

    def at(values: list[Any]) -> float:
        if isinstance(values[0], Distribution):
            return percentile(merge(values), share)
        return _quantile(sorted(values), share)

    return _WITH_DISTRIBUTIONS, at, Type.DOUBLE


def _quantile(values: Sequence[float], share: float) -> float:
    """Interpolated between the two values that are next to it."""
    place = share * (len(values) - 1)
    low, high = values[math.floor(place)], values[math.ceil(place)]
    return low + (high - low) * (place - math.floor(place))


def _group(identity: Identity, fields: Sequence[str]) -> Identity:
    """What remains of a series' labels; its types remain."""
    metric = Metric(type=identity.metric.type)
    resource = MonitoredResource(type=identity.resource.type)
    for field in fields:
        owner, _, rest = field.partition(".")
        kind, _, label = rest.partition(".")
        if owner not in _OWNERS or (kind not in ("type", "label", "labels")):
            raise InvalidArgument(
                f'Field aggregation.groupByFields had an invalid value of "{field}": write'
                " metric.labels.NAME, resource.labels.NAME, metric.type or resource.type."
            )
        source, target = (
            (identity.metric, metric) if owner == "metric" else (identity.resource, resource)
        )
        if kind != "type" and label in source.labels:
            target.labels[label] = source.labels[label]
    return Identity(
        identity.project, metric, resource, identity.kind, identity.value_type, identity.unit
    )
