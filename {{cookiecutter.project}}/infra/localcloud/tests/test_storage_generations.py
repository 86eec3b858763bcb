"""Generations, preconditions and resumable uploads."""

import io
import threading
from pathlib import Path

import httpx
import pytest
from google.api_core import exceptions
from google.cloud import storage

from localcloud.storage.app import create_storage_app
from tests.loopback import serve
from tests.storage_server import MEBIBYTE, connect
from tests.storage_server import address as address
from tests.storage_server import bucket as bucket
from tests.storage_server import client as client
from tests.storage_server import root as root

# Generations and preconditions


def test_generations_always_increase(bucket: storage.Bucket) -> None:
    generations = []
    for turn in range(50):
        blob = bucket.blob("again")
        blob.upload_from_string(str(turn % 2))
        generations.append(blob.generation)
        if turn % 10 == 0:
            blob.delete()
    assert generations == sorted(set(generations))


def test_preconditions(bucket: storage.Bucket) -> None:
    blob = bucket.blob("guarded")
    blob.upload_from_string("1", if_generation_match=0)
    with pytest.raises(exceptions.PreconditionFailed):
        bucket.blob("guarded").upload_from_string("2", if_generation_match=0)
    with pytest.raises(exceptions.PreconditionFailed):
        bucket.delete_blob("guarded", if_generation_match=blob.generation + 1)
    with pytest.raises(exceptions.PreconditionFailed):
        bucket.blob("guarded", chunk_size=MEBIBYTE).upload_from_file(
            io.BytesIO(b"3"), if_generation_match=blob.generation - 1
        )
    blob.upload_from_string("4", if_generation_match=blob.generation)
    assert bucket.blob("guarded").download_as_text() == "4"


def test_only_one_of_many_creators_wins(bucket: storage.Bucket) -> None:
    outcomes: list[bool] = []

    def create(writer: int) -> None:
        try:
            bucket.blob("lock").upload_from_string(str(writer), if_generation_match=0)
            outcomes.append(True)
        except exceptions.PreconditionFailed:
            outcomes.append(False)

    threads = [threading.Thread(target=create, args=(writer,)) for writer in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [False] * 7 + [True]


def test_older_generation_is_not_found(bucket: storage.Bucket) -> None:
    blob = bucket.blob("versioned")
    blob.upload_from_string("1")
    old = blob.generation
    bucket.blob("versioned").upload_from_string("2")
    with pytest.raises(exceptions.NotFound):
        bucket.blob("versioned", generation=old).download_as_bytes()


def test_unchanged_object_is_not_modified(address: str, bucket: storage.Bucket) -> None:
    blob = bucket.blob("same")
    blob.upload_from_string("1")
    query = {"ifGenerationNotMatch": str(blob.generation)}
    response = httpx.get(f"{address}/storage/v1/b/{bucket.name}/o/same", params=query)
    assert (response.status_code, response.content) == (304, b"")


# Resumable uploads


def begin(address: str, bucket: str, name: str) -> str:
    started = httpx.post(
        f"{address}/upload/storage/v1/b/{bucket}/o?uploadType=resumable&name={name}", json={}
    )
    return started.headers["location"]


def test_resumable_upload_survives_a_restart(tmp_path: Path) -> None:
    with serve(create_storage_app(tmp_path)) as address:
        connect(address).create_bucket("resumed")
        session = begin(address, "resumed", "big")
        chunk = httpx.put(session, content=b"01234", headers={"content-range": "bytes 0-4/10"})
        assert (chunk.status_code, chunk.headers["range"]) == (308, "bytes=0-4")
        old_address = address
    with serve(create_storage_app(tmp_path)) as address:
        session = session.replace(old_address, address)
        status = httpx.put(session, headers={"content-range": "bytes */10"})
        assert (status.status_code, status.headers["range"]) == (308, "bytes=0-4")
        last = httpx.put(session, content=b"56789", headers={"content-range": "bytes 5-9/10"})
        assert last.json()["size"] == "10"
        again = httpx.put(session, headers={"content-range": "bytes */10"})
        assert again.json()["generation"] == last.json()["generation"]
    assert (tmp_path / "resumed" / "big").read_bytes() == b"0123456789"


def test_resumable_upload_refuses_a_gap(address: str, bucket: storage.Bucket) -> None:
    session = begin(address, bucket.name, "gap")
    chunk = httpx.put(session, content=b"56789", headers={"content-range": "bytes 5-9/10"})
    assert chunk.status_code == 400


def test_cancelled_upload_is_gone(address: str, bucket: storage.Bucket) -> None:
    session = begin(address, bucket.name, "cancelled")
    assert httpx.delete(session).status_code == 499
    assert httpx.put(session, content=b"x").status_code == 404
