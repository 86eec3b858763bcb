"""A generated project stands alone: with other choices, in a folder with a space."""

import re
from collections.abc import Callable
from pathlib import Path

from tests.conftest import Generation
from tests.projects import copy_environment, run, run_tests_of_config

# a look at fewer trips, for fewer epochs: what is tested here is that it goes through
QUICK = """
data: {sample_percent: 25}
training: {epochs: 5}
evaluation:
  explanation:
    {importance_rows: 50, importance_repeats: 1, attribution_rows: 2, attribution_permutations: 2}
"""


def test_a_regression_project_runs_away_from_the_template(
    generate: Callable[..., Generation], output: Path, environment: Path, tmp_path: Path
) -> None:
    choices = {"problem": "regression", "mlops_level": "manual", "license": "MIT"}
    generate(project="fare-forecast", region="europe-west4", **choices)
    project = (output / "fare-forecast").rename(tmp_path / "fare forecast")
    copy_environment(environment, project)
    run_tests_of_config(project)
    with (project / "config/local.yaml").open("a") as local:
        local.write(QUICK)
    try:
        shown = run(project, "make", "run")
        assert "fare-forecast version 1 (champion)" in shown
        assert re.search(r"mean_absolute_error +[0-2]\.\d{4}", shown)
        assert len(re.findall(r"actual [\d.]+  \(version 1\)", shown)) == 5
    finally:
        run(project, "make", "down")
