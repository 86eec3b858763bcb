"""Starting and stopping the server process."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from localcloud.home import Home
from localcloud.server_state import (
    ServerState,
    code_version,
    is_locked,
    read_state,
    running_server,
)

ALREADY_RUNNING = 75  # the server's exit code when another one holds the state folder
_START_PATIENCE = 120.0  # seconds; deployed models of an earlier server start again as well
STOP_PATIENCE = 30.0  # seconds
_PAUSE = 0.05

Result = TypeVar("Result")


class ControlError(Exception):
    """What went wrong, as one sentence for the user."""


def start(home: Home, images: Path | None, context: Path, port: int | None) -> ServerState:
    """Start a server unless one runs, and wait until it answers.

    One that runs older code than this is stopped first.

    Raises:
        ControlError: it does not start, or one runs with other options.
    """
    running = running_server(home)
    if running and running.code != code_version():
        stop(home)
    if not is_locked(home):
        create_home(home)
        _spawn_and_wait(home, images, context, port or 0)
    state = _wait(lambda: running_server(home), _START_PATIENCE)
    if state is None:
        raise ControlError(f"localcloud did not get ready; {home.server_log} may say why.")
    _check_same(state, images, context, port)
    return state


def create_home(home: Home) -> None:
    """Make the state folder.

    Raises:
        ControlError: that place cannot hold one.
    """
    try:
        home.create()
    except OSError as error:
        raise ControlError(
            f"{home.root} cannot hold the state of localcloud ({error.strerror}); name another"
            " folder in LOCALCLOUD_HOME."
        ) from error


def stop(home: Home, patience: float = STOP_PATIENCE) -> bool:
    """Stop the server and all that it runs; whether there was one.

    A server that has not ended after so many seconds is killed, and what it runs with it.

    Raises:
        ControlError: it cannot be stopped.
    """
    if not is_locked(home):
        return False
    for number, seconds in ((signal.SIGTERM, patience), (signal.SIGKILL, 5.0)):
        state = read_state(home)
        if state and state.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(state.pid, number)
        if _wait(lambda: not is_locked(home), seconds):
            return True
    raise ControlError(f"The localcloud in {home.root} does not end; end its process by hand.")


def _spawn_and_wait(home: Home, images: Path | None, context: Path, port: int) -> None:
    arguments = ["--home", str(home.root), "--context", str(context), "--port", str(port)]
    if images:
        arguments += ["--images", str(images)]
    with home.server_log.open("ab") as log:
        before = log.tell()
        process = subprocess.Popen(
            [sys.executable, "-m", "localcloud.server", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    _wait(lambda: process.poll() is not None or _answers(home, process.pid), _START_PATIENCE)
    if process.returncode not in (None, ALREADY_RUNNING):
        raise ControlError(_reason(home, before))


def _answers(home: Home, pid: int) -> bool:
    state = running_server(home)
    return state is not None and state.pid == pid


def _reason(home: Home, before: int) -> str:
    """The last line that a server which failed to start has logged."""
    with home.server_log.open("rb") as log:
        log.seek(before)
        lines = log.read().decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else f"localcloud ended without a word; see {home.server_log}."


def _check_same(state: ServerState, images: Path | None, context: Path, port: int | None) -> None:
    wanted = (str(images or ""), str(context), port or state.port)
    if wanted != (state.images, state.context, state.port):
        raise ControlError(
            f"localcloud runs on port {state.port} with images {state.images or '(none)'} and"
            f" context {state.context}; run `localcloud down` first to change that."
        )


def _wait(condition: Callable[[], Result], seconds: float) -> Result:
    deadline = time.monotonic() + seconds
    while not (result := condition()) and time.monotonic() < deadline:
        time.sleep(_PAUSE)
    return result
