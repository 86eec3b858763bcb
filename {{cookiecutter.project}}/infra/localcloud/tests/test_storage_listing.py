"""Listing, and the files that tasks leave in a bucket's folder."""

from pathlib import Path

import pytest
from google.cloud import storage

from tests.storage_server import address as address
from tests.storage_server import bucket as bucket
from tests.storage_server import client as client
from tests.storage_server import names
from tests.storage_server import root as root

# Listing


@pytest.fixture
def filled(bucket: storage.Bucket) -> storage.Bucket:
    for name in ("a.txt", "a/1.csv", "a/2.csv", "a/b/3.csv", "a0", "b/4.txt", "ü"):
        bucket.blob(name).upload_from_string(name)
    return bucket


def test_list_is_in_order_of_bytes(filled: storage.Bucket) -> None:
    expected = ["a.txt", "a/1.csv", "a/2.csv", "a/b/3.csv", "a0", "b/4.txt", "ü"]
    assert names(filled.list_blobs()) == expected
    assert names(filled.list_blobs(page_size=2)) == expected


def test_list_with_prefix_and_offsets(filled: storage.Bucket) -> None:
    assert names(filled.list_blobs(prefix="a/")) == ["a/1.csv", "a/2.csv", "a/b/3.csv"]
    assert names(filled.list_blobs(prefix="a/b")) == ["a/b/3.csv"]
    assert names(filled.list_blobs(start_offset="a/2", end_offset="b")) == [
        "a/2.csv",
        "a/b/3.csv",
        "a0",
    ]
    assert names(filled.list_blobs(prefix="nothing")) == []


@pytest.mark.parametrize("page_size", [None, 1, 2])
def test_list_with_delimiter(filled: storage.Bucket, page_size: int | None) -> None:
    found = filled.list_blobs(delimiter="/", page_size=page_size)
    assert (names(found), sorted(found.prefixes)) == (["a.txt", "a0", "ü"], ["a/", "b/"])
    below = filled.list_blobs(prefix="a/", delimiter="/", page_size=page_size)
    assert (names(below), below.prefixes) == (["a/1.csv", "a/2.csv"], {"a/b/"})


@pytest.mark.parametrize(
    ("glob", "expected"),
    [
        ("*.txt", ["a.txt"]),
        ("a/*.csv", ["a/1.csv", "a/2.csv"]),
        ("**/*.csv", ["a/1.csv", "a/2.csv", "a/b/3.csv"]),
        ("**.csv", ["a/1.csv", "a/2.csv", "a/b/3.csv"]),
        ("a/[!1].csv", ["a/2.csv"]),
        ("{a0,b/*}", ["a0", "b/4.txt"]),
        ("a?", ["a0"]),
    ],
)
def test_list_with_glob(filled: storage.Bucket, glob: str, expected: list[str]) -> None:
    assert names(filled.list_blobs(match_glob=glob)) == expected


def test_folder_markers(bucket: storage.Bucket, root: Path) -> None:
    bucket.blob("folder/").upload_from_string("")
    assert (root / bucket.name / "folder").is_dir()
    assert names(bucket.list_blobs()) == ["folder/"]
    bucket.blob("folder/x").upload_from_string("x")
    bucket.blob("folder/x").delete()
    assert bucket.blob("folder/").exists()
    both = bucket.list_blobs(delimiter="/", include_trailing_delimiter=True)
    assert (names(both), both.prefixes) == (["folder/"], {"folder/"})
    bucket.blob("folder/").delete()
    assert not (root / bucket.name / "folder").exists()


# Files of tasks


def test_file_dropped_in_the_folder_is_an_object(bucket: storage.Bucket, root: Path) -> None:
    path = root / bucket.name / "out" / "part-0"
    path.parent.mkdir()
    path.write_bytes(b"from a task")
    assert names(bucket.list_blobs()) == ["out/part-0"]
    first = bucket.get_blob("out/part-0")
    assert (first.size, first.download_as_bytes()) == (11, b"from a task")
    path.write_bytes(b"again")
    second = bucket.get_blob("out/part-0")
    assert second.generation > first.generation
    assert second.download_as_bytes() == b"again"
    path.unlink()
    assert bucket.get_blob("out/part-0") is None


def test_empty_folder_is_no_object_and_in_nobodys_way(bucket: storage.Bucket, root: Path) -> None:
    (root / bucket.name / "x" / "y").mkdir(parents=True)
    assert names(bucket.list_blobs()) == []
    bucket.blob("x").upload_from_string("now an object")
    assert bucket.blob("x").download_as_text() == "now an object"
