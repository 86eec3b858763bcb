"""Endpoints to test, and their clients over gRPC and REST."""

from collections.abc import Iterator
from typing import Any

import pytest
from google.cloud import aiplatform
from google.cloud.aiplatform_v1 import EndpointServiceClient, PredictionServiceClient

from tests.vertex import OPTIONS, connect, upload


@pytest.fixture(params=["grpc", "rest"], autouse=True)
def transport(request: pytest.FixtureRequest, cloud_environment: Any) -> str:
    connect(request.param)
    return str(request.param)


@pytest.fixture
def client(transport: str) -> EndpointServiceClient:
    return EndpointServiceClient(transport=transport, client_options=OPTIONS)


@pytest.fixture
def predictions(transport: str) -> PredictionServiceClient:
    return PredictionServiceClient(transport=transport, client_options=OPTIONS)


@pytest.fixture
def endpoint() -> Iterator[aiplatform.Endpoint]:
    endpoint = aiplatform.Endpoint.create(display_name="endpoint")
    yield endpoint
    endpoint.delete(force=True)


@pytest.fixture(scope="module")
def shared_name(cloud_environment: Any) -> str:
    """An endpoint with one model, for tests that only ask it."""
    connect("grpc")
    endpoint = aiplatform.Endpoint.create(display_name="shared")
    endpoint.deploy(upload())
    return str(endpoint.resource_name)


@pytest.fixture
def shared(shared_name: str) -> aiplatform.Endpoint:
    return aiplatform.Endpoint(shared_name)


@pytest.fixture
def model() -> aiplatform.Model:
    return upload()


@pytest.fixture
def serving(endpoint: aiplatform.Endpoint, model: aiplatform.Model) -> aiplatform.Endpoint:
    """An endpoint with one model that has all traffic."""
    endpoint.deploy(model)
    return endpoint
