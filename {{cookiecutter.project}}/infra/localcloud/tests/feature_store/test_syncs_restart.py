"""What is served outlives the server; syncs follow the clock. On a localcloud of its own."""

import os
import signal
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from google.api_core.exceptions import NotFound
from google.cloud import aiplatform, bigquery
from vertexai.resources.preview import FeatureOnlineStore, FeatureView

from localcloud.clock import Clock
from localcloud.home import Home
from localcloud.server_state import read_state
from tests.conftest import Localcloud
from tests.feature_store.feature_client import (
    COLUMNS,
    PATIENCE,
    ROWS,
    Tables,
    people_view,
    read,
    synced,
    table_view,
)
from tests.vertex import LOCATION, PROJECT, eventually, unique


@pytest.fixture(scope="module")
def own(start_localcloud: Callable[[], Localcloud]) -> Iterator[Localcloud]:
    """Its clock may be moved, and its server killed."""
    made = start_localcloud()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in made.environment.items():
            patch.setenv(name, value)
        yield made


@pytest.fixture(autouse=True)
def _connected(own: Localcloud) -> None:
    # gRPC reads its roots once a process, and each localcloud has its own authority
    aiplatform.init(project=PROJECT, location=LOCATION, api_transport="rest")


@pytest.fixture
def store(own: Localcloud) -> FeatureOnlineStore:
    return FeatureOnlineStore.create_bigtable_store(unique())


@pytest.fixture
def tables(own: Localcloud) -> Tables:
    return Tables(bigquery.Client(project=PROJECT))


def test_what_was_synced_is_served_after_a_crash(
    own: Localcloud, tables: Tables, store: FeatureOnlineStore
) -> None:
    view = synced(people_view(store, tables.create(COLUMNS, *ROWS)))
    before = read(view, "a")
    state = read_state(Home(own.home))
    assert state
    os.kill(state.pid, signal.SIGKILL)
    own.up()
    assert read(view, "a") == before
    assert len(view.list_syncs()) == 1


def test_a_view_is_synced_by_its_cron(
    own: Localcloud, tables: Tables, store: FeatureOnlineStore
) -> None:
    table = tables.create({"id": "STRING", "size": "INT64"}, "'a', 1")
    view = table_view(store, table, "id", sync_config="TZ=Asia/Tokyo 0 6 * * *")
    assert view.list_syncs() == []
    clock = Clock(own.home / "clock")
    clock.advance(timedelta(days=1))
    assert eventually(lambda: serves(view, 1), PATIENCE)
    tables.delete(table, "TRUE")
    tables.add(table, "'a', 2")
    clock.advance(timedelta(days=1))
    assert eventually(lambda: serves(view, 2), PATIENCE)
    assert len(view.list_syncs()) == 2


def serves(view: FeatureView, size: int) -> bool:
    """Whether an entity is served with this value by now."""
    try:
        return read(view, "a") == {"size": size}
    except NotFound:
        return False
