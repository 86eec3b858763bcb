"""References of the container images, each named by its folder under infra/images."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from mlops.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlops.settings import Images

FOLDER = Path("infra/images")
SOURCE = Path("src")


class ImageError(UserError):
    """A component names an image that has no folder."""


def image_reference(images: Images, name: str) -> str:
    """`REPOSITORY/NAME@DIGEST` of a release, else `REPOSITORY/NAME:TAG`.

    The tag is by default a digest of what the image is built from.

    Raises:
        ImageError: there is no such folder under infra/images.
    """
    if name in images.digests:
        return f"{images.repository}/{name}@{images.digests[name]}"
    if not FOLDER.is_dir():
        raise ImageError(f"{FOLDER} is missing: run this from the project's root.")
    if not (FOLDER / name / "Dockerfile").is_file():
        known = ", ".join(sorted(path.parent.name for path in FOLDER.glob("*/Dockerfile")))
        raise ImageError(f"No image is named {name!r}: the folders in {FOLDER} are {known}.")
    return f"{images.repository}/{name}:{images.tag or _digest(name)}"


def _digest(name: str) -> str:
    digest = hashlib.sha256()
    for path in _context(name):
        digest.update(str(path).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def _context(name: str) -> Iterator[Path]:
    yield from sorted(path for path in (FOLDER / name).rglob("*") if path.is_file())
    yield from sorted(SOURCE.rglob("*.py"))
