"""Cloud Logging's client, for a project of its own."""

import uuid

import pytest
from google.cloud import logging

from tests.conftest import Localcloud


@pytest.fixture(params=["grpc", "rest"])
def client(request: pytest.FixtureRequest, cloud_environment: Localcloud) -> logging.Client:
    return logging.Client(project=f"p{uuid.uuid4().hex[:10]}", _use_grpc=request.param == "grpc")
