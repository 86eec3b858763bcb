"""Writing, reading, changing and deleting objects through Google's client."""

import base64
import io
import os
import threading
from pathlib import Path

import google_crc32c
import httpx
import pytest
from google.api_core import exceptions
from google.cloud import storage

from tests.storage_server import MEBIBYTE, names
from tests.storage_server import address as address
from tests.storage_server import bucket as bucket
from tests.storage_server import client as client
from tests.storage_server import root as root

# Writing and reading


def test_object_is_a_plain_file_and_back(bucket: storage.Bucket, root: Path) -> None:
    blob = bucket.blob("folder/greeting.txt")
    blob.metadata = {"colour": "blue"}
    blob.upload_from_string("hello", content_type="text/plain")
    assert (root / bucket.name / "folder" / "greeting.txt").read_bytes() == b"hello"
    found = bucket.get_blob("folder/greeting.txt")
    assert found.download_as_bytes() == b"hello"
    assert (found.content_type, found.size, found.metadata) == ("text/plain", 5, {"colour": "blue"})
    assert (found.crc32c, found.md5_hash) == ("mnG7TA==", "XUFAKrxLKna5cZ2REBfFkg==")


def test_large_object_is_uploaded_in_chunks(bucket: storage.Bucket, tmp_path: Path) -> None:
    content = os.urandom(3 * MEBIBYTE + 12345)
    source = tmp_path / "source"
    source.write_bytes(content)
    bucket.blob("chunked", chunk_size=MEBIBYTE).upload_from_filename(source)
    target = tmp_path / "target"
    bucket.blob("chunked", chunk_size=MEBIBYTE).download_to_filename(target)
    assert target.read_bytes() == content


def test_stream_of_unknown_length_is_uploaded(bucket: storage.Bucket) -> None:
    with bucket.blob("stream").open("wb", chunk_size=256 * 1024) as file:
        for _ in range(10):
            file.write(b"x" * 100_000)
    assert bucket.get_blob("stream").size == 1_000_000
    with bucket.blob("stream").open("rb") as file:
        file.seek(999_990)
        assert file.read() == b"x" * 10


def test_empty_objects(bucket: storage.Bucket) -> None:
    bucket.blob("empty").upload_from_string("")
    bucket.blob("empty-resumable", chunk_size=MEBIBYTE).upload_from_file(io.BytesIO())
    for name in ("empty", "empty-resumable"):
        assert bucket.get_blob(name).size == 0
        assert bucket.blob(name).download_as_bytes() == b""


def test_content_that_looks_like_a_boundary(bucket: storage.Bucket) -> None:
    content = b"--===============1==\r\n\r\n--x--\r\n\r\n\n--"
    bucket.blob("odd").upload_from_string(content)
    assert bucket.blob("odd").download_as_bytes() == content


@pytest.mark.parametrize(
    ("header", "status", "expected"),
    [
        ("bytes=0-2", 206, b"012"),
        ("bytes=7-", 206, b"789"),
        ("bytes=-3", 206, b"789"),
        ("bytes=5-99", 206, b"56789"),
        ("bytes=10-", 416, None),
        ("lines=1-2", 200, b"0123456789"),
    ],
)
def test_ranges(
    address: str, bucket: storage.Bucket, header: str, status: int, expected: bytes | None
) -> None:
    bucket.blob("digits").upload_from_string("0123456789")
    response = httpx.get(f"{address}/{bucket.name}/digits", headers={"range": header})
    assert response.status_code == status
    if expected is not None:
        assert response.content == expected


def test_head_tells_the_size_only(address: str, bucket: storage.Bucket) -> None:
    bucket.blob("a b/ü.txt").upload_from_string("12345")
    response = httpx.head(f"{address}/{bucket.name}/a%20b/%C3%BC.txt")
    assert (response.headers["content-length"], response.content) == ("5", b"")


