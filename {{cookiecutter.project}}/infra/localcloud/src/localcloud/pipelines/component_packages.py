"""The packages that a KFP component installs when it starts, here installed once for all tasks."""

import hashlib
import json
import os
import re
import shlex
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from google.api_core.exceptions import FailedPrecondition
from packaging.version import Version

from localcloud import processes
from localcloud.images import Image
from localcloud.virtual_environment import build_once, creation, python_of, site_packages

_PIP_INSTALL = ["-m", "pip", "install"]
_AT_ONCE = threading.Semaphore(os.cpu_count() or 1)  # installations, of all jobs
_KFP = re.compile(r"kfp==(\d+(?:\.\d+)*)")
_LOCAL = re.compile(r"(?:.* @ )?(?:file://)?(?P<path>/[^#]*).*")


def ensure(image: Image, command: Sequence[str], output: IO[bytes]) -> Path:
    """The Python of an image's environment, with what the command installs on top of it.

    pip takes what the image has as it is, where it fits; uv cannot, which sees nothing outside of
    the environment that it installs into.

    Args:
        image: its own environment is left alone.
        command: of the container; KFP's compiler puts a shell script in front that runs pip.
        output: is told what pip says.

    Raises:
        FailedPrecondition: pip cannot install them.
    """
    python = image.python
    installs = _installs(command)
    if not installs:
        return python
    below = site_packages(python)
    installs = [arguments for arguments in installs if not _is_there(arguments, below)]
    if not installs:
        return python
    content = sorted(each.name for each in below.glob("*.dist-info"))
    files = [_modified(word) for arguments in installs for word in arguments]
    identity = json.dumps([str(python), content, installs, files])
    digest = hashlib.sha256(identity.encode()).hexdigest()[:16]
    environment = image.environments / f"{image.name}-packages-{digest}"

    def build() -> None:
        with _AT_ONCE:
            _build(environment, image, installs, output)

    return build_once(environment, build)


def _installs(command: Sequence[str]) -> list[list[str]]:
    """The arguments of each `pip install` of KFP's script, which are joined by `&&`."""
    script = next((word for word in command[:-1] if " ".join(_PIP_INSTALL) in word), "")
    words = shlex.split(script)
    starts = [at + 3 for at in range(len(words)) if words[at : at + 3] == _PIP_INSTALL]
    return [words[start : words.index("&&", start)] for start in starts]


def _is_there(arguments: Sequence[str], packages: Path) -> bool:
    """Whether this is how KFP installs itself, into an image that has it as new or newer.

    An older one may not know what the component was compiled to.
    """
    pinned = next((match[1] for word in arguments if (match := _KFP.fullmatch(word))), "")
    if not pinned or "--no-deps" not in arguments:
        return False
    if (packages / f"kfp-{pinned}.dist-info").is_dir():
        return True
    found = [each.name[4:-10] for each in packages.glob("kfp-[0-9]*.dist-info")]
    return any(Version(version) >= Version(pinned) for version in found)


def _modified(requirement: str) -> int:
    """When a requirement that is a local file or folder was changed last."""
    match = _LOCAL.fullmatch(requirement)
    path = Path(match["path"]) if match else Path()
    files = [path, *path.rglob("*")] if match and path.exists() else []
    return max((file.stat().st_mtime_ns for file in files), default=0)


def _build(
    environment: Path, image: Image, installs: Sequence[Sequence[str]], output: IO[bytes]
) -> None:
    python = python_of(environment)
    _run(creation(environment, image.python), image, output)
    below = site_packages(image.python)
    layer = site_packages(python) / "localcloud-image.pth"
    layer.write_text(f"import site; site.addsitedir({str(below)!r})\n")
    for arguments in installs:
        pip = [sys.executable, "-m", "pip", "--python", str(python), "install"]
        _run([*pip, *arguments], image, output)


def _run(command: Sequence[str], image: Image, output: IO[bytes]) -> None:
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    done = subprocess.run(
        command,
        env={**inherited, **image.env, "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if done.returncode != 0:
        raise FailedPrecondition(
            f"{shlex.join(command)} exited with {done.returncode}; its last lines are:\n"
            f"{processes.tail(Path(output.name))}"
        )
