"""A release: the digests of a commit's images, and the pipelines compiled against them.

Cloud Build makes it once, as a folder: `digests.yaml`, `ENVIRONMENT/PIPELINE.yaml` for each
environment, and `versions.yaml`, by which those are found again in Artifact Registry. What runs
later, in any environment, is what lies there.
"""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from mlops.errors import UserError
from mlops.settings import Images
from mlops.uris import SCHEME, split_uri

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mlops.settings import Settings


VERSIONS = "versions.yaml"
_FOLDER = re.compile(r"gs://[a-z0-9][a-z0-9._-]+/.*[^/]/*")


class ReleaseError(UserError):
    """A folder that holds no release."""


def open_release(place: str) -> Release:
    """A release in a folder of this machine, or fetched from one of Cloud Storage.

    Raises:
        ReleaseError: that is no folder of Cloud Storage, or there is nothing in it.
    """
    if not place.startswith(SCHEME):
        return Release(Path(place))
    from google.cloud import storage

    bucket, prefix = _split(place)
    folder = Path(tempfile.mkdtemp(prefix="release-"))
    blobs = list(storage.Client().bucket(bucket).list_blobs(prefix=f"{prefix}/"))
    if not blobs:
        raise ReleaseError(f"{place} holds no release: deliver one to this environment first.")
    for blob in blobs:
        path = folder / blob.name.removeprefix(f"{prefix}/")
        path.parent.mkdir(parents=True, exist_ok=True)
        blob.download_to_filename(str(path))
    return Release(folder)


def find_specs(
    settings: Settings, environment: str, release: str | None
) -> tuple[Settings, Callable[[str], Path]]:
    """Where compiled pipelines come from: a release, with its images, or this work tree."""
    if release is None:
        from mlops.pipelines.compiler import compile_pipeline

        return settings, partial(compile_pipeline, images=settings.images)
    made = open_release(release)
    return made.pin(settings), partial(made.pipeline, environment)


@dataclass(frozen=True)
class Release:
    """A release's folder."""

    folder: Path

    def pin(self, settings: Settings) -> Settings:
        """The settings with the images named by this release's digests.

        Raises:
            ReleaseError: `digests.yaml` is missing, or is not a digest for each image.
        """
        path = self.folder / "digests.yaml"
        if not path.is_file():
            raise ReleaseError(f"{path} is missing: name the folder of a release of Cloud Build.")
        try:
            digests = yaml.safe_load(path.read_text(encoding="utf-8"))
            images = Images(repository=settings.images.repository, digests=digests)
        except (yaml.YAMLError, ValueError):  # of YAML, text and the model
            raise ReleaseError(f"{path} must hold lines such as `ml: sha256:DIGEST`.") from None
        return settings.model_copy(update={"images": images})

    def pipelines(self, environment: str) -> Path:
        """Where the compiled pipelines of an environment lie."""
        return self.folder / environment

    def pipeline(self, environment: str, name: str) -> Path:
        """A compiled pipeline.

        Raises:
            ReleaseError: it was not compiled.
        """
        path = self.pipelines(environment) / f"{name}.yaml"
        if not path.is_file():
            raise ReleaseError(
                f"{path} is missing: the release was not compiled for {environment}, or has no"
                f" pipeline {name}."
            )
        return path

    def compiled(self) -> Iterator[Path]:
        """All that was compiled, environment by environment.

        Raises:
            ReleaseError: nothing was.
        """
        found = sorted(self.folder.glob("*/*.yaml"))
        if not found:
            raise ReleaseError(f"{self.folder} holds no compiled pipeline: compile into it first.")
        yield from found

    def note_versions(self, versions: dict[str, dict[str, str]]) -> None:
        """Keeps PACKAGE@VERSION of each pipeline of each environment."""
        text = yaml.safe_dump(versions, sort_keys=True)
        (self.folder / VERSIONS).write_text(text, encoding="utf-8")

    def versions(self, environment: str) -> dict[str, str]:
        """PACKAGE@VERSION of each pipeline of an environment.

        Raises:
            ReleaseError: none were noted.
        """
        path = self.folder / VERSIONS
        try:
            noted = yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else None
        except (yaml.YAMLError, ValueError):
            noted = None
        if not isinstance(noted, dict) or not isinstance(noted.get(environment), dict):
            raise ReleaseError(f"{path} names no pipelines for {environment}: upload them first.")
        return dict(noted[environment])

    def keep(self, place: str, environment: str) -> None:
        """Copies what an environment runs to a folder of Cloud Storage, for `open_release`.

        Raises:
            ReleaseError: that is no folder of Cloud Storage.
        """
        from google.cloud import storage

        name, prefix = _split(place)
        bucket = storage.Client().bucket(name)
        files = [self.folder / "digests.yaml", *sorted(self.pipelines(environment).glob("*.yaml"))]
        for path in files:
            kept = f"{prefix}/{path.relative_to(self.folder).as_posix()}"
            bucket.blob(kept).upload_from_filename(str(path))


def _split(place: str) -> tuple[str, str]:
    """Bucket and name of a folder of Cloud Storage."""
    if not _FOLDER.fullmatch(place):
        raise ReleaseError(f"{place!r} is no folder of Cloud Storage: write gs://BUCKET/NAME.")
    return split_uri(place.rstrip("/"))
