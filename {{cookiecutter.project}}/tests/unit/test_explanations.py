"""Importances, attributions and calibration of models that are known."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pytest

from mlops.evaluation.attributions import attribute
from mlops.evaluation.calibration import Bin, build_curve, expected_error
from mlops.evaluation.importance import (
    area_under_curve,
    measure_importance,
    negative_absolute_error,
)

RANDOM = np.random.default_rng(3)
COLUMNS = {name: RANDOM.normal(size=200) for name in ("strong", "weak", "idle")}
COLUMNS["text"] = RANDOM.choice(np.array([b"a", b"b"], object), 200)


def linear(columns: Mapping[str, np.ndarray]) -> np.ndarray:
    return 3 * columns["strong"] - columns["weak"] + (columns["text"] == b"a")


def tangled(columns: Mapping[str, np.ndarray]) -> np.ndarray:
    product = columns["strong"] * columns["weak"] * (1 + (columns["text"] == b"b"))
    return (1 / (1 + np.exp(-product))).astype(np.float32)


def test_columns_are_ranked_by_what_they_are_worth() -> None:
    found = measure_importance(linear, COLUMNS, linear(COLUMNS), negative_absolute_error, 5, 1)
    assert [importance.column for importance in found] == ["strong", "weak", "text", "idle"]
    assert found[-1].mean == 0
    again = measure_importance(linear, COLUMNS, linear(COLUMNS), negative_absolute_error, 5, 1)
    assert found == again


def test_attributions_sum_to_the_prediction() -> None:
    rows = {name: values[:10] for name, values in COLUMNS.items()}
    found = attribute(tangled, rows, COLUMNS, 7, 1)
    total = found.base + sum(found.values.values())
    np.testing.assert_allclose(total, tangled(rows), atol=1e-4)
    np.testing.assert_allclose(found.predictions, tangled(rows))
    assert np.abs(found.values["idle"]).max() == 0
    assert next(iter(found.mean_sizes())) in {"strong", "weak"}


def test_a_linear_model_is_attributed_exactly() -> None:
    """The Shapley value of a linear model is the weight times the distance from the background."""
    rows = {name: values[:10] for name, values in COLUMNS.items()}
    background = {name: values[:1] for name, values in COLUMNS.items()}
    found = attribute(linear, rows, background, 3, 1)
    np.testing.assert_allclose(
        found.values["strong"], 3 * (rows["strong"] - background["strong"]), atol=1e-9
    )


def test_two_columns_share_what_they_do_together() -> None:
    rows = {"left": np.ones(1), "right": np.ones(1)}
    nothing = {"left": np.zeros(1), "right": np.zeros(1)}
    found = attribute(lambda columns: columns["left"] * columns["right"], rows, nothing, 2000, 1)
    assert found.values["left"][0] == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize(
    ("labels", "predictions", "area"),
    [
        ([0, 0, 1, 1], [0.1, 0.2, 0.3, 0.4], 1.0),
        ([0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4], 0.75),
        ([0, 1, 0, 1], [0.5, 0.5, 0.5, 0.5], 0.5),
        ([1, 1], [0.1, 0.2], math.nan),
    ],
)
def test_the_area_under_the_curve(labels: list[int], predictions: list[float], area: float) -> None:
    found = area_under_curve(np.array(labels), np.array(predictions))
    assert found == pytest.approx(area, nan_ok=True)


def test_bins_are_joined_to_points_of_many_rows() -> None:
    bins = [Bin(10, 10 * p, 10 * p + 1) for p in np.linspace(0.05, 0.95, 30)]
    curve = build_curve(bins, points=10)
    assert [point.count for point in curve] == [30] * 10
    assert sum(point.count * point.predicted for point in curve) == pytest.approx(
        sum(part.predicted for part in bins)
    )
    assert expected_error(curve) == pytest.approx(0.1)


def test_rows_that_are_left_over_are_a_point_too() -> None:
    curve = build_curve([Bin(8, 0.8, 1), Bin(3, 2.4, 2)], points=2)
    assert [(point.count, point.predicted) for point in curve] == [
        (8, pytest.approx(0.1)),
        (3, pytest.approx(0.8)),
    ]
