"""Which server runs in a state folder: a lock says whether, a small file says which."""

import fcntl
import hashlib
import json
import os
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from localcloud.files import write_private
from localcloud.home import Home

_TRIES = 10
_PAUSE = 0.01  # seconds


class AlreadyRunningError(Exception):
    """Another server runs in this state folder."""


@dataclass(frozen=True)
class ServerState:
    """The server that runs, or the last one that did.

    `images` is empty where there is no images directory; `sockets` is the folder of the local
    services' Unix sockets; `ready` tells whether it answers yet; `code` is the version of the code
    that it runs.
    """

    pid: int
    port: int
    images: str
    context: str
    sockets: str
    ready: bool
    code: str = ""

    @property
    def address(self) -> str:
        """Where the server listens."""
        return f"http://127.0.0.1:{self.port}"


def code_version() -> str:
    """What changes when localcloud's own code does: a server that runs another is out of date."""
    package = Path(__file__).parent
    files = sorted(path for path in package.rglob("*.py"))
    states = [(str(path.relative_to(package)), path.read_bytes()) for path in files]
    return hashlib.sha256(repr(states).encode()).hexdigest()[:16]


def read_state(home: Home) -> ServerState | None:
    """What the last server wrote, or None."""
    try:
        return ServerState(**json.loads(home.server_state.read_bytes()))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def write_state(home: Home, state: ServerState) -> None:
    """Say which server runs."""
    write_private(home.server_state, json.dumps(asdict(state)).encode())


def is_locked(home: Home) -> bool:
    """Whether a server lives; a killed one does not, whatever its file says."""
    if not home.lock.exists():
        return False
    with home.lock.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def running_server(home: Home) -> ServerState | None:
    """The server that lives and answers, or None."""
    state = read_state(home) if is_locked(home) else None
    return state if state and state.ready and _is_alive(state.pid) else None


def take_lock(home: Home) -> None:
    """Be the one server of a state folder until this process ends.

    What an earlier server has said of itself no longer holds.

    Raises:
        AlreadyRunningError: there is another.
    """
    descriptor = os.open(home.lock, os.O_RDWR | os.O_CREAT, 0o600)
    if not _lock(descriptor):
        os.close(descriptor)
        raise AlreadyRunningError(f"localcloud already runs in {home.root}.")
    last = read_state(home)
    if last:
        write_state(home, replace(last, pid=0, ready=False))


def _lock(descriptor: int) -> bool:
    """Take the lock; more than one try, since those who look hold it for a moment."""
    for _ in range(_TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_PAUSE)
        else:
            return True
    return False


def _is_alive(pid: int) -> bool:
    """Whether there is such a process: between a kill and the next start the file is old."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
