"""The image of jobs has what the command `mlops` needs, in the versions that are tested here."""

from __future__ import annotations

import re
import tomllib

from tests.conftest import ROOT

FOLDER = ROOT / "infra/images/jobs"
PINNED = re.compile(r"^([\w.-]+)==(\S+)", re.MULTILINE)


def test_it_asks_for_what_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = (FOLDER / "requirements.in").read_text(encoding="utf-8").splitlines()
    asked = [line for line in lines if not line.startswith(("#", "-c"))]
    assert sorted(asked) == sorted(project["dependencies"])


def test_its_versions_are_the_projects() -> None:
    own = dict(PINNED.findall((FOLDER / "requirements.lock").read_text(encoding="utf-8")))
    tested = PINNED.findall((ROOT / "requirements.lock").read_text(encoding="utf-8"))
    assert "google-cloud-aiplatform" in own
    assert set(own.items()) - set(tested) == set()
