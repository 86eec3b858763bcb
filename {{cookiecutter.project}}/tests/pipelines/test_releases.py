"""A release is compiled once, against digests, and runs as it was compiled."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from mlops.cli import app
from mlops.pipelines.compiler import PIPELINES
from mlops.pipelines.images import image_reference
from mlops.pipelines.releases import Release, ReleaseError, open_release
from mlops.pipelines.runs import parameters_of
from mlops.pipelines.specification import SpecificationError, read_specification
from mlops.settings import Settings, load_settings
from tests.conftest import ROOT

ML, SERVING = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"


@pytest.fixture(autouse=True)
def _in_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.fixture
def settings(config: Path) -> Settings:
    return load_settings("staging", config)


@pytest.fixture
def release(tmp_path: Path) -> Release:
    (tmp_path / "digests.yaml").write_text(f"ml: {ML}\nserving: {SERVING}\n", encoding="utf-8")
    return Release(tmp_path)


def test_a_release_is_compiled_against_digests(release: Release, settings: Settings) -> None:
    arguments = ["pipelines", "compile", "-e", "staging", "--release", str(release.folder)]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    for name in PIPELINES:
        spec = yaml.safe_load(release.pipeline("staging", name).read_text(encoding="utf-8"))
        executors = spec["deploymentSpec"]["executors"].values()
        images = {executor["container"]["image"] for executor in executors}
        assert images == {f"{settings.images.repository}/ml@{ML}"}


def test_parameters_name_digests_too(release: Release, settings: Settings) -> None:
    reference = image_reference(release.pin(settings).images, "serving")
    assert reference == f"{settings.images.repository}/serving@{SERVING}"


def test_what_was_not_compiled_is_told(release: Release) -> None:
    with pytest.raises(ReleaseError, match="not compiled for prod, or has no pipeline training"):
        release.pipeline("prod", "training")


@pytest.mark.parametrize("content", ["ml: latest", "ml", "- ml", "[", "ml: sha256:abc"])
def test_what_holds_no_digests_is_refused(
    content: str, release: Release, settings: Settings
) -> None:
    (release.folder / "digests.yaml").write_text(content, encoding="utf-8")
    with pytest.raises(ReleaseError, match="must hold lines such as"):
        release.pin(settings)


def test_a_folder_without_a_release_is_refused(tmp_path: Path, settings: Settings) -> None:
    with pytest.raises(ReleaseError, match=r"digests\.yaml is missing"):
        Release(tmp_path).pin(settings)


def test_a_release_carries_its_commit_where_there_is_no_git(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLOPS_COMMIT", "c0ffee")
    assert parameters_of("training", settings)["labels"]["commit"] == "c0ffee"


def test_a_job_needs_no_folders_of_images(
    release: Release, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert parameters_of("training", release.pin(settings))["training_image"].endswith(f"ml@{ML}")


@pytest.mark.parametrize("place", ["gs://", "gs:///x", "gs://bucket", "gs://bucket/", "gs://-/x"])
def test_what_is_no_folder_of_cloud_storage_is_told(place: str, release: Release) -> None:
    with pytest.raises(ReleaseError, match="is no folder of Cloud Storage: write gs://BUCKET/NAME"):
        open_release(place)
    with pytest.raises(ReleaseError, match="is no folder of Cloud Storage"):
        release.keep(place, "dev")


@pytest.mark.parametrize("content", [b"", b"a: 1", b"x: [", b"\xff"])
def test_what_is_no_compiled_pipeline_is_told(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "training.yaml").write_bytes(content)
    with pytest.raises(SpecificationError, match=r"training\.yaml is no compiled pipeline"):
        read_specification(tmp_path / "training.yaml")
