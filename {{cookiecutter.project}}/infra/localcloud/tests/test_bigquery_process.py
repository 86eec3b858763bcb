"""The child process that runs BigQuery."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from google.api_core import exceptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from localcloud.bigquery.emulator import BigQuery
from localcloud.bigquery.forwarding import Forwarder
from localcloud.home import Home
from localcloud.server_state import read_state
from tests.bigquery_client import PROJECT, detect, rows
from tests.bigquery_client import client as client
from tests.bigquery_client import dataset as dataset
from tests.bigquery_client import home as home
from tests.bigquery_client import trips as trips
from tests.conftest import Localcloud
from tests.loopback import serve
from tests.vertex import eventually


def make_home(root: Path) -> Home:
    home = Home(root)
    home.create()
    return home


def connect(address: str) -> bigquery.Client:
    return bigquery.Client(
        project=PROJECT,
        credentials=AnonymousCredentials(),
        client_options={"api_endpoint": address},
    )


def test_data_survives_a_kill_and_the_child_starts_again(tmp_path: Path) -> None:
    emulator = BigQuery(make_home(tmp_path / "home"), tmp_path)
    assert emulator.pid is None  # nobody has needed it
    try:
        with serve(emulator.rest_app) as address:
            client = connect(address)
            client.create_dataset("kept")
            client.load_table_from_json([{"x": 1}], "kept.t", job_config=detect()).result()
            client.query_and_wait("INSERT INTO kept.t (x) VALUES (2)")
            assert emulator.pid is not None
            os.kill(emulator.pid, signal.SIGKILL)
            assert eventually(lambda: answers(client))
            assert rows(client, "SELECT SUM(x) FROM kept.t") == [(3,)]
            assert client.get_table("kept.t").num_rows == 2
    finally:
        emulator.stop()


def answers(client: bigquery.Client) -> bool:
    """Whether it does; a request that meets the child's end is refused at once."""
    try:
        client.query_and_wait("SELECT 1")
    except exceptions.ServiceUnavailable as error:
        assert "has ended" in error.message  # noqa: PT017 - the other outcome is as good
        return False
    return True


def test_start_that_fails_names_the_log(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home")
    (home.bigquery / "bqemulator.duckdb").write_bytes(b"not a database" * 1000)
    emulator = BigQuery(home, tmp_path)
    with pytest.raises(ChildProcessError, match=r"bigquery\.log"):
        emulator.start()
    with (
        serve(emulator.rest_app) as address,
        pytest.raises(exceptions.ServiceUnavailable, match="BigQuery did not start"),
    ):
        connect(address).query_and_wait("SELECT 1")


def test_child_ends_with_the_server(start_localcloud: Callable[[], Localcloud]) -> None:
    localcloud = start_localcloud()
    state = read_state(Home(localcloud.home))
    assert state is not None
    os.kill(state.pid, signal.SIGKILL)
    localcloud.up()  # would fail if the tables were still locked
    with pytest.MonkeyPatch.context() as patch:
        for name, value in localcloud.environment.items():
            patch.setenv(name, value)
        assert rows(bigquery.Client(project=PROJECT), "SELECT 1") == [(1,)]


def test_a_connection_that_the_child_may_be_closing_is_not_used_again(tmp_path: Path) -> None:
    with (
        serve(_tell_connection) as child,
        serve(Forwarder(lambda: child.removeprefix("http://"), tmp_path / "log")) as address,
        httpx.Client(trust_env=False) as client,
    ):
        first, soon = (client.get(address).text for _ in range(2))
        time.sleep(3)  # uvicorn closes after 5 s; a request at that moment would be lost
        later = client.get(address).text
    assert first == soon != later


async def _tell_connection(scope: Scope, receive: Receive, send: Send) -> None:
    await Response(str(scope["client"]))(scope, receive, send)
