"""Compiled pipelines that are the same are uploaded once; a release says where to find them."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlops.pipelines import releases
from mlops.pipelines.releases import Release, ReleaseError
from mlops.pipelines.repository import download_pipelines, upload_pipelines

REPOSITORY = "https://europe-west4-kfp.pkg.dev/acme-dev/pipelines"


@pytest.fixture
def release(tmp_path: Path) -> Release:
    (tmp_path / "digests.yaml").write_text("{}")
    return Release(tmp_path)


def test_a_release_without_pipelines_uploads_nothing(release: Release) -> None:
    with pytest.raises(ReleaseError, match="holds no compiled pipeline"):
        list(upload_pipelines(release, REPOSITORY, "abc"))


def test_versions_are_found_again(release: Release) -> None:
    release.note_versions({"dev": {"training": "training@sha256:1"}})
    assert release.versions("dev") == {"training": "training@sha256:1"}


@pytest.mark.parametrize("place", ["", "pipelines", "https://example.com"])
def test_what_is_no_repository_is_told(place: str, release: Release) -> None:
    release.note_versions({"dev": {"training": "training@sha256:1"}})
    with pytest.raises(ReleaseError, match="is no repository of pipelines: write https://LOCATION"):
        list(download_pipelines(release, place, "dev"))


@pytest.mark.parametrize(
    "noted", [None, "", "- a", "dev: [", "dev: a", "prod: {training: training@sha256:1}"]
)
def test_what_was_not_uploaded_is_not_downloaded(noted: str | None, release: Release) -> None:
    if noted is not None:
        (release.folder / releases.VERSIONS).write_text(noted)
    with pytest.raises(ReleaseError, match="names no pipelines for dev: upload them first"):
        list(download_pipelines(release, REPOSITORY, "dev"))
