"""A bucket with files that datasets are made of."""

from collections.abc import Callable
from typing import Any

import pytest
from google.cloud import storage

from tests.vertex import PROJECT, connect, unique

Upload = Callable[[str, str], str]


@pytest.fixture(scope="module")
def bucket(cloud_environment: Any) -> storage.Bucket:
    """A new bucket; Google's client uses gRPC."""
    connect("grpc")
    return storage.Client(project=PROJECT).create_bucket(f"{unique()}-data")


@pytest.fixture
def upload(bucket: storage.Bucket) -> Upload:
    """Put a text into a new folder of the bucket, under a name; its URI."""
    folder = unique()

    def put(name: str, content: str) -> str:
        bucket.blob(f"{folder}/{name}").upload_from_string(content)
        return f"gs://{bucket.name}/{folder}/{name}"

    return put
