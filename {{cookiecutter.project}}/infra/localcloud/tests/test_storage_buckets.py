"""Buckets, and what holds for the whole of Cloud Storage."""

import io
import json
import os
from pathlib import Path

import httpx
import pytest
from google.api_core import exceptions
from google.cloud import storage

from localcloud.storage.app import create_storage_app
from tests.conftest import Localcloud
from tests.loopback import serve
from tests.storage_server import MEBIBYTE, connect
from tests.storage_server import address as address
from tests.storage_server import bucket as bucket
from tests.storage_server import client as client
from tests.storage_server import root as root

# Buckets


def test_bucket_lives_from_creation_to_deletion(client: storage.Client) -> None:
    created = client.create_bucket("life-of-a-bucket", location="europe-west1")
    assert created.location == "EUROPE-WEST1"
    assert client.get_bucket("life-of-a-bucket").location == "EUROPE-WEST1"
    assert "life-of-a-bucket" in [found.name for found in client.list_buckets()]
    created.labels = {"team": "ml"}
    created.patch()
    assert client.get_bucket("life-of-a-bucket").labels == {"team": "ml"}
    created.delete()
    with pytest.raises(exceptions.NotFound):
        client.get_bucket("life-of-a-bucket")


def test_second_bucket_of_a_name_conflicts(client: storage.Client) -> None:
    client.create_bucket("taken-already")
    with pytest.raises(exceptions.Conflict):
        client.create_bucket("taken-already")


def test_bucket_with_objects_is_not_deleted(bucket: storage.Bucket) -> None:
    bucket.blob("a/b").upload_from_string("x")
    with pytest.raises(exceptions.Conflict, match="not empty"):
        bucket.delete()
    bucket.delete(force=True)
    assert not bucket.exists()


@pytest.mark.parametrize(
    "name",
    ["ab", "Upper", "under_score-", "-dash", "192.168.1.1", "a" * 64, "goog-mine", "a..b", "a b"],
)
def test_bad_bucket_name_is_refused(address: str, name: str) -> None:
    response = httpx.post(f"{address}/storage/v1/b", json={"name": name})
    assert response.status_code == 400
    assert response.json()["error"]["errors"][0]["reason"] == "invalid"


def test_bucket_policy_and_permissions(bucket: storage.Bucket) -> None:
    policy = bucket.get_iam_policy(requested_policy_version=3)
    policy.bindings.append({"role": "roles/storage.objectViewer", "members": {"user:a@b.c"}})
    bucket.set_iam_policy(policy)
    assert bucket.get_iam_policy().bindings == policy.bindings
    assert bucket.test_iam_permissions(["storage.objects.get"]) == ["storage.objects.get"]


def test_folder_made_by_hand_is_a_bucket(client: storage.Client, root: Path) -> None:
    (root / "made-by-hand").mkdir()
    assert client.get_bucket("made-by-hand").name == "made-by-hand"


# The protocol


def test_what_is_not_served_says_so(address: str, bucket: storage.Bucket) -> None:
    response = httpx.get(f"{address}/storage/v1/b/{bucket.name}/notificationConfigs")
    assert response.status_code == 501
    assert "does not serve GET" in response.json()["error"]["message"]


def test_google_hosts_get_https_links(address: str, bucket: storage.Bucket) -> None:
    response = httpx.post(
        f"{address}/upload/storage/v1/b/{bucket.name}/o?uploadType=resumable&name=x",
        headers={"host": "www.googleapis.com"},
    )
    assert response.headers["location"].startswith("https://www.googleapis.com/upload/")


def test_metadata_survives_a_restart(tmp_path: Path) -> None:
    with serve(create_storage_app(tmp_path)) as address:
        blob = connect(address).create_bucket("kept").blob("x")
        blob.upload_from_string(json.dumps({}), content_type="application/json")
    with serve(create_storage_app(tmp_path)) as address:
        found = connect(address).bucket("kept").get_blob("x")
    assert (found.generation, found.content_type) == (blob.generation, "application/json")


def test_through_the_front_door(cloud_environment: Localcloud) -> None:
    bucket = storage.Client(project="demo-project").create_bucket("through-the-front-door")
    content = os.urandom(3 * MEBIBYTE)
    bucket.blob("a/chunked", chunk_size=MEBIBYTE).upload_from_file(io.BytesIO(content))
    assert bucket.blob("a/chunked").download_as_bytes() == content
    assert (cloud_environment.home / "storage" / bucket.name / "a" / "chunked").is_file()
