"""The client of the pipeline tests, pointed at the localcloud of this test session."""

from typing import Any

import pytest
from google.cloud import aiplatform, storage

from tests.pipelines.pipeline_client import BUCKET, PipelineClient
from tests.vertex import LOCATION, PROJECT


@pytest.fixture(scope="session")
def pipelines_bucket(cloud_environment: Any) -> None:
    """The bucket that the jobs of these tests write to."""
    storage.Client(project=PROJECT).create_bucket(BUCKET)


@pytest.fixture
def pipelines(cloud_environment: Any, pipelines_bucket: None, tmp_path: Any) -> PipelineClient:
    """Submits to the running localcloud over gRPC."""
    aiplatform.init(project=PROJECT, location=LOCATION, api_transport="grpc")
    return PipelineClient(tmp_path, cloud_environment.home / "storage")
