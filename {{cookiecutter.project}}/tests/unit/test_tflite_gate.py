"""Whether a quantised file is good enough, and that frameworks without a network are refused."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from mlops.export_settings import TFLite
from mlops.features import Problem
from mlops.settings import SettingsError, load_settings
from mlops.tflite.comparison import Comparison, measure
from mlops.tflite.page import write_page

BOUNDS = TFLite()


def compared(problem: Problem = Problem.CLASSIFICATION, **changes: Any) -> Comparison:
    measured = {"before": 0.8, "after": 0.796} | changes
    sizes = {"float32_bytes": 34_000, "quantized_bytes": 10_000}
    return Comparison(**(sizes | {"problem": problem, "rows": 9, "largest_change": 0.1} | measured))


@pytest.mark.parametrize(
    ("changes", "failure"),
    [
        ({}, ""),
        ({"after": 0.9}, ""),
        ({"quantized_bytes": 10_001}, "3.40 times smaller"),
        ({"after": 0.794}, "a loss of 0.60 %"),
        ({"after": math.nan}, "a loss of nan %"),
        ({"problem": Problem.REGRESSION, "before": 2.0, "after": 2.009}, ""),
        ({"problem": Problem.REGRESSION, "before": 2.0, "after": 2.02}, "a loss of 1.00 %"),
        ({"problem": Problem.REGRESSION, "before": 0.0, "after": 0.0}, ""),
        ({"problem": Problem.REGRESSION, "before": 0.0, "after": 0.1}, "a loss of inf %"),
    ],
)
def test_size_and_accuracy_have_a_bound_each(changes: dict[str, Any], failure: str) -> None:
    found = compared(**changes)
    failures = found.list_failures(BOUNDS)
    assert len(failures) == bool(failure)
    assert failure in "".join(failures)
    assert ("Refused" if failure else "Passed") in write_page(found, BOUNDS, ["miles"])


def test_a_prediction_that_is_no_number_is_never_accurate() -> None:
    labels = np.array([0, 1])
    assert measure(Problem.CLASSIFICATION, labels, np.array([0.1, 0.9])) == 1
    assert math.isnan(measure(Problem.CLASSIFICATION, labels, np.array([0.1, math.nan])))
    assert math.isnan(measure(Problem.REGRESSION, labels, np.array([0.1, math.nan])))


def test_the_likeliest_class_is_what_is_predicted() -> None:
    predictions = np.array([[0.2, 0.5, 0.3], [0.4, 0.3, 0.3], [0.1, 0.2, 0.7], [0.6, 0.2, 0.2]])
    assert measure(Problem.CLASSIFICATION, np.array([1, 0, 2, 1]), predictions) == 0.75
    predictions[2, 0] = math.nan
    assert math.isnan(measure(Problem.CLASSIFICATION, np.array([1, 0, 2, 1]), predictions))


def test_only_a_network_is_exported(config: Path, tmp_path: Path) -> None:
    for file in config.glob("*.yaml"):
        (tmp_path / file.name).write_text(file.read_text())
    base = yaml.safe_load((config / "base.yaml").read_text())
    base["training"]["framework"] = "xgboost"
    base["export"]["tflite"]["enabled"] = True
    (tmp_path / "base.yaml").write_text(yaml.safe_dump(base))
    with pytest.raises(SettingsError, match=r"xgboost makes no network: set export\.tflite"):
        load_settings("local", tmp_path)
