"""Time series as the tests write and read them, through Google's own client."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from google.api.metric_pb2 import MetricDescriptor
from google.cloud.monitoring_v3 import (
    Aggregation,
    ListTimeSeriesRequest,
    MetricServiceClient,
    Point,
    TimeInterval,
    TimeSeries,
    TypedValue,
)

ONLINE = "aiplatform.googleapis.com/prediction/online"
GAUGE, CUMULATIVE = MetricDescriptor.GAUGE, MetricDescriptor.CUMULATIVE
NOW = datetime.now(UTC)  # one for all points and requests, so that their distances are exact


def at(seconds: float) -> datetime:
    """So many seconds from now; negative ones lie in the past."""
    return NOW + timedelta(seconds=seconds)


@dataclass(frozen=True)
class Monitoring:
    """A project of its own."""

    client: MetricServiceClient
    project: str

    def write(
        self,
        metric: str,
        value: Any,
        seconds: float,
        *,
        start: float | None = None,
        kind: int = GAUGE,
        **labels: str,
    ) -> None:
        """Write one point of `custom.googleapis.com/METRIC` that ends so many seconds from now."""
        series = self.series(metric, value, seconds, start=start, kind=kind, **labels)
        self.client.create_time_series(name=self.project, time_series=[series])

    def series(
        self,
        metric: str,
        value: Any,
        seconds: float,
        *,
        start: float | None = None,
        kind: int = GAUGE,
        **labels: str,
    ) -> TimeSeries:
        fields = {bool: "bool_value", int: "int64_value", float: "double_value"}
        typed = TypedValue({fields[type(value)]: value})
        interval = TimeInterval(end_time=at(seconds))
        if start is not None:
            interval = TimeInterval(start_time=at(start), end_time=at(seconds))
        return TimeSeries(
            metric={"type": f"custom.googleapis.com/{metric}", "labels": labels},
            resource={"type": "global"},
            metric_kind=kind,
            points=[Point(interval=interval, value=typed)],
        )

    def read(
        self, filter_: str, seconds: tuple[float, float] = (-3600, 0), **more: Any
    ) -> list[TimeSeries]:
        """What a filter selects of these seconds from now."""
        interval = TimeInterval(start_time=at(seconds[0]), end_time=at(seconds[1]))
        request = {"name": self.project, "filter": filter_, "interval": interval, **more}
        return list(self.client.list_time_series(request=ListTimeSeriesRequest(request)))

    def aligned(
        self,
        filter_: str,
        aligner: str,
        reducer: str = "REDUCE_NONE",
        fields: Sequence[str] = (),
        *,
        period: int = 60,
        seconds: tuple[float, float] = (-300, 0),
    ) -> dict[tuple[str, ...], dict[float, Any]]:
        """Values by the labels of the series, and by the seconds from now at which they end."""
        aggregation = Aggregation(
            alignment_period={"seconds": period},
            per_series_aligner=aligner,
            cross_series_reducer=reducer,
            group_by_fields=fields,
        )
        found: dict[tuple[str, ...], dict[float, Any]] = defaultdict(dict)
        for series in self.read(filter_, seconds, aggregation=aggregation):
            for point in series.points:
                end = round((point.interval.end_time - NOW).total_seconds())
                key = tuple(value for _, value in sorted(series.metric.labels.items()))
                found[key][end] = value_of(point)
        return dict(found)


def value_of(point: Point) -> Any:
    """What a point holds."""
    message = TypedValue.pb(point.value)
    return getattr(message, message.WhichOneof("value"))
