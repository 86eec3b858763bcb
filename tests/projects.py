"""Running what a generated project brings, in the environment of the baked one.

Code is the same in all projects, and `make test-project` tests it. Here runs what depends on the
answers, or on the files that a level leaves out.
"""

import os
import shutil
import subprocess
from pathlib import Path

from tests.conftest import ROOT

PLUGINS = ROOT / "tests/plugins"
COMPILE = PLUGINS / "compile_all.py"
MYPY_CACHES = (".mypy_cache", "infra/localcloud/.mypy_cache", "infra/terraform-google/.mypy_cache")


def run(project: Path, *command: str, **variables: str) -> str:
    """Run a command in a project's folder; what it prints."""
    # cookiecutter ran with a home of its own; environments of images are shared between projects
    inherited = {name: value for name, value in os.environ.items() if "MAKE" not in name}
    done = subprocess.run(
        command,
        cwd=project,
        env=inherited | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def adopt(project: Path, environment: Path) -> None:
    """Give a project the environment of another, and that one's memory of types."""
    (project / ".venv").symlink_to(environment)
    for name in MYPY_CACHES:
        cache = environment.parent / name
        if (project / name).parent.exists():
            cache.mkdir(exist_ok=True)
            (project / name).symlink_to(cache)


def run_tests_of_config(project: Path) -> str:
    """Run the project's own tests that read config/."""
    files = [
        str(path.relative_to(project))
        for folder in ("tests/unit", "tests/pipelines")
        for path in sorted((project / folder).glob("test_*.py"))
        if "config: Path" in path.read_text()
    ]
    options = ["-p", "reads_config", "-p", "no:xdist", *files]
    return run(project, ".venv/bin/python", "-m", "pytest", *options, PYTHONPATH=str(PLUGINS))


def copy_environment(environment: Path, project: Path) -> None:
    """Begin a project's own environment with the packages of another; its `make setup` goes on."""
    shutil.copytree(environment, project / ".venv", symlinks=True, copy_function=_link)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # on another file system
        shutil.copy2(source, target)
