"""Virtual environments made from hashed locks, once per lock, shared by every localcloud."""

import fcntl
import hashlib
import logging
import os
import shutil
import subprocess
import sys
import sysconfig
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from google.api_core.exceptions import FailedPrecondition
from uv import find_uv_bin

Report = Callable[[str], None]

_LOG = logging.getLogger(__name__)
_COMPLETE = "localcloud-complete"  # written last: a folder without it is never used
_PACKAGE_LIST = (" +", " -", " ~")  # uv ends with a line for each package: too many to show


def default_folder() -> Path:
    """Where environments are kept: `LOCALCLOUD_ENVIRONMENTS`, else the user's cache folder."""
    if chosen := os.environ.get("LOCALCLOUD_ENVIRONMENTS"):
        return Path(chosen)
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "localcloud" / "environments"


def ensure(folder: Path, name: str, lock: Path, version: str, report: Report = _LOG.info) -> Path:
    """The Python of the environment that holds what the lock lists; builds it if it is missing.

    Args:
        folder: where all environments are kept.
        name: the image's name, the first part of the environment's name.
        lock: a hashed requirements file.
        version: Python's major and minor version, such as `3.11`.
        report: is told what happens, a line at a time.

    Raises:
        FailedPrecondition: that Python is not installed, or the lock cannot be installed.
    """
    environment = _environment(folder, name, lock, version)

    def build() -> None:
        _build(environment, name, lock, find_interpreter(name, version), report)

    return build_once(environment, build)


def is_built(folder: Path, name: str, lock: Path, version: str) -> bool:
    """Whether `ensure` would have nothing to build; arguments as there."""
    return _is_complete(_environment(folder, name, lock, version))


def build_once(environment: Path, build: Callable[[], None]) -> Path:
    """The Python of an environment, built if it is missing; two localclouds never both do so."""
    if not _is_complete(environment):
        environment.parent.mkdir(parents=True, exist_ok=True)
        with _locked(environment.parent / f"{environment.name}.lock"):
            if not _is_complete(environment):
                shutil.rmtree(environment, ignore_errors=True)
                build()
                (environment / _COMPLETE).touch()
    return python_of(environment)


def creation(environment: Path, interpreter: str | Path) -> list[str]:
    """The command that makes an empty environment."""
    options = ["--quiet", "--no-project", "--python", str(interpreter)]
    return [find_uv_bin(), "venv", *options, str(environment)]


def site_packages(python: Path) -> Path:
    """The folder with an environment's packages.

    Raises:
        FailedPrecondition: it is not the Python of an environment.
    """
    if python == Path(sys.executable):
        return Path(sysconfig.get_path("purelib"))
    for found in python.parent.parent.glob("lib/python3.*/site-packages"):
        return found
    raise FailedPrecondition(f"{python} is not the Python of a virtual environment.")


def python_of(environment: Path) -> Path:
    """Where an environment's Python is, or will be."""
    return environment / "bin" / "python"


def find_interpreter(name: str, version: str) -> str:
    """A Python of this major and minor version: the running one if it fits, or one on the PATH.

    Raises:
        FailedPrecondition: there is none.
    """
    if f"{sys.version_info.major}.{sys.version_info.minor}" == version:
        return sys.executable
    if found := shutil.which(f"python{version}"):
        return found
    raise FailedPrecondition(
        f"Image {name} needs Python {version}, which is not on the PATH; install it, or change"
        " FROM in its Dockerfile."
    )


def _environment(folder: Path, name: str, lock: Path, version: str) -> Path:
    digest = hashlib.sha256(lock.read_bytes() + version.encode()).hexdigest()[:16]
    return folder / f"{name}-{digest}"


def _is_complete(environment: Path) -> bool:
    return (environment / _COMPLETE).exists() and python_of(environment).exists()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _build(environment: Path, name: str, lock: Path, interpreter: str, report: Report) -> None:
    report(f"building the environment of image {name} (first time, some minutes)…")
    start = time.monotonic()
    sync = [find_uv_bin(), "pip", "sync", "--require-hashes", "--compile-bytecode"]
    install = [*sync, "--python", str(python_of(environment)), str(lock)]
    for command in (creation(environment, interpreter), install):
        _run(command, name, lock.parent, report)
    seconds = time.monotonic() - start
    report(f"built the environment of image {name} in {seconds:.0f} s: {environment}")


def _run(command: list[str], name: str, folder: Path, report: Report) -> None:
    last: deque[str] = deque(maxlen=10)
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        for line in process.stdout or ():
            last.append(line.rstrip())
            if line.strip() and not line.startswith(_PACKAGE_LIST):
                report(f"{name}: {line.rstrip()}")
    if process.returncode != 0:
        raise FailedPrecondition(
            f"The environment of image {name} could not be built; uv says:\n" + "\n".join(last)
        )
