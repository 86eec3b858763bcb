"""Processes forked from a warm one, so that a pipeline's task need not wait for Python to start."""

import json
import logging
import signal
import socket
import subprocess
import sys
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from localcloud import gcs_mount
from localcloud.fork_server import MESSAGE, send

_LOG = logging.getLogger(__name__)
_FORK_SERVER = Path(__file__).with_name("fork_server.py")
_MOST = 8  # servers at a time; each takes some 20 MB
# Variables that are read when a process starts or a library that an image may preload is imported;
# for these a fork would come too late.
_READ_AT_START = (
    *("GLIBC_", "LANG", "LC_", "LD_", "MALLOC_", "PYTHON", "TZ"),
    *("CUDA_", "KERAS_", "MKL_", "OMP_", "OPENBLAS_", "TF_", "XLA_"),
)


class ForkServerEnded(Exception):  # noqa: N818 - a state, not a mistake
    """A fork server ended before it forked, such as one whose Python lacks a module."""


@dataclass(frozen=True)
class Program:
    """What a fork server runs: a script with a `main`, and modules to import before it forks.

    `environment` is the one that the server starts with.
    """

    python: Path
    script: Path
    modules: tuple[str, ...]
    environment: frozenset[tuple[str, str]]

    def can_become(self, environment: Mapping[str, str]) -> bool:
        """Whether a fork can have these variables: none is read when a process starts."""
        changed = self.environment.symmetric_difference(environment.items())
        return not any(name.startswith(_READ_AT_START) for name, _ in changed)


class Fork:
    """A child of a fork server; `processes.stop` takes it as it takes a Popen."""

    def __init__(self, channel: socket.socket) -> None:
        """Wait until the child has started.

        Raises:
            ForkServerEnded: it never will.
        """
        self._channel = channel
        self._lock = threading.Lock()
        self._exit_code: int | None = None
        message = channel.recv(MESSAGE.size)
        if not message:
            channel.close()
            raise ForkServerEnded
        self.pid, _ = MESSAGE.unpack(message)

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, negative for a signal, once the child has ended.

        Raises:
            subprocess.TimeoutExpired: it has not ended after this many seconds.
        """
        if not self._lock.acquire(timeout=-1 if timeout is None else timeout):
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
        try:
            if self._exit_code is None:
                self._exit_code = self._await_end(timeout)
            return self._exit_code
        finally:
            self._lock.release()

    def poll(self) -> int | None:
        """The exit code, if the child has ended."""
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def _await_end(self, timeout: float | None) -> int:
        self._channel.settimeout(timeout)
        try:
            message = self._channel.recv(MESSAGE.size)
        except (TimeoutError, BlockingIOError):
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0) from None
        self._channel.close()
        # A child whose server is killed is killed with it.
        return MESSAGE.unpack(message)[1] if message else -signal.SIGKILL


class ForkServer:
    """The warm process of one program."""

    def __init__(self, program: Program, log: Path) -> None:
        self._lock = threading.Lock()
        self._control, theirs = socket.socketpair()
        environment = dict(program.environment)
        launcher = gcs_mount.launcher(environment)
        arguments = [str(theirs.fileno()), str(program.script), *program.modules]
        with theirs, log.open("ab") as output:
            self._process = subprocess.Popen(
                [*launcher, str(program.python), str(_FORK_SERVER), *arguments],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )

    @property
    def is_alive(self) -> bool:
        """Whether it can still fork."""
        return self._process.poll() is None

    def fork(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
        output: IO[bytes],
    ) -> Fork:
        """Run the program's script with these arguments in a child.

        Raises:
            ForkServerEnded: the server has ended.
        """
        request = {
            "arguments": list(arguments),
            "environment": dict(environment),
            "folder": str(folder),
        }
        content = json.dumps(request).encode()
        ours, theirs = socket.socketpair()
        try:
            with theirs, self._lock:
                send(self._control, content, [output.fileno(), theirs.fileno()])
        except OSError as error:
            ours.close()
            raise ForkServerEnded from error
        return Fork(ours)

    def close(self) -> None:
        """Take no more requests; the server ends after its last child."""
        with self._lock:
            self._control.close()

    def stop(self) -> None:
        """End it, whose children have ended; it may still be importing."""
        self.close()
        self._process.kill()
        self._process.wait()


class ForkServers:
    """The warm processes of one localcloud: those used last, started when they are needed."""

    def __init__(self, logs: Path) -> None:
        self._log = logs / "fork-servers.log"
        self._lock = threading.Lock()
        self._servers: OrderedDict[Program, ForkServer] = OrderedDict()
        self._closed: list[ForkServer] = []

    def fork(
        self,
        program: Program,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
        output: IO[bytes],
    ) -> Fork:
        """Run a program's script with these arguments in a child of its warm process.

        Args:
            program: what `can_become` a process of this environment.
            arguments: of the script.
            environment: all variables of the child.
            folder: its working folder.
            output: what it prints and logs goes here.

        Raises:
            ForkServerEnded: the program cannot be kept warm, or its server was just killed.
        """
        return self._server(program).fork(arguments, environment, folder, output)

    def start(self, program: Program) -> None:
        """Have a program's warm process ready by the time that a task needs it."""
        self._server(program)

    def stop(self) -> None:
        """End all servers, whose children have ended."""
        with self._lock:
            for server in [*self._servers.values(), *self._closed]:
                server.stop()
            self._servers.clear()

    def _server(self, program: Program) -> ForkServer:
        with self._lock:
            server = self._servers.pop(program, None)
            if server is None or not server.is_alive:
                server = ForkServer(program, self._log)
            self._servers[program] = server
            while len(self._servers) > _MOST:
                _, oldest = self._servers.popitem(last=False)
                oldest.close()
                self._closed.append(oldest)
            self._closed = [each for each in self._closed if each.is_alive]
            return server


IS_SUPPORTED = sys.platform == "linux"  # elsewhere system libraries do not survive a fork
