"""What CreateTimeSeries takes: points of a project's own metrics, checked as Google checks them."""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from google.api.label_pb2 import LabelDescriptor
from google.api.metric_pb2 import MetricDescriptor
from google.api_core.exceptions import InvalidArgument
from google.cloud.monitoring_v3.types import CreateTimeSeriesSummary, TimeSeries
from google.rpc.status_pb2 import Status
from grpc import StatusCode

from localcloud.cloud_monitoring import descriptors
from localcloud.cloud_monitoring.series import Identity, Point, TimeSeriesStore
from localcloud.cloud_monitoring.values import FIELDS, Kind, Type
from localcloud.field_checks import refusal
from localcloud.rpc import raw

_MOST = 200  # series in one request
_DOMAINS = ("custom.googleapis.com/", "external.googleapis.com/", "workload.googleapis.com/")
_TYPE = re.compile(r"[\w.]+(/[\w.-]+)+", re.ASCII)
_LABEL = re.compile(r"[a-zA-Z][a-zA-Z0-9_]*")
_LATEST, _OLDEST = timedelta(minutes=5), timedelta(hours=25)
_SECOND = 10**9  # nanoseconds


def write(
    store: TimeSeriesStore,
    project: str,
    project_id: str,
    series: Sequence[TimeSeries],
    now: datetime,
) -> None:
    """Write the new point of each series; those without mistakes are written whatever the others.

    Raises:
        InvalidArgument: some have mistakes; names the first, and how many there are.
    """
    if len(series) > _MOST:
        raise refusal("time_series", f"holds {len(series)} series; write up to {_MOST} at once")
    messages = [raw(each) for each in series]
    doubled = [key for key, count in Counter(map(_key, messages)).items() if count > 1]
    mistakes = []
    for position, message in enumerate(messages):
        try:
            if _key(message) in doubled:
                raise InvalidArgument("Field timeSeries holds this series more than once.")
            identity = _identity(store, project, project_id, message)
            point = _point(store, identity, message, now)
        except InvalidArgument as error:
            mistakes.append(f"timeSeries[{position}] ({message.metric.type}): {error.message}")
        else:
            store.write([(identity, point)])
    if mistakes:
        more = f" ({len(mistakes)} of {len(series)} series were not written)"
        raise InvalidArgument(
            f"One or more TimeSeries could not be written: {mistakes[0]}{more}",
            details=[raw(_summary(len(series), len(mistakes)))],
        )


def check_descriptor(descriptor: MetricDescriptor) -> None:
    """Refuse a descriptor of a metric that no project can have.

    Raises:
        InvalidArgument: names the field.
    """
    _check_type(descriptor.type)
    if descriptor.metric_kind not in (Kind.GAUGE, Kind.CUMULATIVE):
        raise refusal("metric_descriptor.metric_kind", "must be GAUGE or CUMULATIVE")
    if descriptor.value_type not in FIELDS or descriptor.value_type == Type.STRING:
        raise refusal("metric_descriptor.value_type", "must be BOOL, INT64, DOUBLE or DISTRIBUTION")
    _check_labels("metric_descriptor.labels", [label.key for label in descriptor.labels])


def _key(message: Any) -> str:
    return Identity("", message.metric, message.resource, 0, 0).key


def _identity(store: TimeSeriesStore, project: str, project_id: str, message: Any) -> Identity:
    """The series, with the descriptor's kind and type; a metric that is new gets a descriptor."""
    _check_type(message.metric.type)
    _check_labels("metric.labels", list(message.metric.labels))
    if not message.resource.type:
        message.resource.type = "global"
    if message.resource.type not in descriptors.WRITABLE:
        raise refusal(
            "resource.type",
            f"is {message.resource.type!r}, for which no metric can be written; use one of"
            f" {', '.join(descriptors.WRITABLE)}",
        )
    if "project_id" not in message.resource.labels:
        message.resource.labels["project_id"] = project_id
    descriptor = next(
        (each for each in store.descriptors(project) if each.type == message.metric.type), None
    )
    if descriptor is None:
        descriptor = _descriptor(project_id, message)
        check_descriptor(descriptor)
        store.save_descriptor(project, descriptor)
    if message.metric_kind not in (0, descriptor.metric_kind):
        raise refusal(
            "metric_kind", f"is not that of the metric, {Kind.Name(descriptor.metric_kind)}"
        )
    return Identity(
        project,
        message.metric,
        message.resource,
        descriptor.metric_kind,
        descriptor.value_type,
        descriptor.unit,
    )


