"""The process of one deployed model: started, watched, restarted, asked, stopped."""

import contextlib
import logging
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path

import httpx
from google.api_core.exceptions import (
    DeadlineExceeded,
    FailedPrecondition,
    GoogleAPICallError,
    InternalServerError,
    ServiceUnavailable,
)

from localcloud import processes
from localcloud.ports import free_ports
from localcloud.prediction.container import Container
from localcloud.processes import Process

_LOG = logging.getLogger(__name__)
logging.getLogger("httpx").setLevel(logging.WARNING)  # it would log each health check
_POLL_SECONDS = 0.05
_HEALTH_SECONDS = 10.0  # what Vertex allows for one health check
PREDICT_SECONDS = 60.0  # what Vertex allows for one online prediction
_GRACE_SECONDS = 10.0
_ENDING_SECONDS = 2.0  # a process that has dropped a connection is given this long to be gone
_RESTARTS = 5  # in a row
_BACKOFF_SECONDS = 0.25  # doubled with each restart in a row
_STABLE_SECONDS = 30.0  # ready for so long, the next restart is the first in a row
# A connection is not used again once the server may be closing it: uvicorn does after 5 s.
_LIMITS = httpx.Limits(max_keepalive_connections=64, keepalive_expiry=4.0)


class State(Enum):
    """Where a server is in its life."""

    STARTING = "starting"
    READY = "ready"
    RESTARTING = "restarting"
    FAILED = "not running"
    STOPPED = "undeployed"


