"""The gate says why."""

from __future__ import annotations

import math

from mlops.evaluation.gate import find_failures
from mlops.settings import Threshold

THRESHOLDS = {"auc": Threshold(min=0.6), "error": Threshold(max=3)}


def test_a_model_within_all_bounds_passes() -> None:
    assert find_failures({"auc": 0.6, "error": 3.0, "other": 0.0}, THRESHOLDS) == ()


def test_each_broken_bound_is_a_sentence() -> None:
    assert find_failures({"auc": 0.5, "error": 3.25}, THRESHOLDS) == (
        "auc is 0.5000, below the minimum of 0.6.",
        "error is 3.2500, above the maximum of 3.",
    )


def test_what_is_not_a_number_or_not_measured_fails() -> None:
    assert find_failures({"auc": math.nan}, THRESHOLDS) == (
        "auc is not a number.",
        "error has a threshold but was not measured.",
    )
