"""The command `terraform-google`."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from terraform_google.cli import app
from terraform_google.workspace import MISSING, is_installed
from tests.conftest import HEAD

TOPIC = 'resource "google_pubsub_topic" "drift" {\n  name = "drift"\n}\n'


@pytest.mark.skipif(not is_installed(), reason=MISSING)
def test_a_root_is_planned_into_a_file(tmp_path: Path) -> None:
    root = tmp_path / "terraform/environments/dev"
    root.mkdir(parents=True)
    (root / "main.tf").write_text(HEAD + TOPIC)
    output = tmp_path / "plans/dev.json"
    done = CliRunner().invoke(app, ["plan", str(root), "--output", str(output)])
    assert done.exit_code == 0, done.output
    planned = json.loads(output.read_text())["planned_values"]["root_module"]["resources"]
    assert [each["address"] for each in planned] == ["google_pubsub_topic.drift"]
    assert [path.name for path in root.iterdir()] == ["main.tf"]


def test_a_root_elsewhere_is_refused(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["plan", str(tmp_path), "--output", str(tmp_path / "x.json")])
    assert done.exit_code == 2
    assert not (tmp_path / "x.json").exists()


@pytest.mark.skipif(not is_installed(), reason=MISSING)
def test_a_root_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path) -> None:
    root = tmp_path / "terraform/environments/dev"
    root.mkdir(parents=True)
    (root / "main.tf").write_text(HEAD)
    done = CliRunner().invoke(app, ["plan", str(root.parent / "qa"), "--output", "x.json"])
    assert done.exit_code == 2
    assert "has dev." in " ".join(done.output.replace("│", " ").split())


def test_a_program_that_is_not_there_is_named() -> None:
    done = CliRunner().invoke(app, ["run", "--", "no-such-program"])
    assert done.exit_code == 127
    assert "no-such-program was not found." in done.output


def test_without_terraform_the_way_to_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    done = CliRunner().invoke(app, ["plan", str(tmp_path), "--output", str(tmp_path / "x.json")])
    assert done.exit_code == 2
    assert "curl" in done.output
