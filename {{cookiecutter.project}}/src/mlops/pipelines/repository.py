"""The repository of compiled pipelines in Artifact Registry, from which deliveries take them."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mlops.pipelines.releases import ReleaseError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mlops.pipelines.releases import Release

_ADDRESS = re.compile(r"https://[^/]+/[^/]+/[^/]+/?")


def upload_pipelines(release: Release, repository: str, commit: str) -> Iterator[str]:
    """Uploads a release's compiled pipelines, and notes their versions in it; tells of each.

    What is the same in several environments is uploaded once. Tags, ENVIRONMENT-COMMIT, are for
    people: deliveries go by versions, which are digests.

    Args:
        release: what was compiled.
        repository: its address, https://LOCATION-kfp.pkg.dev/PROJECT/NAME.
        commit: what the release was compiled from.

    Raises:
        ReleaseError: nothing was compiled, or the repository refuses.
    """
    places: dict[bytes, list[Path]] = {}
    for path in release.compiled():
        places.setdefault(path.read_bytes(), []).append(path)
    client = _connect(repository)
    versions: dict[str, dict[str, str]] = {}
    for paths in places.values():
        tags = [f"{path.parent.name}-{commit}" for path in paths]
        with _told(repository):
            package, version = client.upload_pipeline(str(paths[0]), tags)
        for path in paths:
            versions.setdefault(path.parent.name, {})[path.stem] = f"{package}@{version}"
        yield f"{package}@{version} for {', '.join(path.parent.name for path in paths)}"
    release.note_versions(versions)


def download_pipelines(release: Release, repository: str, environment: str) -> Iterator[str]:
    """Fetches the compiled pipelines of an environment into a release; tells of each.

    Raises:
        ReleaseError: the release notes no versions for it, or the repository refuses.
    """
    versions = release.versions(environment)
    client = _connect(repository)
    for name, noted in versions.items():
        package, _, version = noted.partition("@")
        target = release.pipelines(environment) / f"{name}.yaml"
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = target.with_suffix(".new")
        with _told(repository):
            client.download_pipeline(package, version=version, file_name=str(draft))
        draft.replace(target)
        yield f"{name} is {noted}"


def _connect(repository: str) -> Any:
    """KFP's own client.

    Raises:
        ReleaseError: that is no address of a repository.
    """
    import google.auth.transport.requests  # noqa: F401 - kfp uses it, and does not import it
    from kfp.registry import RegistryClient

    if not _ADDRESS.fullmatch(repository):
        raise ReleaseError(
            f"{repository!r} is no repository of pipelines: write"
            " https://LOCATION-kfp.pkg.dev/PROJECT/NAME."
        )
    return RegistryClient(repository)


@contextmanager
def _told(repository: str) -> Iterator[None]:
    """Has what the repository refuses told in one sentence."""
    from requests import RequestException

    try:
        yield
    except RequestException as error:
        raise ReleaseError(f"{repository} refuses: {error}") from error
