"""`localcloud lint` looks at all of a project, and says what is wrong where."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from localcloud.cli import app

DIGEST = f"sha256:{'a' * 64}"
BUILD = f"""\
steps:
  - {{id: test, name: python@{DIGEST}, args: [make, test]}}
serviceAccount: projects/p/serviceAccounts/ci
options: {{logging: CLOUD_LOGGING_ONLY}}
timeout: 60s
"""
IMAGE = f"""\
FROM python@{DIGEST}
USER app
HEALTHCHECK NONE
ARG COMMIT
LABEL org.opencontainers.image.revision=$COMMIT
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, content in (
        ("cloudbuild.yaml", BUILD),
        ("cloudbuild/deploy.yaml", BUILD),
        ("infra/images/ml/Dockerfile", IMAGE),
        (".dockerignore", "*\n"),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    return tmp_path


def test_a_project_in_order_is_counted(project: Path) -> None:
    done = CliRunner().invoke(app, ["lint"])
    assert (done.exit_code, done.stdout) == (0, "2 build files and 1 images are in order\n")


def test_each_mistake_is_told_with_its_file(project: Path) -> None:
    (project / "cloudbuild.yaml").write_text("stepz: []\n")
    (project / "cloudbuild/deploy.yaml").write_text(BUILD.replace("id: test", "id: ''"))
    (project / "infra/images/ml/Dockerfile").write_text(IMAGE.replace("USER app", "USER root"))
    done = CliRunner().invoke(app, ["lint"])
    assert done.exit_code == 1
    starts = [line.partition(": ")[0] for line in done.stderr.splitlines()]
    assert starts == ["cloudbuild.yaml", "cloudbuild/deploy.yaml", "infra/images/ml/Dockerfile"]


PLAYED = """\
triggers:
  main: {config: cloudbuild.yaml}
  deploy: {config: cloudbuild/deploy.yaml, missing: {test: it takes long}}
builders: {python: {}}
"""


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("", "", ""),
        ("{test:", "{tset:", "trigger deploy leaves out tset, which is no step of cloudbuild/dep"),
        ("python: {}", "docker: {}", f"builders has nothing for python@{DIGEST}, of step test in"),
        ("config: cloudbuild.yaml", "config: other.yaml", "trigger main: other.yaml is missing."),
        ("builders:", "builder:", "builders: Field required."),
    ],
)
def test_what_cannot_be_played_is_told(old: str, new: str, sentence: str, project: Path) -> None:
    (project / "infra/cloud_build.yaml").write_text(PLAYED.replace(old, new, 1))
    done = CliRunner().invoke(app, ["lint"])
    assert done.exit_code == bool(sentence)
    assert (f"infra/cloud_build.yaml: {sentence}" if sentence else "") in done.stderr


def test_a_folder_with_nothing_to_check_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["lint"])
    assert done.exit_code == 1
    assert "There is no cloudbuild.yaml" in done.stderr
