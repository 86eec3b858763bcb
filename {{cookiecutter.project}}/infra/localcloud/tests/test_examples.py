"""The examples, run as a user would: unmodified programs behind `localcloud run`."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Localcloud

EXAMPLES = Path(__file__).parents[1] / "examples"
Run = Callable[..., str]


@pytest.fixture(scope="module")
def run(start_localcloud: Callable[[], Localcloud]) -> Run:
    """Runs a command, with localcloud's variables, to its end; what it prints."""
    cloud = start_localcloud()

    def run(*command: str) -> str:
        done = cloud.cli("run", "--", *command)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def test_a_model_is_trained_deployed_and_predicts_a_file(run: Run) -> None:
    deployed = run(sys.executable, str(EXAMPLES / "train_and_deploy.py"))
    assert "version 1 predicts [0.0, 2.0]" in deployed
    predicted = run(sys.executable, str(EXAMPLES / "batch_predict.py"))
    assert '{"instance": [5.9, 3.0, 4.2, 1.5], "prediction": 1}' in predicted
    assert "3 rows predicted" in predicted


def test_hyperparameters_are_tuned(run: Run) -> None:
    printed = run(sys.executable, str(EXAMPLES / "tune.py"))
    assert printed.count(" accuracy 0.") == 6
    assert "best trial" in printed


def test_a_notebook_runs(run: Run, tmp_path: Path) -> None:
    jupyter = str(Path(sys.executable).with_name("jupyter"))
    executed = tmp_path / "executed.ipynb"
    run(jupyter, "execute", str(EXAMPLES / "explore.ipynb"), f"--output={executed}")
    assert "best: over-14-miles" in executed.read_text()
