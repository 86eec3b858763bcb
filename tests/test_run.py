"""A generated project stands alone: with other choices, in a folder with a space."""

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.conftest import Generation


def make(project: Path, *targets: str) -> str:
    # cookiecutter ran with a home of its own; environments of images are shared between projects
    variables = {name: value for name, value in os.environ.items() if "MAKE" not in name}
    done = subprocess.run(
        ["make", *targets],
        cwd=project,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_regression_project_runs_away_from_the_template(
    generate: Callable[..., Generation], output: Path, tmp_path: Path
) -> None:
    choices = {"problem": "regression", "mlops_level": "manual", "license": "MIT"}
    generate(project="fare-forecast", region="europe-west4", **choices)
    project = (output / "fare-forecast").rename(tmp_path / "fare forecast")
    try:
        shown = make(project, "run")
        assert "fare-forecast version 1 (champion)" in shown
        assert re.search(r"mean_absolute_error +[0-2]\.\d{4}", shown)
        assert len(re.findall(r"actual [\d.]+  \(version 1\)", shown)) == 5
        make(project, "test-unit")
    finally:
        make(project, "down")
