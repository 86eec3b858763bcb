"""What changes from one plan to another is told, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from terraform_google.cli import app

BUCKET = {"address": "module.a.google_storage_bucket.this", "type": "google_storage_bucket"}
DATA = {"address": "data.google_project.this", "type": "google_project"}


def plan(path: Path, *resources: dict[str, Any]) -> str:
    module = {"child_modules": [{"resources": [*resources]}]}
    path.write_text(json.dumps({"planned_values": {"root_module": module}}))
    return str(path)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ([BUCKET], [BUCKET, DATA], ["Nothing changes."]),
        ([], [BUCKET], ["+ module.a.google_storage_bucket.this"]),
        ([BUCKET], [], ["- module.a.google_storage_bucket.this"]),
        (
            [BUCKET | {"values": {"location": "EU", "name": "a"}}],
            [BUCKET | {"values": {"labels": {"b": "c"}, "location": "US", "name": "a"}}],
            [
                '~ module.a.google_storage_bucket.this: labels was null, becomes {"b": "c"}',
                '~ module.a.google_storage_bucket.this: location was "EU", becomes "US"',
            ],
        ),
    ],
)
def test_a_change_is_told(
    before: list[dict[str, Any]], after: list[dict[str, Any]], told: list[str], tmp_path: Path
) -> None:
    files = plan(tmp_path / "before.json", *before), plan(tmp_path / "after.json", *after)
    done = CliRunner().invoke(app, ["compare", *files])
    assert (done.exit_code, done.stdout.splitlines()) == (0, told)


def test_what_is_no_plan_is_told(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["compare", str(tmp_path / "none"), str(tmp_path / "none")])
    assert done.exit_code == 1
    assert "is no plan" in done.output
