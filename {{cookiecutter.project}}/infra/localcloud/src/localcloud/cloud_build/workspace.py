"""The commit that a build works on, checked out as `/workspace`."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from localcloud.cloud_build.build_file import BuildFileError


def git(*arguments: str, folder: Path) -> str:
    """Run git, free of the variables that a hook sets; what it prints.

    Raises:
        BuildFileError: git fails.
    """
    variables = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env=variables, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BuildFileError(f"git {arguments[0]} failed: {' '.join(done.stderr.split())}")
    return done.stdout.strip()


def check_out(repository: Path, commit: str, workspace: Path) -> None:
    """Make the workspace hold a commit and what its .gitignore keeps, such as `.venv`."""
    if not (workspace / ".git").exists():
        workspace.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        git("clone", "--no-checkout", str(repository), str(workspace), folder=workspace.parent)
    git("fetch", "--quiet", "--force", "origin", folder=workspace)
    git("checkout", "--quiet", "--force", "--detach", commit, folder=workspace)
    git("clean", "--quiet", "--force", "-d", folder=workspace)