def _descriptor(project_id: str, message: Any) -> MetricDescriptor:
    """The descriptor that a metric gets by its first point."""
    if len(message.points) != 1:
        raise refusal("points", f"holds {len(message.points)} points; write one at a time")
    held = message.points[0].value.WhichOneof("value")
    value_type = next((each for each, field in FIELDS.items() if field == held), 0)
    return MetricDescriptor(
        name=f"projects/{project_id}/metricDescriptors/{message.metric.type}",
        type=message.metric.type,
        labels=[LabelDescriptor(key=key) for key in sorted(message.metric.labels)],
        metric_kind=message.metric_kind or Kind.GAUGE,
        value_type=value_type,
        unit=message.unit,
    )


def _point(store: TimeSeriesStore, identity: Identity, message: Any, now: datetime) -> Point:
    if len(message.points) != 1:
        raise refusal("points", f"holds {len(message.points)} points; write one at a time")
    point = message.points[0]
    if point.value.WhichOneof("value") != FIELDS[identity.value_type]:
        raise refusal(
            "points[0].value", f"is not of the metric's type, {Type.Name(identity.value_type)}"
        )
    if not point.interval.HasField("end_time"):
        raise refusal("points[0].interval.end_time", "is required")
    end = point.interval.end_time.ToNanoseconds()
    has_start = point.interval.HasField("start_time")
    start = point.interval.start_time.ToNanoseconds() if has_start else end
    _check_times(identity, start, end, now)
    _check_order(store, identity, end)
    return Point(start, end, point.value)


def _check_times(identity: Identity, start: int, end: int, now: datetime) -> None:
    if identity.kind == Kind.GAUGE and start != end:
        raise refusal("points[0].interval.start_time", "is not the end_time, as of a GAUGE")
    if identity.kind == Kind.CUMULATIVE and start >= end:
        raise refusal("points[0].interval.start_time", "is not before the end_time")
    if end > (now + _LATEST).timestamp() * _SECOND:
        raise refusal("points[0].interval.end_time", "is more than 5 minutes in the future")
    if end < (now - _OLDEST).timestamp() * _SECOND:
        raise refusal("points[0].interval.end_time", "is more than 25 hours in the past")


def _check_order(store: TimeSeriesStore, identity: Identity, end: int) -> None:
    number = store.find(identity)
    last = store.last(number, 2**63 - 1) if number is not None else None
    if last and end <= last.end:
        raise InvalidArgument(
            "Points must be written in order. One or more of the points specified had an older end"
            " time than the most recent point."
        )


def _check_type(metric_type: str) -> None:
    if not metric_type.startswith(_DOMAINS) or not _TYPE.fullmatch(metric_type):
        raise refusal(
            "metric.type",
            f"is {metric_type!r}; a metric of yours is named custom.googleapis.com/NAME",
        )


def _check_labels(field: str, keys: Sequence[str]) -> None:
    for key in keys:
        if not _LABEL.fullmatch(key):
            raise refusal(field, f"has the key {key!r}; write letters, digits and _")


def _summary(total: int, failed: int) -> CreateTimeSeriesSummary:
    summary = CreateTimeSeriesSummary(total_point_count=total, success_point_count=total - failed)
    code, _ = StatusCode.INVALID_ARGUMENT.value
    raw(summary).errors.add(status=Status(code=code), point_count=failed)
    return summary
