"""Fixtures of the storage tests: Cloud Storage on a loopback port, and Google's client for it."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

from localcloud.storage.app import create_storage_app
from tests.loopback import serve

MEBIBYTE = 1 << 20
_NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder whose folders are buckets."""
    folder = tmp_path_factory.mktemp("storage") / "buckets"  # with a parent that no other test has
    folder.mkdir()
    return folder


@pytest.fixture(scope="module")
def address(root: Path) -> Iterator[str]:
    """Where it is served."""
    with serve(create_storage_app(root)) as address:
        yield address


@pytest.fixture(scope="module")
def client(address: str) -> storage.Client:
    """Google's client."""
    return connect(address)


@pytest.fixture
def bucket(client: storage.Client) -> storage.Bucket:
    """A new bucket."""
    return client.create_bucket(f"bucket-{next(_NUMBERS)}")


def connect(address: str) -> storage.Client:
    """Google's client for a server."""
    return storage.Client(
        project="demo-project",
        credentials=AnonymousCredentials(),
        client_options={"api_endpoint": address},
    )


def names(blobs: object) -> list[str]:
    """The names of listed objects."""
    return [blob.name for blob in blobs]  # type: ignore[attr-defined]
