"""What is compiled is uploaded once, and each delivery runs it as it was compiled."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rehearsal.conftest import Rehearsal

DIGESTS = f"jobs: sha256:{'a' * 64}\nml: sha256:{'b' * 64}\nserving: sha256:{'c' * 64}\n"


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """A release with one compiled pipeline, for two environments."""
    for name in ("local", "dev"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "schema.yaml").write_text("pipelineInfo: {name: schema}\n")
    (tmp_path / "digests.yaml").write_text(DIGESTS)
    return tmp_path


def test_a_delivery_takes_what_was_uploaded(rehearsal: Rehearsal, release: Path) -> None:
    settings = rehearsal.config / "local.yaml"
    bucket = next(
        line.split()[1] for line in settings.read_text().splitlines() if line.startswith("bucket:")
    )
    repository = ("--repository", "https://europe-west4-kfp.pkg.dev/acme-dev/pipelines")
    uploaded = rehearsal.mlops(
        "pipelines", "upload", "--release", str(release), *repository, "c0ffee"
    )
    assert uploaded.returncode == 0, uploaded.stderr
    assert uploaded.stdout.endswith("for dev, local\n"), "the same content twice"
    compiled = (release / "local/schema.yaml").read_bytes()
    (release / "local/schema.yaml").write_text("something else")
    kept = f"gs://{bucket}/releases/delivered"
    downloaded = rehearsal.mlops(
        "pipelines", "download", "--release", str(release), *repository, "--keep", kept
    )
    assert downloaded.returncode == 0, downloaded.stderr
    assert (release / "local/schema.yaml").read_bytes() == compiled
    run = rehearsal.mlops("pipelines", "run", "automl", "--release", kept)
    assert run.returncode == 1
    assert "automl.yaml is missing: the release was not compiled for local" in run.stderr
    none = rehearsal.mlops(
        "pipelines", "run", "schema", "--release", f"gs://{bucket}/releases/none"
    )
    assert "holds no release: deliver one to this environment first." in none.stderr
