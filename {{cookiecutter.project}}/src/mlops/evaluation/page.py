"""The page of an evaluation: one HTML file that needs nothing else."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

from mlops.charts import Series, draw_bars, draw_curve
from mlops.evaluation.measures import ROWS
from mlops.features import Problem
from mlops.html import write_document, write_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlops.evaluation.gate import Check
    from mlops.evaluation.result import EvaluationResult

HEADLINES = {Problem.CLASSIFICATION: "auc", Problem.REGRESSION: "mean_absolute_error"}
# metrics between 0 and 1, that share an axis
SHARES = (
    "auc",
    "auc_precision_recall",
    "accuracy",
    "balanced_accuracy",
    "precision",
    "recall",
    "false_positive_rate",
    "false_negative_rate",
    "squared_pearson_correlation",
)


def write_page(result: EvaluationResult, problem: Problem) -> str:
    """The page as HTML: verdict, comparisons, slices, fairness, calibration, importances."""
    sections = {
        "What the gate compared": _checks(result.checks),
        "Metrics": _metrics(result),
        "Slices": _slices(result, HEADLINES[problem]),
        "Fairness gaps": _gaps(result),
        "Calibration": _calibration(result),
        "What the predictions hang on": _explained(result),
        "What was evaluated": _subject(result),
    }
    return write_document(f"Evaluation of {result.subject.name}", _verdict(result), sections)


def _verdict(result: EvaluationResult) -> str:
    if result.passed:
        champion = "as a first model, without a champion to compare with"
        if result.champion:
            champion = f"compared with the champion, version {escape(_version(result))}"
        return (
            f'<p class="verdict passed">Passed: the model may be registered, {champion}.</p>'
            f"<p>All {len(result.checks)} comparisons are within their bounds.</p>"
        )
    reasons = "".join(f"<li>{escape(failure)}</li>" for failure in result.failures)
    return f'<p class="verdict failed">Refused: the model is not registered.</p><ul>{reasons}</ul>'


def _checks(checks: Sequence[Check]) -> str:
    rows = (
        (
            check.rule,
            check.metric,
            check.subject or "all rows",
            check.value,
            check.min,
            check.max,
            "passed" if check.passed else "failed",
        )
        for check in checks
    )
    return write_table(("rule", "metric", "of", "value", "at least", "at most", "verdict"), rows)


def _metrics(result: EvaluationResult) -> str:
    compared = _compared(result)
    names = list(result.metrics)
    rows = ((name, *(one.get(name) for one in compared.values())) for name in names)
    shares = [name for name in names if name in SHARES]
    series = [
        Series(name, [one.get(share, math.nan) for share in shares])
        for name, one in compared.items()
    ]
    return draw_bars(shares, series, "Metrics of model, champion and baselines") + write_table(
        ("over the whole test split", *compared), rows
    )


def _slices(result: EvaluationResult, headline: str) -> str:
    if not result.slices:
        return "<p>No column of config/features.yaml is a slice.</p>"
    labels = [part.name for part in result.slices]
    series = [Series("model", [p.metrics.get(headline, math.nan) for p in result.slices])]
    champion = result.champion
    if champion:
        values = [champion.find_slice(name).get(headline, math.nan) for name in labels]
        series.append(Series("champion", values))
    chart = draw_bars(labels, series, f"{headline} of each slice")
    rows = (
        (label, result.slices[row].metrics[ROWS], *(one.values[row] for one in series))
        for row, label in enumerate(labels)
    )
    heading = ("slice", "rows", *(f"{headline}, {one.name}" for one in series))
    return f"<p>{headline}</p>{chart}{write_table(heading, rows)}"


def _gaps(result: EvaluationResult) -> str:
    if not result.gaps:
        return "<p>No column has two groups with enough rows to compare.</p>"
    rows = ((g.column, g.metric, g.lowest, g.highest, g.size) for g in result.gaps)
    labels = [f"{gap.metric}, {gap.column}" for gap in result.gaps]
    chart = draw_bars(labels, [Series("gap", [gap.size for gap in result.gaps])], "Fairness gaps")
    return chart + write_table(("column", "metric", "lowest group", "highest group", "gap"), rows)


def _calibration(result: EvaluationResult) -> str:
    points = [(point.predicted, point.observed) for point in result.calibration]
    curve = draw_curve(points, "Calibration curve", "mean prediction", "mean label")
    error = result.calibration_error
    return (
        f"<p>Each point is about a tenth of the rows; predictions and labels lie"
        f" {error:.4f} apart (expected calibration error).</p>{curve}"
    )


def _explained(result: EvaluationResult) -> str:
    explained = result.explained
    importances = explained.importances
    ranked = (
        (rank, one.column, one.mean, one.deviation) for rank, one in enumerate(importances, start=1)
    )
    losses = Series("loss", [one.mean for one in importances])
    sizes = Series("size", list(explained.attributions.values()))
    bars = draw_bars(list(explained.attributions), [sizes], "Mean absolute attributions")
    if not importances:
        return f"<h3>Attributions</h3><p>Vertex AI's own, of its test set.</p>{bars}"
    return (
        f"<h3>Permutation importance</h3><p>What {escape(explained.score)} loses when a column is"
        f" shuffled, over {explained.rows} rows.</p>"
        + draw_bars([one.column for one in importances], [losses], "Permutation importances")
        + write_table(("rank", "column", "mean loss", "standard deviation"), ranked)
        + "<h3>Attributions</h3><p>What a column adds to a prediction or takes from it, on average"
        f" (sampled Shapley values; the mean prediction is {explained.base:.4f}).</p>" + bars
    )


def _subject(result: EvaluationResult) -> str:
    subject = result.subject
    champion = f"version {_version(result)}, {subject.champion}" if result.champion else "none yet"
    facts = {
        "model": subject.model,
        "champion": champion,
        "data": subject.data,
        "version of the data": subject.data_version or "not known",
        "test rows": f"{result.metrics[ROWS]:g}",
    }
    items = (f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in facts.items())
    return f"<dl>{''.join(items)}</dl>"


def _compared(result: EvaluationResult) -> dict[str, Mapping[str, float]]:
    """The metrics over all rows of all that was measured, by name."""
    champion = {"champion": result.champion.metrics} if result.champion else {}
    baselines = {f"baseline: {name}": one.metrics for name, one in result.baselines.items()}
    return {"model": result.metrics, **champion, **baselines}


def _version(result: EvaluationResult) -> str:
    return result.subject.champion_version or "unknown"
