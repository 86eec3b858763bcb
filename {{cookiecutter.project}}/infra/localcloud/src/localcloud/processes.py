"""Processes of other people's code: steps and model servers, which end when localcloud ends."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Protocol

from localcloud import gcs_mount
from localcloud.images import Image

_INHERITED = ("HOME", "LANG", "LC_ALL", "LOGNAME", "PATH", "SHELL", "TERM", "TMPDIR", "TZ", "USER")


class Process(Protocol):
    """A process that leads a group of its own, such as a Popen of `start`."""

    pid: int

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, once it has ended; raises TimeoutExpired after that many seconds."""
        ...

    def poll(self) -> int | None:
        """Its exit code, if it has ended."""
        ...


def image_environment(image: Image, cloud_environment: Mapping[str, str]) -> dict[str, str]:
    """The variables of a process of this image: a little of ours, the image's, the cloud's.

    `PATH` starts with the folder of the image's Python, so that `python` is that one.
    """
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    path = f"{image.python.parent}{os.pathsep}{inherited.get('PATH', os.defpath)}"
    return {**inherited, **image.env, **cloud_environment, "PATH": path}


def start(
    command: Sequence[str], environment: Mapping[str, str], folder: Path, log: IO[bytes]
) -> subprocess.Popen[bytes]:
    """Start a command in its own process group; on Linux it is killed when localcloud dies.

    It finds Cloud Storage at `/gcs`, if the machine allows that.

    Call it from a thread that lives at least as long as the process: the kernel takes the
    thread that started it for its parent.
    """
    return subprocess.Popen(
        [*gcs_mount.launcher(environment, os.getpid()), *command],
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def stop(process: Process, grace_seconds: float) -> None:
    """Ask the whole process group to end, and kill what is left of it after the grace."""
    _signal(process, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(grace_seconds)
    _signal(process, signal.SIGKILL)
    process.wait()


def tail(log: Path, lines: int = 20) -> str:
    """The last lines of a log, which is empty if the file is not there."""
    if not log.exists():
        return ""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 16_384))
        text = file.read().decode(errors="replace")
    return "\n".join(text.splitlines()[-lines:])


def _signal(process: Process, number: signal.Signals) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return  # the group has ended
