"""Installs the Python packages of a training job: files in Cloud Storage, no index."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from google.api_core.exceptions import FailedPrecondition
from uv import find_uv_bin

_NOTE = (
    "localcloud installs packages without what they depend on: that must be in the image's"
    " requirements.lock.\n"
)


def install(uris: Sequence[str], storage: Path, target: Path, log: Path) -> None:
    """Install source distributions and wheels into a folder that belongs on PYTHONPATH.

    Sources are built with localcloud's own setuptools, so that nothing is downloaded.

    Args:
        uris: `gs://` URIs of the files.
        storage: the folder that is Cloud Storage.
        target: is created.
        log: what happens is appended to this file.

    Raises:
        FailedPrecondition: a file is not there or cannot be installed.
    """
    files = [_link(_file(uri, storage), target.parent / str(n)) for n, uri in enumerate(uris)]
    command = [find_uv_bin(), "pip", "install", "--no-config", "--python", sys.executable]
    flags = ["--target", str(target), "--no-deps", "--no-index", "--no-build-isolation"]
    done = subprocess.run(
        [*command, *flags, *map(str, files)],
        capture_output=True,
        text=True,
        check=False,
    )
    with log.open("a") as file:
        file.write(_NOTE + done.stderr)
    if done.returncode != 0:
        raise FailedPrecondition(
            f"{', '.join(uris)} cannot be installed; uv says:\n{done.stderr.strip()}"
        )


def _link(file: Path, folder: Path) -> Path:
    """The file under a name that uv accepts: sources whose name tells no name and version.

    The SDK puts a timestamp in front of the name, and people rename what they upload.
    """
    folder.mkdir()
    link = folder / (
        file.name if file.suffix == ".whl" else f"sources{''.join(file.suffixes[-2:])}"
    )
    link.symlink_to(file)
    return link


def _file(uri: str, storage: Path) -> Path:
    path = storage / uri.removeprefix("gs://")
    if not path.is_file():
        raise FailedPrecondition(f"Package {uri} is not there; upload it before you start the job.")
    return path
