"""What endpoints tell Cloud Monitoring about the requests that they answer."""

import contextlib
from datetime import UTC, datetime, timedelta

import pytest
from google.api.metric_pb2 import MetricDescriptor
from google.api_core.exceptions import GoogleAPICallError
from google.cloud import aiplatform
from google.cloud.monitoring_v3 import MetricServiceClient, TimeInterval, TimeSeries
from google.protobuf.duration_pb2 import Duration

from localcloud.clock import Clock
from localcloud.home import Home
from tests.cloud_monitoring.monitoring_client import ONLINE, value_of
from tests.conftest import Localcloud
from tests.vertex import PROJECT


def _read(
    endpoint: aiplatform.Endpoint, metric: str, since: datetime, **more: object
) -> list[TimeSeries]:
    until = datetime.now(UTC) + timedelta(seconds=1)
    filter_ = (
        f'metric.type = "{ONLINE}/{metric}" AND'
        ' resource.type = "aiplatform.googleapis.com/Endpoint" AND'
        f' resource.labels.endpoint_id = "{endpoint.name}"'
    )
    request = {
        "name": f"projects/{PROJECT}",
        "filter": filter_,
        "interval": TimeInterval(start_time=since, end_time=until),
        **more,
    }
    return list(MetricServiceClient().list_time_series(request=request))


def _total(series: TimeSeries) -> int:
    return sum(value_of(point) for point in series.points)


def _deployed(endpoint: aiplatform.Endpoint) -> set[str]:
    return {each.id for each in endpoint.list_models()}


def test_responses_are_counted_by_model_and_class_of_code(endpoint: aiplatform.Endpoint) -> None:
    since = datetime.now(UTC)
    answered = [endpoint.predict([1, 2]).deployed_model_id for _ in range(20)]
    for status in (500, 429):
        with contextlib.suppress(GoogleAPICallError):
            endpoint.raw_predict(f'{{"instances": [{{"fail": {status}}}]}}'.encode(), {})
    by_model_and_code = {
        (each.metric.labels["deployed_model_id"], each.metric.labels["response_code"]): _total(each)
        for each in _read(endpoint, "response_count", since)
    }
    for model in _deployed(endpoint):
        assert by_model_and_code.get((model, "2xx"), 0) == answered.count(model)
    failed = {code: n for (_, code), n in by_model_and_code.items() if code != "2xx"}
    assert sum(failed.values()) == 2
    assert set(failed) == {"4xx", "5xx"}
    assert sum(_total(each) for each in _read(endpoint, "error_count", since)) == 2
    assert sum(_total(each) for each in _read(endpoint, "prediction_count", since)) == 40


def test_a_series_says_whose_it_is(endpoint: aiplatform.Endpoint) -> None:
    since = datetime.now(UTC)
    model = endpoint.predict([1]).deployed_model_id
    [series] = _read(endpoint, "response_count", since)
    names = {each.id: aiplatform.Model(each.model).display_name for each in endpoint.list_models()}
    assert dict(series.metric.labels) == {
        "deployed_model_id": model,
        "response_code": "2xx",
        "spot": "False",
        "model_display_name": names[model],
        "endpoint_display_name": "watched",
    }
    assert series.resource.labels["location"] == "us-central1"
    assert series.metric_kind == MetricDescriptor.DELTA
    [point] = series.points
    assert since - timedelta(seconds=1) <= point.interval.start_time < point.interval.end_time


def test_latencies_are_distributions_of_milliseconds(endpoint: aiplatform.Endpoint) -> None:
    since = datetime.now(UTC)
    for _ in range(10):
        endpoint.predict([1])
    means = {}
    for kind in ("total", "model", "overhead"):
        found = [
            point.value.distribution_value
            for each in _read(endpoint, "prediction_latencies", since)
            if each.metric.labels["latency_type"] == kind
            for point in each.points
        ]
        assert sum(each.count for each in found) == 10
        assert sum(sum(each.bucket_counts) for each in found) == 10
        means[kind] = sum(each.mean * each.count for each in found) / 10
    assert 0 < means["model"] < means["total"] < 10_000
    assert means["overhead"] == pytest.approx(means["total"] - means["model"])


def test_a_percentile_lies_where_the_requests_were(endpoint: aiplatform.Endpoint) -> None:
    since = datetime.now(UTC)
    for _ in range(5):
        endpoint.predict([1])
    aggregation = {
        "alignment_period": Duration(seconds=60),
        "per_series_aligner": "ALIGN_DELTA",
        "cross_series_reducer": "REDUCE_PERCENTILE_95",
        "group_by_fields": ["metric.labels.latency_type"],
    }
    values = {
        each.metric.labels["latency_type"]: value_of(each.points[0])
        for each in _read(endpoint, "prediction_latencies", since, aggregation=aggregation)
    }
    assert 0 < values["model"] <= values["total"] < 10_000


def test_replicas_are_those_that_the_deployment_keeps(endpoint: aiplatform.Endpoint) -> None:
    since = datetime.now(UTC) - timedelta(minutes=3)
    for metric in ("replicas", "target_replicas"):
        latest = {
            each.metric.labels["model_display_name"]: value_of(each.points[0])
            for each in _read(endpoint, metric, since)
        }
        assert latest.get("new", 1) == 1
        assert latest.get("old", 2) == 2


def test_points_lie_where_the_clock_stood(
    endpoint: aiplatform.Endpoint, cloud_environment: Localcloud
) -> None:
    """A rehearsal moves the clock a minute ahead after each minute's requests."""
    since = datetime.now(UTC)
    clock = Clock(Home(cloud_environment.home).clock)
    try:
        for _ in range(3):
            endpoint.predict([1])
            clock.advance(timedelta(minutes=10))
        until = since + timedelta(minutes=31)
        found = list(
            MetricServiceClient().list_time_series(
                request={
                    "name": f"projects/{PROJECT}",
                    "filter": f'metric.type = "{ONLINE}/response_count" AND'
                    f' resource.labels.endpoint_id = "{endpoint.name}"',
                    "interval": TimeInterval(start_time=since, end_time=until),
                }
            )
        )
    finally:
        clock.reset()
    ends = sorted(point.interval.end_time for each in found for point in each.points)
    assert [round((end - since).total_seconds() / 600) for end in ends] == [0, 1, 2]
