"""Evaluate a model on the test split, next to the champion and the baselines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import apache_beam as beam
import tensorflow as tf
from apache_beam.options.pipeline_options import PipelineOptions

from mlops.data.query import Split
from mlops.data.records import read_records
from mlops.evaluation.automl import answer_column, explain_automl
from mlops.evaluation.baselines import MEAN
from mlops.evaluation.calibration import build_curve, expected_error
from mlops.evaluation.card import write_card
from mlops.evaluation.explain import explain
from mlops.evaluation.fairness import find_gaps
from mlops.evaluation.gate import judge
from mlops.evaluation.metrics import (
    load_calibration,
    load_measures,
    prediction_column,
    write_measures,
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
        subject: the model, the data, and what the model is compared with.
        output: URI of a folder; gets TFMA's own files, `evaluation.json`, `evaluation.html` and
            `model_card.md`.
        beam_arguments: where Beam runs.

    Raises:
        PredictionError: the champion reads a column that is not extracted any more.
    """
    models = {MODEL: subject.model}
    if subject.champion:
        models[CHAMPION] = subject.champion
    measure(features, subject.rows or subject.data, models, output, beam_arguments)
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
    data: str,
    models: dict[str, str],
    output: str,
    beam_arguments: Sequence[str],
) -> None:
    """Writes TFMA's metrics of models, over the same rows of the test split.

    Args:
        features: the declaration of the data.
        data: URI of an extract, whose test split holds what those models predict that are AutoML's.
        models: URIs of SavedModels, or of AutoML's versions, by name; calibration is measured too
            of the one that is called `MODEL`.
        output: URI of a folder.
        beam_arguments: where Beam runs.
    """
    saved = {name: uri for name, uri in models.items() if not read_name(uri)}
    for uri in saved.values():
        list_inputs(features, uri)
    with beam.Pipeline(options=PipelineOptions(list(beam_arguments))) as pipeline:
        records = pipeline | read_records(data, Split.TEST)
        for name in models.keys() - saved.keys():
            records |= f"Name what {name} predicts" >> beam.Map(
                rename_column, answer_column(name), prediction_column(name)
            )
        for name, uri in saved.items():
            records |= f"Predict {name}" >> beam.Map(
                add_predictions, features, uri, prediction_column(name)
            )
        _ = records | write_measures(features, list(models), output, calibrated=MODEL)


def _read_result(
    features: Features, evaluation: Evaluation, subject: Subject, output: str
) -> EvaluationResult:
    measures = load_measures(output, MODEL)
    model, champion = measures[MODEL], measures.get(CHAMPION)
    baselines = load_measures(subject.baselines, MEAN)
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
