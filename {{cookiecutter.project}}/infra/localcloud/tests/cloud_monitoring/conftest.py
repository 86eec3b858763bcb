"""Cloud Monitoring's client, and an endpoint that fills its metrics."""

import uuid
from collections.abc import Iterator

import pytest
from google.cloud import aiplatform
from google.cloud.monitoring_v3 import MetricServiceClient

from tests.cloud_monitoring.monitoring_client import Monitoring
from tests.conftest import Localcloud
from tests.vertex import connect, upload


@pytest.fixture
def monitoring(cloud_environment: Localcloud) -> Monitoring:
    return Monitoring(MetricServiceClient(), f"projects/p{uuid.uuid4().hex[:10]}")


@pytest.fixture(scope="module")
def endpoint(cloud_environment: Localcloud) -> Iterator[aiplatform.Endpoint]:
    """An endpoint with two models that have half of the traffic each."""
    connect("grpc")
    endpoint = aiplatform.Endpoint.create(display_name="watched")
    endpoint.deploy(upload(display_name="old"), min_replica_count=2, max_replica_count=3)
    endpoint.deploy(upload(display_name="new"), traffic_percentage=50)
    yield endpoint
    endpoint.delete(force=True)