class PredictionServer:
    """One model server.

    A thread of its own prepares and starts the process and lives as long as it does, so that
    starting never waits.
    """

    def __init__(
        self, name: str, prepare: Callable[[], Container], folder: Path, log: Path
    ) -> None:
        self._name = name
        self._prepare = prepare
        self._folder = folder
        self.log = log
        self._state = State.STARTING
        self._changed = threading.Condition()
        self._error: GoogleAPICallError | None = None
        self._process: Process | None = None
        self._address = self._predict_route = ""
        self._client = httpx.Client(trust_env=False, limits=_LIMITS, timeout=PREDICT_SECONDS)
        self._thread = threading.Thread(target=self._supervise, name=name, daemon=True)

    def start(self) -> None:
        """Start the process; `wait_ready` tells when it answers."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self._folder.mkdir(parents=True, exist_ok=True)
        self._thread.start()

    def wait_ready(self) -> None:
        """Return once the model answers.

        Raises:
            FailedPrecondition: it ended or was not healthy in time; the message has its log's end.
            GoogleAPICallError: its container cannot be prepared.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._state is not State.STARTING)
            if self._state is not State.READY:
                raise self._error or self._unavailable()

    @property
    def is_ready(self) -> bool:
        """Whether the model answers."""
        with self._changed:
            return self._state is State.READY

    def predict(
        self, body: bytes, content_type: str, seconds: float = PREDICT_SECONDS
    ) -> httpx.Response:
        """What the container answers to a request on its predict route.

        Raises:
            ServiceUnavailable: the process is not running, or ended before it answered.
            DeadlineExceeded: it did not answer in these seconds.
        """
        answer = self.stream(body, content_type, seconds)
        with self._explained_errors(seconds):
            answer.read()
        return answer

    def stream(
        self, body: bytes, content_type: str, seconds: float = PREDICT_SECONDS, route: str = ""
    ) -> httpx.Response:
        """The same, or of another route, once it has begun; `chunks` has its body and closes it.

        Raises:
            ServiceUnavailable: the process is not running, or ended before it answered.
            DeadlineExceeded: it did not begin to answer in these seconds.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._state is not State.STARTING, seconds)
            if self._state is not State.READY:
                raise self._unavailable()
            url = self._address + (route or self._predict_route)
        request = self._client.build_request(
            "POST", url, content=body, headers={"Content-Type": content_type}, timeout=seconds
        )
        with self._explained_errors(seconds):
            return self._client.send(request, stream=True)

    def chunks(self, answer: httpx.Response) -> Iterator[bytes]:
        """The body of an answer, piece by piece as the container sends it.

        Raises:
            ServiceUnavailable: the process ended in between.
            DeadlineExceeded: it paused for longer than Vertex allows.
        """
        with contextlib.closing(answer), self._explained_errors(PREDICT_SECONDS):
            yield from answer.iter_bytes()

    def stop(self) -> None:
        """End the process; the requests that it is answering may finish."""
        with self._changed:
            self._set(State.STOPPED)
            process = self._process
        if process is not None:
            processes.stop(process, _GRACE_SECONDS)
        self._thread.join()
        self._client.close()

    @contextlib.contextmanager
    def _explained_errors(self, seconds: float) -> Iterator[None]:
        process = self._process
        try:
            yield
        except httpx.TimeoutException as error:
            raise DeadlineExceeded(
                f"{self._name} did not answer in {seconds:.0f} s; see {self.log}."
            ) from error
        except httpx.TransportError as error:
            _await_end(process)
            raise ServiceUnavailable(
                f"{self._name} ended before it answered; see {self.log}."
            ) from error

    def _supervise(self) -> None:
        try:
            self._serve(self._prepare())
        except GoogleAPICallError as error:
            self._fail(error)
        except Exception as error:
            _LOG.exception("%s", self._name)
            self._fail(InternalServerError(f"{self._name}: {type(error).__name__}: {error}"))

    def _serve(self, container: Container) -> None:
        """Run the process again and again, until it is stopped or cannot be kept running.

        Raises:
            FailedPrecondition: its first run failed, or too many in a row ended.
        """
        self._run(container)
        restarts = 0
        while self._state is not State.STOPPED:
            if restarts == _RESTARTS:
                raise FailedPrecondition(f"{self._name} keeps ending; see {self.log}.")
            self._set(State.RESTARTING)
            delay = _BACKOFF_SECONDS * 2**restarts
            _LOG.warning("%s ended; it starts again in %.2f s", self._name, delay)
            if self._is_stopped_within(delay):
                return
            restarts = 0 if self._restart(container) > _STABLE_SECONDS else restarts + 1

    def _restart(self, container: Container) -> float:
        """Run the process again; for how many seconds it ran."""
        started = time.monotonic()
        try:
            self._run(container)
        except FailedPrecondition as error:
            _LOG.warning("%s", error.message)
        return time.monotonic() - started

    def _run(self, container: Container) -> None:
        """Run the process once, until it has ended.

        Raises:
            FailedPrecondition: it did not become healthy.
        """
        [port] = free_ports(1)
        with self._changed, self.log.open("ab") as log:
            if self._state is State.STOPPED:
                return
            self._process = process = container.start(port, self._folder, log)
        address = f"http://127.0.0.1:{port}"
        try:
            self._await_health(process, address + container.health_route, container.timeout)
            self._address, self._predict_route = address, container.predict_route
            self._set(State.READY)
            process.wait()
        finally:
            processes.stop(process, _GRACE_SECONDS)

    def _await_health(self, process: Process, url: str, timeout: float) -> None:
        deadline = time.monotonic() + timeout
        while not self._is_healthy(url):
            if (code := process.poll()) is not None:
                raise self._failure(f"exited unexpectedly with exit code {code}")
            if time.monotonic() > deadline:
                raise self._failure(
                    f"never became ready: no 200 from {url} (AIP_HTTP_PORT, AIP_HEALTH_ROUTE)"
                    f" within {timeout:.0f} s"
                )
            if self._is_stopped_within(_POLL_SECONDS):
                return

    def _is_healthy(self, url: str) -> bool:
        try:
            return self._client.get(url, timeout=_HEALTH_SECONDS).status_code == 200
        except httpx.TransportError:
            return False

    def _is_stopped_within(self, seconds: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self._state is State.STOPPED, seconds)

    def _set(self, state: State) -> None:
        """Go to a state; what is stopped stays so."""
        with self._changed:
            if self._state is not State.STOPPED:
                self._state = state
                self._changed.notify_all()

    def _fail(self, error: GoogleAPICallError) -> None:
        _LOG.error("%s", error.message)
        with self._changed:
            self._error = error
            self._set(State.FAILED)

    def _failure(self, what: str) -> FailedPrecondition:
        end = processes.tail(self.log)
        return FailedPrecondition(
            f"Model server {what}. {self._name}; its log is {self.log}"
            + (f" and ends with:\n{end}" if end else ".")
        )

    def _unavailable(self) -> ServiceUnavailable:
        return ServiceUnavailable(f"{self._name} is {self._state.value}; see {self.log}.")


def _await_end(process: Process | None) -> None:
    """Wait for a process that has dropped a connection to be gone.

    A request that followed at once could still reach its socket, and be lost without blame.
    """
    if process is not None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_ENDING_SECONDS)
