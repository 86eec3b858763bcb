"""Deployed models outlive localcloud, however it ends; their processes do not."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from google.cloud import aiplatform

from localcloud.home import Home
from localcloud.server_state import read_state
from tests.conftest import Localcloud
from tests.vertex import connect, eventually, upload


@pytest.fixture(scope="module")
def own(start_localcloud: Callable[[], Localcloud]) -> Localcloud:
    """A localcloud that may be ended."""
    return start_localcloud()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_models_serve_again(own: Localcloud, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    for name, value in own.environment.items():
        monkeypatch.setenv(name, value)
    connect("rest")  # gRPC reads its roots once a process, and each localcloud has its own CA
    endpoint = aiplatform.Endpoint.create(display_name="endpoint")
    endpoint.deploy(upload(version_aliases=["champion"]))
    before = endpoint.predict([{"process": True}])
    end(own, number)
    assert eventually(lambda: not Path(f"/proc/{before.predictions[0]}").exists(), seconds=5)
    own.up()
    after = aiplatform.Endpoint(endpoint.resource_name).predict([{"process": True}])
    assert after.predictions != before.predictions
    assert after.deployed_model_id == before.deployed_model_id
    assert "champion" in aiplatform.Model(before.model_resource_name).version_aliases


def end(localcloud: Localcloud, number: int) -> None:
    """End a server as `localcloud down` or as a crash does."""
    if number == signal.SIGTERM:
        assert localcloud.cli("down").returncode == 0
    else:
        state = read_state(Home(localcloud.home))
        assert state
        os.kill(state.pid, number)
