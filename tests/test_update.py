"""A project takes a newer template with cruft, and keeps what its users changed."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import BIN, ROOT, TEMPLATE_PARTS, Render, files_of, git
from tests.projects import COMPILE, run

PROJECT = "{{cookiecutter.project}}"
OURS = "/config/ data@acme.example\n"
OLD_README = "An old sentence of the template."

Cruft = Callable[..., str]


@pytest.fixture
def cruft(tmp_path: Path) -> Cruft:
    """Run the cruft command in a folder; what it prints."""

    def run(*arguments: str, folder: Path) -> str:
        done = subprocess.run(
            [str(BIN / "cruft"), *arguments],
            cwd=folder,
            env=os.environ | {"HOME": str(tmp_path), "PATH": f"{BIN}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run


@pytest.fixture
def repository(clean_template: Path, tmp_path: Path) -> Path:
    """A repository of the template with two versions: 1.0.0 lacks a file and has another README."""
    folder = shutil.copytree(clean_template, tmp_path / "template")
    git("init", "--quiet", "--initial-branch=main", folder=folder)
    later = folder / PROJECT / ".editorconfig"
    readme = folder / PROJECT / "README.md"
    now = later.read_text(), readme.read_text()
    later.unlink()
    heading = "## What to change\n"
    readme.write_text(now[1].replace(heading, f"{OLD_README}\n\n{heading}"))
    commit(folder, "1.0.0")
    later.write_text(now[0])
    readme.write_text(now[1])
    commit(folder, "1.1.0")
    return folder


@pytest.fixture
def history(clean_template: Path, tmp_path: Path) -> Path:
    """This repository, with what users notice twice: `before`, at an earlier commit, and `now`."""
    folder = tmp_path / "template"
    git("clone", "--quiet", "--no-checkout", str(ROOT), str(folder), folder=tmp_path)
    changes = git("log", "--format=%H", "--", "CHANGELOG.md", folder=folder).split()
    if len(changes) < 2:
        pytest.skip("this clone has no earlier version: it is shallow, or the first one")
    git("checkout", "--quiet", "-B", "main", changes[-1], folder=folder)
    git("tag", "before", folder=folder)
    for part in TEMPLATE_PARTS:
        git("rm", "-r", "--quiet", part, folder=folder)
    shutil.copytree(clean_template, folder, dirs_exist_ok=True)
    commit(folder, "now")
    return folder


@pytest.fixture
def project(repository: Path, cruft: Cruft, tmp_path: Path) -> Path:
    """A project of version 1.0.0, without Cloud Build, under git."""
    answers = json.dumps({"mlops_level": "pipeline"})
    options = ["--checkout", "1.0.0", "--no-input", "--extra-context", answers]
    cruft("create", f"file://{repository}", *options, folder=tmp_path)
    folder = tmp_path / "vertex-mlops"
    git("init", "--quiet", "--initial-branch=main", folder=folder)
    commit(folder, "0.1.0")
    return folder


def commit(folder: Path, tag: str) -> None:
    git("add", "--all", folder=folder)
    git("commit", "--quiet", "--message", tag, folder=folder)
    git("tag", tag, folder=folder)


def test_a_project_of_an_earlier_version_becomes_one_of_today(
    history: Path, cruft: Cruft, environment: Path, render: Render, tmp_path: Path
) -> None:
    """What users left alone is as if generated now; what they changed stays; pipelines compile."""
    extra = ["--extra-context", json.dumps({"mlops_level": "pipeline"})]
    cruft("create", str(history), "--checkout", "before", "--no-input", *extra, folder=tmp_path)
    project = tmp_path / "vertex-mlops"
    git("init", "--quiet", "--initial-branch=main", folder=project)
    commit(project, "0.0.1")
    with (project / "CODEOWNERS").open("a") as owners:
        owners.write(OURS)
    (project / "src/mlops/own.py").write_text('"""Ours."""\n')
    commit(project, "0.1.0")
    cruft("update", "--skip-apply-ask", "--checkout", "now", folder=project)
    expected = files_of(render({"mlops_level": "pipeline"}))
    expected["CODEOWNERS"] += OURS.encode()
    expected["src/mlops/own.py"] = b'"""Ours."""\n'
    found = {
        name: content
        for name, content in files_of(project).items()
        if not name.startswith((".git/", ".cruft.json"))
    }
    assert {name for name in expected | found if found.get(name) != expected.get(name)} == set()
    run(
        tmp_path,
        str(environment / "bin/python"),
        str(COMPILE),
        str(project),
        PYTHONPATH=str(project / "src"),
    )
    assert len(list((tmp_path / "0").glob("*.yaml"))) == 4


def test_an_update_keeps_what_was_changed_and_shows_a_conflict_as_git_does(
    project: Path, repository: Path, cruft: Cruft
) -> None:
    assert not (project / ".editorconfig").exists()
    base, readme = project / "config/base.yaml", project / "README.md"
    base.write_text(base.read_text().replace("epochs: 20", "epochs: 99"))
    readme.write_text(readme.read_text().replace(OLD_README, "Our own sentence."))
    commit(project, "0.2.0")
    cruft("update", "--skip-apply-ask", "--checkout", "1.1.0", folder=project)
    text = readme.read_text()
    assert "<<<<<<< ours" in text
    assert "Our own sentence." in text
    assert "UU README.md" in git("status", "--short", folder=project)
    assert not [name for name in files_of(project) if name.endswith((".rej", ".orig"))]
    assert (project / ".editorconfig").exists()
    assert "epochs: 99" in base.read_text()
    assert not (project / "cloudbuild").exists()
    made_from = json.loads((project / ".cruft.json").read_text())["commit"]
    assert made_from == git("rev-parse", "1.1.0", folder=repository).strip()
