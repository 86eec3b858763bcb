"""Durable resources: what is written is there for the next process, and no update is lost."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.api_core.exceptions import AlreadyExists, NotFound
from google.cloud.aiplatform_v1.types import Endpoint, Model

from localcloud.store import Store

PARENT = "projects/p/locations/l/endpoints"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    store = Store(path)
    yield store
    store.close()


def endpoint(number: int, **fields: object) -> Endpoint:
    return Endpoint(name=f"{PARENT}/{number}", **fields)


def test_a_resource_is_read_back_as_its_type(store: Store) -> None:
    store.create(endpoint(1, display_name="a"))
    read = store.get(f"{PARENT}/1", Endpoint)
    assert isinstance(read, Endpoint)
    assert read.display_name == "a"


def test_a_taken_name_is_refused(store: Store) -> None:
    store.create(endpoint(1))
    with pytest.raises(AlreadyExists, match="endpoints/1 already exists"):
        store.create(endpoint(1))


def test_what_is_not_there_is_not_found(store: Store) -> None:
    for act in (lambda: store.get("x/1", Endpoint), lambda: store.delete("x/1")):
        with pytest.raises(NotFound, match="x/1 was not found"):
            act()


def test_lists_are_newest_first_and_saving_keeps_the_place(store: Store) -> None:
    for number in (1, 2, 3):
        store.create(endpoint(number))
    store.save(endpoint(1, display_name="changed"))
    names = [each.name[-1] for each in store.in_collection(PARENT, Endpoint)]
    assert names == ["3", "2", "1"]


def test_a_collection_holds_its_own_level_only(store: Store) -> None:
    store.create(endpoint(1))
    store.create(Model(name=f"{PARENT}/1/models/2"))
    assert len(store.in_collection(PARENT, Endpoint)) == 1
    assert store.collections("/models") == [f"{PARENT}/1/models"]


def test_deleting_takes_what_lies_below_and_nothing_beside(store: Store) -> None:
    for name in ("a/1", "a/1/b/2", "a/11", "a/1_/b/3"):
        store.create(Endpoint(name=name))
    store.delete("a/1")
    assert [store.exists(name) for name in ("a/1", "a/1/b/2", "a/11", "a/1_/b/3")] == [
        False,
        False,
        True,
        True,
    ]


def test_an_edit_that_fails_changes_nothing(store: Store) -> None:
    store.create(endpoint(1, display_name="before"))

    def fail() -> None:
        with store.editing(f"{PARENT}/1", Endpoint) as edited:
            edited.display_name = "after"
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert store.get(f"{PARENT}/1", Endpoint).display_name == "before"


def test_a_transaction_happens_as_a_whole_or_not_at_all(store: Store) -> None:
    def create_twice() -> None:
        with store.transaction():
            store.create(endpoint(1))
            store.create(endpoint(1))

    with pytest.raises(AlreadyExists):
        create_twice()
    assert not store.exists(f"{PARENT}/1")


def test_edits_of_many_threads_are_all_kept(store: Store) -> None:
    store.create(endpoint(1))

    def label(thread: int) -> None:
        for number in range(20):
            with store.editing(f"{PARENT}/1", Endpoint) as edited:
                edited.labels[f"l{thread}-{number}"] = ""

    threads = [threading.Thread(target=label, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store.get(f"{PARENT}/1", Endpoint).labels) == 160


def test_what_was_written_survives_a_kill(path: Path) -> None:
    source = f"""
import os, pathlib, sys
from google.cloud.aiplatform_v1.types import Endpoint
from localcloud.store import Store
store = Store(pathlib.Path({str(path)!r}))
store.create(Endpoint(name="a/1"))
os.kill(os.getpid(), {int(signal.SIGKILL)})
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    killed = subprocess.run([sys.executable, "-c", source], env=environment, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert Store(path).exists("a/1")
