"""What the tests of the Vertex AI services share."""

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from google.api_core.exceptions import GoogleAPICallError
from google.cloud import aiplatform

PROJECT, LOCATION = "test-project", "us-central1"
PARENT = f"projects/{PROJECT}/locations/{LOCATION}"
OPTIONS = {"api_endpoint": f"{LOCATION}-aiplatform.googleapis.com"}
RESOURCES = {"min_replica_count": 1, "machine_spec": {"machine_type": "n1-standard-2"}}
IMAGE = f"{LOCATION}-docker.pkg.dev/{PROJECT}/repository/toy:latest"


def connect(transport: str) -> None:
    """Make Google's client use these defaults; where it goes is told by the environment."""
    aiplatform.init(project=PROJECT, location=LOCATION, api_transport=transport)


def upload(**arguments: Any) -> aiplatform.Model:
    """A model of the toy image."""
    defaults = {"display_name": "model", "serving_container_image_uri": IMAGE}
    return aiplatform.Model.upload(**{**defaults, **arguments})


def eventually(condition: Callable[[], bool], seconds: float = 10) -> bool:
    """Whether the condition comes true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def unique() -> str:
    """A name that no other test uses."""
    return f"t{uuid.uuid4().hex[:10]}"


@contextmanager
def refuses(error: type[GoogleAPICallError], match: str | None = None) -> Iterator[None]:
    """The block is refused with this error's gRPC code and HTTP status, over either transport.

    Over REST Google's client tells errors of one HTTP status apart only in the reply's text.
    """
    with pytest.raises(GoogleAPICallError, match=match) as info:
        yield
    code = info.value.grpc_status_code
    status = code.name if code else info.value.response.json()["error"]["status"]
    assert (status, info.value.code) == (error.grpc_status_code.name, error.code)
