"""Cloud Storage through google-cloud-storage, and by plain requests where the client hides it."""

import io
import itertools
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from google.api_core import exceptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage
from loopback import serve

from localcloud.storage.app import create_storage_app

MEBIBYTE = 1 << 20
NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("storage")


@pytest.fixture(scope="module")
def address(root: Path) -> Iterator[str]:
    with serve(create_storage_app(root)) as address:
        yield address


def connect(address: str) -> storage.Client:
    return storage.Client(
        project="demo-project",
        credentials=AnonymousCredentials(),
        client_options={"api_endpoint": address},
    )


@pytest.fixture(scope="module")
def client(address: str) -> storage.Client:
    return connect(address)


@pytest.fixture
def bucket(client: storage.Client) -> storage.Bucket:
    return client.create_bucket(f"bucket-{next(NUMBERS)}")


def names(blobs: object) -> list[str]:
    return [blob.name for blob in blobs]  # type: ignore[attr-defined]


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


def test_download_during_a_rewrite_is_one_version(bucket: storage.Bucket) -> None:
    versions = [bytes([letter]) * (2 * MEBIBYTE) for letter in b"ab"]
    bucket.blob("contended").upload_from_string(versions[0])
    stop = threading.Event()

    def rewrite() -> None:
        turn = 0
        while not stop.is_set():
            bucket.blob("contended").upload_from_string(versions[turn := 1 - turn])

    writer = threading.Thread(target=rewrite)
    writer.start()
    try:
        for _ in range(20):
            assert bucket.blob("contended").download_as_bytes() in versions
    finally:
        stop.set()
        writer.join()


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


# Odd names


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