def test_wrong_checksum_is_refused(address: str, bucket: storage.Bucket) -> None:
    response = httpx.post(
        f"{address}/upload/storage/v1/b/{bucket.name}/o?uploadType=media&name=x",
        content=b"hello",
        headers={"x-goog-hash": "crc32c=AAAAAA=="},
    )
    assert response.status_code == 400
    assert bucket.get_blob("x") is None


def test_download_during_a_rewrite_is_one_version(address: str, bucket: storage.Bucket) -> None:
    upload = f"{address}/upload/storage/v1/b/{bucket.name}/o?uploadType=media&name=contended"
    httpx.post(upload, content=b"first")
    stop = threading.Event()

    def rewrite() -> None:
        with httpx.Client() as writer:
            while not stop.is_set():
                writer.post(upload, content=os.urandom(10))

    writers = [threading.Thread(target=rewrite) for _ in range(2)]
    for writer in writers:
        writer.start()
    try:
        with httpx.Client() as reader:
            for _ in range(500):
                response = reader.get(f"{address}/{bucket.name}/contended")
                digest = google_crc32c.Checksum(response.content).digest()
                assert base64.b64encode(digest).decode() in response.headers["x-goog-hash"]
    finally:
        stop.set()
        for writer in writers:
            writer.join()


# Changing, copying, composing, deleting


def test_patch_changes_metadata_alone(bucket: storage.Bucket) -> None:
    blob = bucket.blob("patched")
    blob.metadata = {"a": "1", "b": "2"}
    blob.upload_from_string("x")
    generation = blob.generation
    blob.content_type = "text/csv"
    blob.metadata = {"a": None, "c": "3"}
    blob.patch()
    found = bucket.get_blob("patched")
    assert found.metadata == {"b": "2", "c": "3"}
    assert (found.content_type, found.metageneration) == ("text/csv", 2)
    assert found.generation == generation


def test_copy_rewrite_and_rename(bucket: storage.Bucket) -> None:
    source = bucket.blob("source")
    source.upload_from_string("content", content_type="text/plain")
    copy = bucket.copy_blob(source, bucket, "folder/copy")
    assert copy.generation != source.generation
    token, rewritten, total = bucket.blob("rewritten").rewrite(source)
    assert (token, rewritten, total) == (None, 7, 7)
    bucket.rename_blob(source, "renamed")
    assert names(bucket.list_blobs()) == ["folder/copy", "renamed", "rewritten"]
    assert bucket.get_blob("rewritten").content_type == "text/plain"


def test_compose(bucket: storage.Bucket) -> None:
    parts = [bucket.blob(name) for name in ("one", "two")]
    for part in parts:
        part.upload_from_string(part.name)
    whole = bucket.blob("whole")
    whole.content_type = "text/plain"
    whole.compose([*parts, parts[0]])
    assert whole.download_as_bytes() == b"onetwoone"
    with pytest.raises(exceptions.NotFound):
        bucket.blob("other").compose([parts[0], bucket.blob("missing")])


def test_batch(client: storage.Client, bucket: storage.Bucket) -> None:
    for name in ("a", "b/ü"):
        bucket.blob(name).upload_from_string(name)
    with client.batch():
        bucket.blob("a").delete()
        bucket.blob("b/ü").delete()
    assert names(bucket.list_blobs()) == []
    with pytest.raises(exceptions.NotFound), client.batch():
        bucket.blob("missing").delete()


def test_missing_object_is_not_found(bucket: storage.Bucket) -> None:
    assert bucket.get_blob("missing") is None
    for action in (bucket.blob("missing").delete, bucket.blob("missing").download_as_bytes):
        with pytest.raises(exceptions.NotFound):
            action()


def test_deleting_the_last_object_removes_its_folders(bucket: storage.Bucket, root: Path) -> None:
    bucket.blob("a/b/c").upload_from_string("x")
    bucket.blob("a/d").upload_from_string("x")
    bucket.blob("a/b/c").delete()
    assert [path.name for path in (root / bucket.name).rglob("*")] == ["a", "d"]
