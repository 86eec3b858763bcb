"""A release: the digests of a commit's images, and the pipelines compiled against them.

Cloud Build makes it once, as a folder: `digests.yaml`, and `ENVIRONMENT/PIPELINE.yaml` for each
environment. What runs later, in any environment, is what lies there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml
from pydantic import ValidationError

from mlops.errors import UserError
from mlops.settings import Images

if TYPE_CHECKING:
    from pathlib import Path

    from mlops.settings import Settings


class ReleaseError(UserError):
    """A folder that holds no release."""


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
        except (yaml.YAMLError, ValidationError):
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
