"""The command line needs neither TensorFlow nor patience."""

from __future__ import annotations

import subprocess
import sys

from tests.conftest import ROOT


def run_python(code: str) -> str:
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, cwd=ROOT / "src", capture_output=True, text=True, check=True)
    return result.stdout.strip()


def test_the_command_line_imports_nothing_heavy() -> None:
    loaded = run_python(
        "import sys, mlops.cli;"
        "print([m for m in ('tensorflow', 'kfp', 'google.cloud.aiplatform') if m in sys.modules])"
    )
    assert loaded == "[]"


def test_what_runs_outside_of_images_needs_no_tensorflow() -> None:
    loaded = run_python(
        "import sys, mlops.report, mlops.release.prediction, mlops.pipelines.training,"
        " mlops.pipelines.batch_prediction, mlops.batch_prediction.selection,"
        " mlops.batch_prediction.job, mlops.batch_prediction.publication,"
        " mlops.pipelines.runs, mlops.data.extract, mlops.evaluation.page, mlops.evaluation.card,"
        " mlops.evaluation.attributions;"
        "print('tensorflow' in sys.modules)"
    )
    assert loaded == "False"
