"""What a change does to the compiled pipelines: those of now next to those of a git revision."""

from __future__ import annotations

import difflib
import io
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from mlops.errors import UserError
from mlops.pipelines.compiler import BUILD, PIPELINES, compile_pipeline

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlops.settings import Images

_TAG = re.compile(r"(?m)^( +image: \S+/([^/\s:]+)):(\S+)$")


class DifferenceError(UserError):
    """The pipelines of a revision cannot be compiled."""


def compare_pipelines(base: str, environment: str, images: Images) -> Iterator[str]:
    """The lines of a unified diff of all compiled pipelines, from a revision to the work tree.

    An image's tag changes with each line of code, so tags take no part; which images have
    changed is told once for each pipeline. Nothing for pipelines that are alike.

    Args:
        base: the git revision to compare with.
        environment: whose settings hold, on both sides.
        images: where the images of now lie.

    Raises:
        DifferenceError: git does not know the revision, or its pipelines do not compile.
    """
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        before = _compile_revision(base, environment, folder / "base")
        after = {
            path.stem: path.read_text(encoding="utf-8")
            for path in (compile_pipeline(name, images, folder / "now") for name in PIPELINES)
        }
    for name in sorted({*before, *after}):
        yield from compare_specs(name, before.get(name, ""), after.get(name, ""))


def compare_specs(name: str, before: str, after: str) -> Iterator[str]:
    """The lines of a unified diff of one compiled pipeline; an empty text is no pipeline."""
    yield from difflib.unified_diff(
        _without_tags(before),
        _without_tags(after),
        f"base/{name}.yaml" if before else "/dev/null",
        f"now/{name}.yaml" if after else "/dev/null",
        lineterm="",
    )
    old, new = _find_tags(before), _find_tags(after)
    for image in sorted(old.keys() & new.keys()):
        if old[image] != new[image]:
            yield f"{name}: the image {image} has changed, {old[image]} -> {new[image]}"


def _compile_revision(base: str, environment: str, folder: Path) -> dict[str, str]:
    """The pipelines that a revision's own code compiles, by name."""
    with tarfile.open(fileobj=io.BytesIO(_archive(base))) as archive:
        archive.extractall(folder, filter="data")
    ignored = ("MLOPS_CONFIG", "MLOPS_ENVIRONMENT")
    variables = {name: value for name, value in os.environ.items() if name not in ignored}
    done = subprocess.run(
        [sys.executable, "-m", "mlops.cli", "pipelines", "compile", "-e", environment],
        cwd=folder,
        env={**variables, "PYTHONPATH": str((folder / "src").resolve())},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["no reason was given"])[-1]
        raise DifferenceError(f"The pipelines of {base} do not compile: {reason}")
    return {path.stem: path.read_text(encoding="utf-8") for path in (folder / BUILD).glob("*.yaml")}


def _archive(base: str) -> bytes:
    """The files below this folder at a revision, as a tar archive."""
    command = ["git", "archive", "--format=tar", "--end-of-options", base]
    try:
        done = subprocess.run(command, capture_output=True, check=False)
    except FileNotFoundError:
        raise DifferenceError("git is not installed: nothing to compare with.") from None
    if done.returncode != 0:
        reason = done.stderr.decode(errors="replace").strip().removeprefix("fatal: ")
        raise DifferenceError(f"git does not give the files of {base!r}: {reason}.")
    return done.stdout


def _without_tags(spec: str) -> list[str]:
    return _TAG.sub(r"\1", spec).splitlines()


def _find_tags(spec: str) -> dict[str, str]:
    return {image: tag for _, image, tag in _TAG.findall(spec)}
