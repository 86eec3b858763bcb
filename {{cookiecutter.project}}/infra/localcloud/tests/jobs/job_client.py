"""What the tests of jobs share."""

import json
from typing import Any

from google.cloud import storage
from google.cloud.aiplatform_v1 import JobServiceClient

from tests.vertex import LOCATION, OPTIONS, PROJECT

MACHINE = {"machine_type": "n1-standard-4"}
STEPS = f"{LOCATION}-docker.pkg.dev/{PROJECT}/repository/steps:latest"
PREBUILT = "us-docker.pkg.dev/vertex-ai/training/tf-cpu.2-16:latest"


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


def result(bucket: storage.Bucket, directory: str) -> dict[str, Any]:
    """What the training script wrote below a base output directory."""
    path = f"{directory.removeprefix(f'gs://{bucket.name}/')}/model/result.json"
    read: dict[str, Any] = json.loads(bucket.blob(path).download_as_text())
    return read
