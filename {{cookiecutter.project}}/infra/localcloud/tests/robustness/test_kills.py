"""localcloud is killed at random moments under load: nothing acknowledged is lost."""

import os
import random
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
import yaml
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage
from kfp import compiler, dsl

from localcloud.home import Home
from localcloud.server_state import read_state
from tests.conftest import Localcloud
from tests.robustness.job_writers import CustomJobs, Pipelines
from tests.robustness.writers import BUCKET, Endpoints, Lineage, Models, Objects, Writer
from tests.vertex import PROJECT

KILLS = 25  # for each of the two seeds
IMAGE = f"us-central1-docker.pkg.dev/{PROJECT}/images/steps:1"


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def echo(number: int) -> int:
    return number


@dsl.pipeline(name="two-steps")
def two_steps():
    echo(number=echo(number=1).output)


class Load:
    """Writers that write while localcloud runs, and rest while it does not."""

    def __init__(self, writers: list[Writer]) -> None:
        self.writers = writers
        self.failures: list[BaseException] = []
        self._go = threading.Event()
        self._end = threading.Event()
        self._resting = threading.Semaphore(0)
        self._threads = [threading.Thread(target=self._work, args=(each,)) for each in writers]
        for thread in self._threads:
            thread.start()

    def run(self) -> None:
        self._go.set()

    def rest(self) -> None:
        """Wait until all writers know that localcloud is gone."""
        self._go.clear()
        for _ in self._threads:
            assert self._resting.acquire(timeout=60)

    def end(self) -> None:
        self._end.set()
        self._go.set()
        for thread in self._threads:
            thread.join()

    def _work(self, writer: Writer) -> None:
        while self._go.wait() and not self._end.is_set():
            try:
                while self._go.is_set():
                    writer.write()
            except requests.ConnectionError:
                pass  # it was killed
            except BaseException as error:
                self.failures.append(error)
            while self._go.is_set():
                self._end.wait(0.001)  # killed, but we were told first
            self._resting.release()


def kill(localcloud: Localcloud) -> None:
    state = read_state(Home(localcloud.home))
    assert state
    os.kill(state.pid, signal.SIGKILL)


@pytest.mark.parametrize("seed", [1, 2])
def test_nothing_acknowledged_is_lost(
    start_localcloud: Callable[[], Localcloud],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
) -> None:
    moments = random.Random(seed)  # noqa: S311 - to be repeated
    compiler.Compiler().compile(two_steps, str(tmp_path / "pipeline.yaml"))
    spec = yaml.safe_load((tmp_path / "pipeline.yaml").read_text())
    own = start_localcloud()
    for name, value in own.environment.items():
        monkeypatch.setenv(name, value)
    storage.Client(project=PROJECT, credentials=AnonymousCredentials()).create_bucket(BUCKET)
    jobs, pipelines = CustomJobs(seed), Pipelines(seed, spec)
    load = Load([Models(seed), Endpoints(seed), Objects(seed), Lineage(seed), jobs, pipelines])
    try:
        for number in range(KILLS):
            load.run()
            threading.Event().wait(moments.uniform(0.02, 0.5))  # a random moment
            kill(own)
            load.rest()
            assert not load.failures, f"kill {number}"
            own.up()
            wrong = [
                problem
                for writer in load.writers
                for problem in writer.ledger.check(writer.read, everything=number == KILLS - 1)
            ]
            assert not wrong, f"kill {number}"
        assert not [*jobs.check_ends(), *pipelines.check_ends()]
    finally:
        load.end()
