"""What ListTimeSeries answers: the points of the selected series, raw or aggregated."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from google.cloud.monitoring_v3.types import (
    Aggregation,
    ListTimeSeriesRequest,
    ListTimeSeriesResponse,
)

from localcloud.cloud_monitoring.alignment import Aligned, Window, align, windows
from localcloud.cloud_monitoring.filters import series_filter
from localcloud.cloud_monitoring.reduction import reduce
from localcloud.cloud_monitoring.series import Identity, Point, TimeSeriesStore
from localcloud.cloud_monitoring.values import Kind, typed
from localcloud.field_checks import refusal
from localcloud.page_tokens import make_token, read_offset
from localcloud.rpc import raw

_LARGEST_PAGE = 100_000
_SECOND = 10**9  # nanoseconds
_SHORTEST, _LONGEST = 60 * _SECOND, 104 * 7 * 86_400 * _SECOND  # of an alignment period
_FULL = ListTimeSeriesRequest.TimeSeriesView.FULL

Series = tuple[Identity, list[Point]]


def answer(
    store: TimeSeriesStore, project: str, request: ListTimeSeriesRequest
) -> ListTimeSeriesResponse:
    """One page of what a request selects.

    Raises:
        InvalidArgument: the request cannot be answered.
        MethodNotImplemented: it asks for an aligner that is not served.
    """
    if request.order_by:
        raise refusal("order_by", "is not supported, so it must be left out")
    if request.page_size < 0:
        raise refusal("page_size", f"is {request.page_size}; give a positive number")
    metric_type, selects = series_filter(request.filter)
    found = [(n, each) for n, each in store.series(project, metric_type) if selects(each)]
    start, end = _interval(request)
    if _is_set(request.aggregation):
        series = _aggregated(store, request, found, start, end)
    else:
        _check_aggregation(request.aggregation, "aggregation")
        if _is_set(request.secondary_aggregation):
            raise refusal("secondary_aggregation", "needs an aggregation")
        series = [(identity, store.points(number, start, end)) for number, identity in found]
    return _page(request, [each for each in series if each[1]])


def _is_set(aggregation: Aggregation) -> bool:
    return aggregation.per_series_aligner is not Aggregation.Aligner.ALIGN_NONE


def _interval(request: ListTimeSeriesRequest) -> tuple[int, int]:
    """The time after which and up to which points are wanted, in nanoseconds."""
    interval = raw(request).interval
    if not interval.HasField("end_time"):
        raise refusal("interval.end_time", "is required")
    end = interval.end_time.ToNanoseconds()
    start = interval.start_time.ToNanoseconds() if interval.HasField("start_time") else end
    if start > end:
        raise refusal("interval.start_time", "is later than interval.end_time")
    return (start if start < end else end - 1), end


def _aggregated(
    store: TimeSeriesStore,
    request: ListTimeSeriesRequest,
    found: Sequence[tuple[int, Identity]],
    start: int,
    end: int,
) -> list[Series]:
    first, second = request.aggregation, request.secondary_aggregation
    period = _period(first, "aggregation")
    periods = windows(start, end, period)
    series = []
    for number, identity in found:
        points = store.points(number, periods[0].start, end)
        if identity.kind == Kind.CUMULATIVE:
            before = store.last(number, periods[0].start)
            points = [before, *points] if before else points
        series.append((identity, points))
    series = _combined(first, series, period, periods)
    if _is_set(second):
        period = _period(second, "secondary_aggregation")
        return _combined(second, series, period, windows(start, end, period))
    _check_aggregation(second, "secondary_aggregation")
    return series


def _combined(
    aggregation: Aggregation, series: Sequence[Series], period: int, periods: Sequence[Window]
) -> list[Series]:
    """The series after an aggregation: aligned, and reduced if it wants that."""
    aligner, reducer = aggregation.per_series_aligner, aggregation.cross_series_reducer
    aligned = [(identity, align(aligner, identity, points, periods)) for identity, points in series]
    if reducer is not Aggregation.Reducer.REDUCE_NONE:
        aligned = reduce(reducer, aggregation.group_by_fields, aligned)
    return [
        (replace(identity, kind=each.kind, value_type=each.value_type), _points(each, period))
        for identity, each in aligned
    ]


def _period(aggregation: Aggregation, field: str) -> int:
    period = raw(aggregation).alignment_period.ToNanoseconds()
    if not _SHORTEST <= period <= _LONGEST:
        raise refusal(
            f"{field}.alignment_period",
            f"is {period / _SECOND:g}s; with an aligner give 60s or more, up to 104 weeks",
        )
    return int(period)


def _check_aggregation(aggregation: Aggregation, field: str) -> None:
    """Refuse a reducer without an aligner."""
    if aggregation.cross_series_reducer is not Aggregation.Reducer.REDUCE_NONE:
        raise refusal(
            f"{field}.per_series_aligner",
            f"is ALIGN_NONE, which {aggregation.cross_series_reducer.name} cannot follow",
        )


def _points(aligned: Aligned, period: int) -> list[Point]:
    """Aligned values as points; those of a DELTA last for the whole period."""
    length = period if aligned.kind == Kind.DELTA else 0
    return [
        Point(end - length, end, typed(value, aligned.value_type))
        for end, value in aligned.values.items()
    ]


def _page(request: ListTimeSeriesRequest, series: Sequence[Series]) -> ListTimeSeriesResponse:
    """Series with their points, newest first; a page ends amid a series if it must."""
    size = min(request.page_size or _LARGEST_PAGE, _LARGEST_PAGE)
    offset = _offset(request)
    response = ListTimeSeriesResponse()
    message = raw(response)
    if request.view is not _FULL:
        for identity, _ in series[offset : offset + size]:
            _header(message.time_series.add(), identity)
        count = len(series)
    else:
        count = 0
        for identity, points in series:
            taken = list(_slice(points[::-1], offset - count, offset + size - count))
            count += len(points)
            if taken:
                made = message.time_series.add()
                _header(made, identity)
                for point in taken:
                    _fill(made.points.add(), point)
    if offset + size < count:
        message.next_page_token = make_token(offset + size, _selection(request))
    if series:
        message.unit = series[0][0].unit
    return response


def _slice(points: Sequence[Point], start: int, end: int) -> Iterator[Point]:
    yield from points[max(start, 0) : max(end, 0)]


def _header(made: Any, identity: Identity) -> None:
    made.metric.CopyFrom(identity.metric)
    made.resource.CopyFrom(identity.resource)
    made.metric_kind = identity.kind
    made.value_type = identity.value_type
    made.unit = identity.unit


def _fill(made: Any, point: Point) -> None:
    made.interval.start_time.FromNanoseconds(point.start)
    made.interval.end_time.FromNanoseconds(point.end)
    made.value.CopyFrom(point.value)


def _offset(request: ListTimeSeriesRequest) -> int:
    offset = read_offset(request.page_token, _selection(request))
    if offset is None:
        raise refusal("page_token", "does not belong to this request")
    return offset


def _selection(request: ListTimeSeriesRequest) -> bytes:
    """Everything that a page's token must agree with."""
    same = raw(ListTimeSeriesRequest(request))
    same.ClearField("page_token")
    same.ClearField("page_size")
    serialised: bytes = same.SerializeToString(deterministic=True)
    return serialised
