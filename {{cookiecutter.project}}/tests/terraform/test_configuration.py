"""All of terraform/ is formatted, and valid."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from terraform_google.workspace import Workspace, copy_configuration

from tests.terraform.conftest import TERRAFORM, MakeWorkspace
from tests.terraform.roots import ENVIRONMENTS


def folders() -> list[str]:
    """Each root and each module."""
    found = {path.parent for path in TERRAFORM.rglob("*.tf") if ".terraform" not in path.parts}
    return sorted(str(folder.relative_to(TERRAFORM)) for folder in found)


def test_the_format_is_terraforms() -> None:
    done = subprocess.run(
        ["terraform", "fmt", "-check", "-recursive", "-diff", str(TERRAFORM)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("folder", folders())
def test_a_root_or_module_is_valid(folder: str, validated: MakeWorkspace) -> None:
    assert [str(problem) for problem in validated(folder).validate()] == []


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_an_environment_is_valid_with_the_oldest_providers(
    environment: str, oldest_stand_in: dict[str, str], tmp_path: Path
) -> None:
    copy_configuration(TERRAFORM, tmp_path)
    root = Workspace(tmp_path / "environments" / environment, oldest_stand_in)
    assert [str(problem) for problem in root.validate()] == []
