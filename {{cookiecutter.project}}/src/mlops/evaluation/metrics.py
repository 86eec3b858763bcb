"""Metrics by TensorFlow Model Analysis, from predictions that are already there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import tensorflow_model_analysis as tfma

from mlops.evaluation.predictions import PREDICTION
from mlops.features import Problem

if TYPE_CHECKING:
    from mlops.features import Features

CLASSIFICATION_METRICS = (
    tfma.metrics.ExampleCount(name="example_count"),
    tfma.metrics.AUC(name="auc"),
    tfma.metrics.AUCPrecisionRecall(name="auc_precision_recall"),
    tfma.metrics.BinaryAccuracy(name="accuracy"),
    tfma.metrics.BalancedAccuracy(name="balanced_accuracy", thresholds=[0.5]),
    tfma.metrics.Precision(name="precision"),
    tfma.metrics.Recall(name="recall"),
    tfma.metrics.Calibration(name="calibration"),
)
REGRESSION_METRICS = (
    tfma.metrics.ExampleCount(name="example_count"),
    tfma.metrics.MeanSquaredError(name="mean_squared_error"),
    tfma.metrics.MeanAbsoluteError(name="mean_absolute_error"),
    tfma.metrics.SquaredPearsonCorrelation(name="squared_pearson_correlation"),
    tfma.metrics.Calibration(name="calibration"),
)


@dataclass(frozen=True)
class SliceMetrics:
    """The metrics over the rows where `column` is `value`; both empty for all rows."""

    column: str
    value: str
    metrics: dict[str, float]


def build_config(features: Features) -> tfma.EvalConfig:
    """What to measure: the problem's metrics, overall and for each value of each slice column."""
    classifies = features.problem is Problem.CLASSIFICATION
    metrics = CLASSIFICATION_METRICS if classifies else REGRESSION_METRICS
    return tfma.EvalConfig(
        model_specs=[tfma.ModelSpec(prediction_key=PREDICTION, label_key=features.label.name)],
        slicing_specs=[
            tfma.SlicingSpec(),
            *(tfma.SlicingSpec(feature_keys=[column.name]) for column in features.slices),
        ],
        metrics_specs=tfma.metrics.specs_from_metrics(
            list(metrics), include_weighted_example_count=False
        ),
    )


def load_metrics(uri: str) -> list[SliceMetrics]:
    """Reads what TFMA wrote to `uri`; all rows first, then the slices by column and value."""
    result = tfma.load_eval_result(uri)
    slices = [
        SliceMetrics(*_slice_name(key), _numbers(values))
        for key, values in result.get_metrics_for_all_slices().items()
    ]
    return sorted(slices, key=lambda part: (part.column, part.value))


def _slice_name(key: tuple[tuple[str, Any], ...]) -> tuple[str, str]:
    if not key:
        return "", ""
    ((column, value),) = key
    return column, value.decode() if isinstance(value, bytes) else str(value)


def _numbers(metrics: dict[str, dict[str, Any]]) -> dict[str, float]:
    return {name: float(value["doubleValue"]) for name, value in sorted(metrics.items())}
