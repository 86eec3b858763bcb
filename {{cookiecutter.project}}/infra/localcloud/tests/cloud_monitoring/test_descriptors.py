"""Metric and monitored resource descriptors, and Cloud Monitoring over REST."""

from typing import Any

import google.auth
import pytest
from google.api.metric_pb2 import MetricDescriptor
from google.api_core.exceptions import InvalidArgument, NotFound, PermissionDenied
from google.auth.transport.requests import AuthorizedSession

from tests.cloud_monitoring.monitoring_client import CUMULATIVE, ONLINE, Monitoring, at
from tests.vertex import refuses


@pytest.fixture(scope="module")
def session(cloud_environment: Any) -> AuthorizedSession:
    credentials, _ = google.auth.default(["https://www.googleapis.com/auth/cloud-platform"])
    return AuthorizedSession(credentials)


def test_googles_metrics_are_there(monitoring: Monitoring) -> None:
    client, project = monitoring.client, monitoring.project
    name = f"{project}/metricDescriptors/{ONLINE}/prediction_latencies"
    found = client.get_metric_descriptor(name=name)
    assert (found.metric_kind, found.value_type, found.unit) == (
        MetricDescriptor.DELTA,
        MetricDescriptor.DISTRIBUTION,
        "ms",
    )
    request = {"name": project, "filter": f'metric.type = starts_with("{ONLINE}/re")'}
    listed = [each.type for each in client.list_metric_descriptors(request=request)]
    assert listed == [f"{ONLINE}/replicas", f"{ONLINE}/response_count"]
    with refuses(PermissionDenied):
        client.delete_metric_descriptor(name=name)


def test_a_metric_of_ones_own_lives_and_goes_with_its_points(monitoring: Monitoring) -> None:
    client, project = monitoring.client, monitoring.project
    declared = {
        "type": "custom.googleapis.com/shop/orders",
        "metric_kind": "CUMULATIVE",
        "value_type": "INT64",
        "unit": "1",
    }
    made = client.create_metric_descriptor(
        name=project, metric_descriptor=MetricDescriptor(**declared)
    )
    assert made.name == f"{project}/metricDescriptors/custom.googleapis.com/shop/orders"
    monitoring.write("shop/orders", 3, 0, start=-60, kind=CUMULATIVE)
    filter_ = 'metric.type = "custom.googleapis.com/shop/orders"'
    assert monitoring.read(filter_)
    with refuses(InvalidArgument, match="metric_kind"):
        monitoring.write("shop/orders", 3, 1)
    client.delete_metric_descriptor(name=made.name)
    with refuses(NotFound):
        monitoring.read(filter_)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"type": "orders"}, "metric.type"),
        ({"metric_kind": "DELTA"}, "metric_kind"),
        ({"value_type": "STRING"}, "value_type"),
    ],
)
def test_a_metric_that_cannot_be_is_refused(
    monitoring: Monitoring, changes: dict[str, str], field: str
) -> None:
    declared = {"type": "custom.googleapis.com/a", "metric_kind": "GAUGE", "value_type": "INT64"}
    with refuses(InvalidArgument, match=field):
        monitoring.client.create_metric_descriptor(
            name=monitoring.project, metric_descriptor=MetricDescriptor(**declared | changes)
        )


def test_monitored_resources_are_described(monitoring: Monitoring) -> None:
    listed = monitoring.client.list_monitored_resource_descriptors(name=monitoring.project)
    [endpoint] = [each for each in listed if each.type == "aiplatform.googleapis.com/Endpoint"]
    assert [each.key for each in endpoint.labels] == [
        *("resource_container", "location", "endpoint_id")
    ]
    assert monitoring.client.get_monitored_resource_descriptor(name=endpoint.name) == endpoint


def test_it_is_served_over_rest_too(monitoring: Monitoring, session: AuthorizedSession) -> None:
    """Google's client has no REST transport, but Terraform and curl ask so."""
    url = f"https://monitoring.googleapis.com/v3/{monitoring.project}/timeSeries"
    point = {"interval": {"endTime": at(0).isoformat()}, "value": {"int64Value": "3"}}
    series = {"metric": {"type": "custom.googleapis.com/a"}, "points": [point]}
    assert session.post(url, json={"timeSeries": [series]}).status_code == 200
    query = {
        "filter": 'metric.type="custom.googleapis.com/a"',
        "interval.startTime": at(-60).isoformat(),
        "interval.endTime": at(0).isoformat(),
        "aggregation.alignmentPeriod": "60s",
        "aggregation.perSeriesAligner": "ALIGN_SUM",
    }
    [found] = session.get(url, params=query).json()["timeSeries"]
    assert [each["value"] for each in found["points"]] == [{"int64Value": "3"}]
    refused = session.get(url, params={**query, "filter": ""})
    assert refused.json()["error"]["status"] == "INVALID_ARGUMENT"


def test_alert_policies_say_that_they_are_not_served(
    monitoring: Monitoring, session: AuthorizedSession
) -> None:
    url = f"https://monitoring.googleapis.com/v3/{monitoring.project}/alertPolicies"
    assert session.get(url).json()["error"]["status"] == "UNIMPLEMENTED"
