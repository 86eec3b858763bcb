"""What the tests of jobs share."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from google.cloud import aiplatform, storage
from google.cloud.aiplatform import jobs, training_jobs
from google.cloud.aiplatform_v1 import JobServiceClient
from vertex import LOCATION, OPTIONS, PROJECT, unique

MACHINE = {"machine_type": "n1-standard-4"}
STEPS = f"{LOCATION}-docker.pkg.dev/{PROJECT}/repository/steps:latest"
PREBUILT = "us-docker.pkg.dev/vertex-ai/training/sklearn-cpu.1-6:latest"


def prepare(patch: pytest.MonkeyPatch) -> storage.Bucket:
    """Point the SDK at a new staging bucket, and make it ask more often how jobs are."""
    patch.setattr(jobs, "_JOB_WAIT_TIME", 0.1)
    patch.setattr(training_jobs, "_JOB_WAIT_TIME", 0.1)
    bucket = storage.Client(project=PROJECT).create_bucket(f"{unique()}-staging")
    aiplatform.init(
        project=PROJECT,
        location=LOCATION,
        staging_bucket=f"gs://{bucket.name}",
        api_transport="grpc",
    )
    return bucket


def client(transport: str = "grpc") -> JobServiceClient:
    """Google's client without the SDK around it."""
    return JobServiceClient(transport=transport, client_options=OPTIONS)


def container(*command: str, image: str = STEPS, replicas: int = 1) -> dict[str, object]:
    """A worker pool that runs a command."""
    spec = {"image_uri": image, "command": list(command)}
    return {"machine_spec": MACHINE, "replica_count": replicas, "container_spec": spec}


def python(source: str, replicas: int = 1) -> dict[str, object]:
    """A worker pool that runs Python source."""
    return container("python", "-c", source, replicas=replicas)


@contextmanager
def in_background(work: object) -> Iterator[None]:
    """Do something in a thread while the block runs."""
    thread = threading.Thread(target=work)  # type: ignore[arg-type]
    thread.start()
    try:
        yield
    finally:
        thread.join()
