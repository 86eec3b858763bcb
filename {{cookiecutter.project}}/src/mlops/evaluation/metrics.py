"""Metrics by TensorFlow Model Analysis, from predictions that are already there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import apache_beam as beam
import tensorflow_model_analysis as tfma

from mlops.data.records import to_lists
from mlops.evaluation.calibration import Bin
from mlops.evaluation.measures import ROWS, Measures, SliceMetrics
from mlops.features import Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlops.features import Features

# a probability of one half is where a prediction turns positive
CLASSIFICATION_METRICS = (
    tfma.metrics.ExampleCount(name=ROWS),
    tfma.metrics.AUC(name="auc"),
    tfma.metrics.AUCPrecisionRecall(name="auc_precision_recall"),
    tfma.metrics.BinaryAccuracy(name="accuracy"),
    tfma.metrics.BalancedAccuracy(name="balanced_accuracy", thresholds=[0.5]),
    tfma.metrics.Precision(name="precision"),
    tfma.metrics.Recall(name="recall"),
    tfma.metrics.FallOut(name="false_positive_rate", thresholds=[0.5]),
    tfma.metrics.MissRate(name="false_negative_rate", thresholds=[0.5]),
    tfma.metrics.Calibration(name="calibration"),
    tfma.metrics.MeanLabel(name="mean_label"),
)
REGRESSION_METRICS = (
    tfma.metrics.ExampleCount(name=ROWS),
    tfma.metrics.MeanSquaredError(name="mean_squared_error"),
    tfma.metrics.MeanAbsoluteError(name="mean_absolute_error"),
    tfma.metrics.SquaredPearsonCorrelation(name="squared_pearson_correlation"),
    tfma.metrics.Calibration(name="calibration"),
    tfma.metrics.MeanLabel(name="mean_label"),
    tfma.metrics.MeanPrediction(name="mean_prediction"),
)
PLOT = "calibration_plot"


def prediction_column(name: str) -> str:
    """The column that holds what a model or baseline predicts."""
    return f"prediction of {name}"


def write_measures(
    features: Features, names: Sequence[str], output: str, calibrated: str = ""
) -> beam.PTransform:
    """A Beam sink: TFMA's metrics of models or baselines, overall and for each slice.

    It takes record batches, with a column of each one's predictions.

    Args:
        features: the declaration of the data.
        names: the models or baselines.
        output: URI of a folder.
        calibrated: the one of them whose calibration is measured too.
    """
    config = _build_config(features, names, calibrated)
    kinds = (tfma.METRICS_KEY, *((tfma.PLOTS_KEY,) if calibrated else ()))
    return "Measure" >> (
        beam.Map(to_lists)
        | tfma.ExtractEvaluateAndWriteResults(
            eval_config=config,
            writers=[  # all that TFMA would write takes Beam a second more, for empty files
                tfma.writers.EvalConfigWriter(output, config),
                tfma.writers.MetricsPlotsAndValidationsWriter(
                    {kind: f"{output}/{kind}" for kind in kinds}, config
                ),
            ],
        )
    )


def load_measures(uri: str, single: str) -> dict[str, Measures]:
    """Reads what TFMA wrote to `uri` of each model or baseline; slices by column and value.

    If it was one only, TFMA has left out its name, which is `single`.
    """
    found: dict[str, list[SliceMetrics]] = {}
    for part in tfma.load_metrics(uri):
        column, value = _read_slice(part.slice_key)
        numbers: dict[str, dict[str, float]] = {}
        for item in part.metric_keys_and_values:
            metrics = numbers.setdefault(item.key.model_name or single, {})
            metrics[item.key.name] = item.value.double_value.value
        for name, metrics in numbers.items():
            complete = dict(sorted({**metrics, **_derive(metrics)}.items()))
            found.setdefault(name, []).append(SliceMetrics(column, value, complete))
    return {name: _arrange(parts) for name, parts in found.items()}


def load_calibration(uri: str) -> list[Bin]:
    """Reads the calibration histogram over all rows that TFMA wrote to `uri`."""
    plots = next(part for part in tfma.load_plots(uri) if not part.slice_key.single_slice_keys)
    (plot,) = plots.plot_keys_and_values
    bins = (
        Bin(
            count=bucket.num_weighted_examples.value,
            predicted=bucket.total_weighted_refined_prediction.value,
            observed=bucket.total_weighted_label.value,
        )
        for bucket in plot.value.calibration_histogram_buckets.buckets
    )
    return [found for found in bins if found.count]


def _build_config(features: Features, names: Sequence[str], calibrated: str) -> tfma.EvalConfig:
    classifies = features.problem is Problem.CLASSIFICATION
    metrics = CLASSIFICATION_METRICS if classifies else REGRESSION_METRICS
    keys = [[column.name] for column in features.slices] + [list(c) for c in features.slice_crosses]
    return tfma.EvalConfig(
        model_specs=[
            tfma.ModelSpec(
                name=name, prediction_key=prediction_column(name), label_key=features.label.name
            )
            for name in names
        ],
        slicing_specs=[tfma.SlicingSpec(), *(tfma.SlicingSpec(feature_keys=key) for key in keys)],
        metrics_specs=[
            *tfma.metrics.specs_from_metrics(
                list(metrics), model_names=list(names), include_weighted_example_count=False
            ),
            *(_plot_calibration(features, calibrated) if calibrated else ()),
        ],
    )


def _plot_calibration(features: Features, name: str) -> list[tfma.MetricsSpec]:
    specs: list[tfma.MetricsSpec] = tfma.metrics.specs_from_metrics(
        [tfma.metrics.CalibrationPlot(name=PLOT, **_label_range(features))],
        model_names=[name],
        include_example_count=False,
        include_weighted_example_count=False,
    )
    return specs


def _arrange(parts: list[SliceMetrics]) -> Measures:
    everything, *slices = sorted(parts, key=lambda part: (part.column, part.value))
    return Measures(everything.metrics, tuple(slices))


def _read_slice(key: Any) -> tuple[str, str]:
    """The columns and values of TFMA's SliceKey; both empty for all rows."""
    parts = [
        (part.column, getattr(part, part.WhichOneof("kind"))) for part in key.single_slice_keys
    ]
    values = (value.decode() if isinstance(value, bytes) else str(value) for _, value in parts)
    return " x ".join(column for column, _ in parts), " x ".join(values)


def _derive(metrics: dict[str, float]) -> dict[str, float]:
    """Metrics that follow from others: the mean error, or how many labels are of each class."""
    if "mean_prediction" in metrics:
        return {"mean_error": metrics["mean_prediction"] - metrics["mean_label"]}
    positives = float(round(metrics["mean_label"] * metrics[ROWS]))
    return {"positives": positives, "negatives": metrics[ROWS] - positives}


def _label_range(features: Features) -> dict[str, float]:
    """Where the histogram of predictions begins and ends: what the label may be."""
    label = features.label
    if features.problem is Problem.CLASSIFICATION or label.min is None or label.max is None:
        return {"left": 0.0, "right": 1.0}
    return {"left": label.min, "right": label.max}
