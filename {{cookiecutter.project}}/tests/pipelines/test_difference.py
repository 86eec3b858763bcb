"""Compiled pipelines are the same bytes each time, and a change of one is seen in review."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mlops.pipelines.compiler import PIPELINES, compile_pipeline
from mlops.pipelines.difference import DifferenceError, compare_pipelines
from mlops.settings import Images, load_settings
from tests.conftest import ROOT

IMAGES = Images(repository="us-central1-docker.pkg.dev/taxi/mlops", tag="abc")
COMPILE = (
    "import sys; from pathlib import Path; from mlops.settings import Images\n"
    "from mlops.pipelines.compiler import PIPELINES, compile_pipeline\n"
    f"images = Images(repository={IMAGES.repository!r}, tag={IMAGES.tag!r})\n"
    "for name in PIPELINES: compile_pipeline(name, images, Path(sys.argv[1]))"
)


def git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=test", "-c", "user.email=test@example.com")
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def repository(config: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its last commit caches a step that its work tree does not; one before has bad settings."""
    folder = tmp_path_factory.mktemp("repository")
    shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "infra/images", folder / "infra/images")
    shutil.copytree(config, folder / "config")
    pipeline = folder / "src/mlops/pipelines/training.py"
    now = pipeline.read_text()
    pipeline.write_text(now.replace("champion.set_caching_options(enable_caching=False)", "pass"))
    assert pipeline.read_text() != now
    git(folder, "init", "--quiet")
    local = folder / "config/local.yaml"
    good = local.read_text()
    local.write_text("zone: a\n" + good)
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "Bad settings")
    local.write_text(good)
    git(folder, "commit", "--quiet", "--all", "--message", "Before")
    pipeline.write_text(now)
    return folder


def test_compiling_again_gives_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In another process, where sets and dictionaries of texts have another order."""
    monkeypatch.chdir(ROOT)
    environment = {**os.environ, "PYTHONHASHSEED": "7", "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-c", COMPILE, str(tmp_path / "again")]
    subprocess.run(command, check=True, env=environment, capture_output=True)
    for name in PIPELINES:
        first = compile_pipeline(name, IMAGES, tmp_path / "first").read_bytes()
        assert first == (tmp_path / f"again/{name}.yaml").read_bytes()


def test_a_changed_step_is_shown_and_an_unchanged_pipeline_is_not(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository)
    lines = list(compare_pipelines("HEAD", "local", load_settings("local").images))
    text = "\n".join(lines)
    assert "--- base/training.yaml\n+++ now/training.yaml" in text
    changed = [line for line in lines if line[0] in "+-" and line[:3] not in {"+++", "---"}]
    assert [line.split(maxsplit=1) for line in changed] == [
        ["-", "cachingOptions:"],
        ["-", "enableCache: true"],
        ["+", "cachingOptions: {}"],
    ]
    assert "batch-prediction.yaml" not in text
    assert [line for line in lines if line.startswith("training: the image ml has changed")]


def test_a_revision_that_git_does_not_know_is_told(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository)
    with pytest.raises(DifferenceError, match="does not give the files of 'nowhere': not a valid"):
        list(compare_pipelines("nowhere", "local", IMAGES))


def test_a_revision_that_does_not_compile_is_told(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository)
    with pytest.raises(DifferenceError, match=r"of HEAD~1 do not compile: .* unknown key zone"):
        list(compare_pipelines("HEAD~1", "local", IMAGES))
