"""A repository: packages named after their pipelines, versions named after their content.

`FOLDER/PACKAGE/sha256:DIGEST` is a version; `FOLDER/PACKAGE/tags/TAG` holds the version of a tag.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import yaml
from google.api_core.exceptions import InvalidArgument, NotFound

from localcloud.files import write_private

_PACKAGE = re.compile(r"[a-z0-9][a-z0-9-]{3,127}")
_TAG = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._-]{0,127}")
_VERSION = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class PipelineRepository:
    """The compiled pipelines of one repository."""

    folder: Path

    def upload(self, content: bytes, tags: Iterable[str]) -> tuple[str, str]:
        """Keep a compiled pipeline, and move tags to it; its package and version.

        Raises:
            InvalidArgument: it is no compiled pipeline, or a name is not one of Artifact Registry.
        """
        package, version = _package(content), f"sha256:{hashlib.sha256(content).hexdigest()}"
        names = list(tags)
        for tag in names:
            if not _TAG.fullmatch(tag):
                raise InvalidArgument(f"{tag!r} is no tag: use letters, digits, '.', '_' and '-'.")
        folder = self.folder / package
        (folder / "tags").mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(folder / version, content)
        for tag in names:
            write_private(folder / "tags" / tag, version.encode())
        return package, version

    def download(self, package: str, reference: str) -> bytes:
        """A compiled pipeline, by its version or by a tag.

        Raises:
            NotFound: there is no such package, version or tag.
        """
        if _PACKAGE.fullmatch(package):
            folder, version = self.folder / package, reference
            if _TAG.fullmatch(reference) and (folder / "tags" / reference).is_file():
                version = (folder / "tags" / reference).read_text()
            if _VERSION.fullmatch(version) and (folder / version).is_file():
                return (folder / version).read_bytes()
        raise NotFound(f"There is no pipeline {package} {reference} in this repository.")


def _package(content: bytes) -> str:
    """The name of a compiled pipeline, which becomes that of its package."""
    try:
        document = yaml.safe_load(content)
        name = document["pipelineInfo"]["name"]
    except (yaml.YAMLError, KeyError, TypeError):
        raise InvalidArgument("A compiled pipeline must have a pipelineInfo.name.") from None
    if not isinstance(name, str) or not _PACKAGE.fullmatch(name):
        raise InvalidArgument(
            f"A pipeline named {name!r} cannot be uploaded: use 4 to 128 lower-case letters, digits"
            " and hyphens."
        )
    return name
