"""Names that files can have, and those they cannot."""

from pathlib import Path

import httpx
import pytest
from google.api_core import exceptions
from google.cloud import storage

from tests.storage_server import address as address
from tests.storage_server import bucket as bucket
from tests.storage_server import client as client
from tests.storage_server import names
from tests.storage_server import root as root


@pytest.mark.parametrize(
    "name", ["..", "../escape", "a/../../b", "a//b", "/absolute", "a/./b", "a\nb", "x" * 256]
)
def test_name_that_no_file_can_have_is_refused(
    bucket: storage.Bucket, root: Path, name: str
) -> None:
    before = sorted(root.parent.rglob("*"))
    with pytest.raises(exceptions.BadRequest):
        bucket.blob(name).upload_from_string("x")
    assert names(bucket.list_blobs()) == []
    assert sorted(path for path in root.parent.rglob("*") if path.suffix != ".part") == before


@pytest.mark.parametrize("path", ["..%2F.index.sqlite", "%2e%2e/.index.sqlite", "../.index.sqlite"])
def test_paths_do_not_escape_the_bucket(address: str, bucket: storage.Bucket, path: str) -> None:
    for url in (f"/{bucket.name}/{path}", f"/storage/v1/b/{bucket.name}/o/{path}?alt=media"):
        request = httpx.Request("GET", address)
        request.url = request.url.copy_with(raw_path=url.encode())
        with httpx.Client() as client:
            assert client.send(request).status_code in (400, 404, 501)


@pytest.mark.parametrize(
    "name", ["a%2Fb", "sp ace", "ünï/çødé 🚕", "q?x=1&y#z", "+plus", "rewriteTo"]
)
def test_unusual_names_work(bucket: storage.Bucket, name: str) -> None:
    bucket.blob(name).upload_from_string(name)
    assert names(bucket.list_blobs()) == [name]
    assert bucket.blob(name).download_as_text() == name
    bucket.blob(name).delete()


def test_name_cannot_be_an_object_and_a_folder(bucket: storage.Bucket) -> None:
    bucket.blob("a").upload_from_string("x")
    with pytest.raises(exceptions.Conflict, match="file and a folder"):
        bucket.blob("a/b").upload_from_string("x")
    bucket.blob("c/d").upload_from_string("x")
    with pytest.raises(exceptions.Conflict, match="file and a folder"):
        bucket.blob("c").upload_from_string("x")
    assert bucket.blob("a").download_as_text() == bucket.blob("c/d").download_as_text() == "x"
