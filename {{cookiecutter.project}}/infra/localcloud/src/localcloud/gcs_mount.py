"""Cloud Storage at `/gcs`, where Vertex AI mounts it in every container."""

import functools
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from localcloud.home import Home

_LAUNCHER = (sys.executable, "-I", "-S", str(Path(__file__).with_name("launcher.py")))


def launcher(environment: Mapping[str, str], parent: int = 0) -> list[str]:
    """What to put in front of a command that is to find Cloud Storage at `/gcs`, if it can.

    Args:
        environment: the command's variables, which name the localcloud whose storage it is.
        parent: the process that it must not outlive, if any.
    """
    storage = _storage(environment)
    mounted = storage if storage and not _refusal(storage) else ""
    return [*_LAUNCHER, str(parent), str(mounted)]


def explain(failure: str, storage: Path) -> str:
    """A failure, with a hint if it has to do with `/gcs` not being there."""
    if "/gcs/" not in failure or not (reason := _refusal(storage)):
        return failure
    return (
        f"{failure}\nCloud Storage is not at /gcs here ({reason}): a program that makes such a path"
        " itself does not find it; KFP's paths of artifacts work."
    )


def _storage(environment: Mapping[str, str]) -> Path | None:
    home = environment.get("LOCALCLOUD_HOME")
    return Home(Path(home)).storage if home else None


@functools.cache
def _refusal(storage: Path) -> str:
    """Why processes cannot be given `/gcs`; empty if they can.

    Some kernels, containers and distributions keep mount namespaces from their users.
    """
    if sys.platform != "linux":
        return "only Linux has mount namespaces"
    command = [*_LAUNCHER, "0", str(storage), "true"]
    done = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False)
    return done.stderr.strip().rpartition("\n")[2] if done.returncode else ""
