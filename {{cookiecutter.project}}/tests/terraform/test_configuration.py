"""All of terraform/ is formatted, and valid."""

from __future__ import annotations

import subprocess

import pytest

from tests.terraform.conftest import TERRAFORM, MakeWorkspace


def folders() -> list[str]:
    """Each root and each module."""
    found = {path.parent for path in TERRAFORM.rglob("*.tf") if ".terraform" not in path.parts}
    return sorted(str(folder.relative_to(TERRAFORM)) for folder in found)


@pytest.mark.skipif(not TERRAFORM.is_dir(), reason="terraform/ is not written yet")
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
