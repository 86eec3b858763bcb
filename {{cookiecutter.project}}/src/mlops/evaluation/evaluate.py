"""Evaluate a model on the test split, next to the champion and the baselines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import apache_beam as beam
import tensorflow as tf
import tensorflow_model_analysis as tfma
from apache_beam.options.pipeline_options import PipelineOptions

from mlops.data.query import Split
from mlops.data.records import read_records, to_lists
from mlops.evaluation.automl import answer_column, explain_automl
from mlops.evaluation.baselines import add_baselines, learn_means, list_baselines
from mlops.evaluation.calibration import build_curve, expected_error
from mlops.evaluation.card import write_card
from mlops.evaluation.explain import explain
from mlops.evaluation.fairness import find_gaps
from mlops.evaluation.gate import judge
from mlops.evaluation.metrics import (
    build_config,
    load_calibration,
    load_measures,
    prediction_column,
)
from mlops.evaluation.page import write_page
from mlops.evaluation.predictions import add_predictions, list_inputs, rename_column
from mlops.evaluation.result import EvaluationResult, Explained, Subject
from mlops.features import Problem
from mlops.registry.names import read_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlops.features import Features
    from mlops.settings import Evaluation

MODEL = "model"
CHAMPION = "champion"
FAIRNESS_METRICS = {
    Problem.CLASSIFICATION: ("false_positive_rate", "false_negative_rate"),
    Problem.REGRESSION: ("mean_error",),
}


def evaluate(
    features: Features,
    evaluation: Evaluation,
    subject: Subject,
    output: str,
    beam_arguments: Sequence[str],
) -> EvaluationResult:
    """Predicts the test split, measures, explains and judges a model.

    Args:
        features: the declaration of the data.
        evaluation: the bounds of the gate, and what the model card says.
        subject: the model, the champion and the data.
        output: URI of a folder; gets TFMA's own files, `evaluation.json`, `evaluation.html` and
            `model_card.md`.
        beam_arguments: where Beam runs.

    Raises:
        PredictionError: the champion reads a column that is not extracted any more.
    """
    models = {MODEL: subject.model}
    if subject.champion:
        models[CHAMPION] = subject.champion
    measure(
        features, evaluation.heuristic, subject.data, models, output, beam_arguments, subject.rows
    )
    result = _read_result(features, evaluation, subject, output)
    for name, content in {
        "evaluation.json": result.to_json(),
        "evaluation.html": write_page(result, features.problem),
        "model_card.md": write_card(result, evaluation),
    }.items():
        with tf.io.gfile.GFile(f"{output}/{name}", "w") as file:
            file.write(content)
    return result


def measure(
    features: Features,
    heuristic: str | None,
    data: str,
    models: dict[str, str],
    output: str,
    beam_arguments: Sequence[str],
    rows: str = "",
) -> None:
    """Writes TFMA's metrics of models and baselines, over the same rows of the test split.

    Args:
        features: the declaration of the data.
        heuristic: the column that a baseline predicts from.
        data: URI of the extract.
        models: URIs of SavedModels by name.
        output: URI of a folder.
        beam_arguments: where Beam runs.
        rows: URI of the test split with what AutoML models predict, if one of them is one.
    """
    saved = {name: uri for name, uri in models.items() if not read_name(uri)}
    for uri in saved.values():
        list_inputs(features, uri)
    names = [*models, *list_baselines(heuristic)]
    with beam.Pipeline(options=PipelineOptions(list(beam_arguments))) as pipeline:
        means = beam.pvalue.AsDict(pipeline | learn_means(features, data, heuristic))
        records = pipeline | read_records(rows or data, Split.TEST)
        for name in models.keys() - saved.keys():
            records |= f"Name what {name} predicts" >> beam.Map(
                rename_column, answer_column(name), prediction_column(name)
            )
        for name, uri in saved.items():
            records |= f"Predict {name}" >> beam.Map(
                add_predictions, features, uri, prediction_column(name)
            )
        _ = (
            records
            | "Predict baselines" >> beam.Map(add_baselines, means, heuristic)
            | "To lists" >> beam.Map(to_lists)
            | tfma.ExtractEvaluateAndWriteResults(
                eval_config=build_config(features, names), output_path=output
            )
        )


def _read_result(
    features: Features, evaluation: Evaluation, subject: Subject, output: str
) -> EvaluationResult:
    measures = load_measures(output)
    model, champion = measures[MODEL], measures.get(CHAMPION)
    baselines = {name: measures[name] for name in list_baselines(evaluation.heuristic)}
    curve = build_curve(load_calibration(output))
    metrics = dict.fromkeys((*FAIRNESS_METRICS[features.problem], *evaluation.fairness_gap))
    return EvaluationResult(
        subject=subject,
        model=model,
        champion=champion,
        baselines=baselines,
        checks=judge(evaluation, model, champion, baselines),
        gaps=tuple(
            gap
            for metric in metrics
            for gap in find_gaps(model.slices, metric, evaluation.minimum_support)
        ),
        calibration=curve,
        calibration_error=expected_error(curve),
        explained=_explain(features, evaluation, subject),
    )


def _explain(features: Features, evaluation: Evaluation, subject: Subject) -> Explained:
    if resource := read_name(subject.model):
        return explain_automl(resource)
    return explain(features, evaluation.explanation, subject.data, subject.model)
