"""Requests of deployed models, by Cloud Monitoring."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from google.api.distribution_pb2 import Distribution
    from google.cloud import monitoring_v3

_PREFIX = "aiplatform.googleapis.com/prediction/online"
MINUTE = 60


@dataclass
class Answers:
    """Answers of one deployed model in one minute.

    Attributes:
        count: all of them.
        errors: those that were refused or failed. A request that is wrong fails at both models
            alike; one that only the canary refuses is the canary's error.
        timed: those whose latency is known.
        slow: of those, the ones that took too long.
    """

    count: int = 0
    errors: int = 0
    timed: int = 0
    slow: int = 0


@dataclass(frozen=True)
class EndpointMetrics:
    """The metrics of an endpoint.

    Attributes:
        client: of Cloud Monitoring.
        project: that the endpoint belongs to.
        endpoint: its id.
        slow_ms: an answer that takes longer is slow, in milliseconds.
    """

    client: monitoring_v3.MetricServiceClient
    project: str
    endpoint: str
    slow_ms: float
    _resource: str = field(default="aiplatform.googleapis.com/Endpoint", repr=False)

    def read(self, begin: int, minutes: int) -> dict[str, list[Answers]]:
        """Answers by deployed model, of some minutes from a time on, in seconds since 1970."""
        found: dict[str, list[Answers]] = defaultdict(lambda: [Answers() for _ in range(minutes)])
        if minutes < 1:
            return found
        for series in self._list("response_count", begin, minutes):
            is_error = series.metric.labels["response_code"] != "2xx"
            for minute, point in self._place(series.points, begin, minutes):
                answers = found[series.metric.labels["deployed_model_id"]][minute]
                answers.count += point.value.int64_value
                answers.errors += point.value.int64_value if is_error else 0
        latency = "prediction_latencies"
        for series in self._list(latency, begin, minutes, 'metric.labels.latency_type="total"'):
            for minute, point in self._place(series.points, begin, minutes):
                answers = found[series.metric.labels["deployed_model_id"]][minute]
                answers.timed += point.value.distribution_value.count
                answers.slow += count_above(point.value.distribution_value, self.slow_ms)
        return found

    def _list(
        self, name: str, begin: int, minutes: int, *conditions: str
    ) -> Iterator[monitoring_v3.TimeSeries]:
        """The series of one metric; points that lie at the edges are asked for too."""
        parts = (
            f'metric.type="{_PREFIX}/{name}"',
            f'resource.type="{self._resource}"',
            f'resource.labels.endpoint_id="{self.endpoint}"',
            *conditions,
        )
        listed: Iterator[monitoring_v3.TimeSeries] = self.client.list_time_series(
            name=f"projects/{self.project}",
            filter=" AND ".join(parts),
            interval={
                "start_time": {"seconds": begin - MINUTE},
                "end_time": {"seconds": begin + (minutes + 1) * MINUTE},
            },
            view="FULL",
        )
        return listed

    def _place(
        self, points: Sequence[monitoring_v3.Point], begin: int, minutes: int
    ) -> Iterator[tuple[int, monitoring_v3.Point]]:
        """Each point with the minute in whose course the middle of its interval lies."""
        for point in points:
            interval = point.interval
            middle = (interval.start_time.timestamp() + interval.end_time.timestamp()) / 2
            minute = int((middle - begin) // MINUTE)
            if 0 <= minute < minutes:
                yield minute, point


def count_above(distribution: Distribution, limit: float) -> int:
    """How many values are in buckets that begin at a limit or above it."""
    options = distribution.bucket_options
    bounds: list[float]
    if options.explicit_buckets.bounds:
        bounds = list(options.explicit_buckets.bounds)
    elif options.exponential_buckets.num_finite_buckets:
        each = options.exponential_buckets
        bounds = [each.scale * each.growth_factor**i for i in range(each.num_finite_buckets + 1)]
    else:
        line = options.linear_buckets
        bounds = [line.offset + line.width * i for i in range(line.num_finite_buckets + 1)]
    above = (
        n for n, low in zip(distribution.bucket_counts[1:], bounds, strict=False) if low >= limit
    )
    return int(sum(above))
