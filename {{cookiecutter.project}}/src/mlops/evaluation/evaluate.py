"""Evaluate a model on the test split and write what was found."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import apache_beam as beam
import tensorflow as tf
import tensorflow_model_analysis as tfma
from apache_beam.options.pipeline_options import PipelineOptions

from mlops.data.query import Split
from mlops.data.records import to_lists
from mlops.evaluation.gate import find_failures
from mlops.evaluation.metrics import SliceMetrics, build_config, load_metrics
from mlops.evaluation.predictions import predict_records

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlops.features import Features
    from mlops.settings import Evaluation


@dataclass(frozen=True)
class EvaluationResult:
    """Metrics over all test rows and over each slice, and why the gate refuses the model."""

    metrics: dict[str, float]
    slices: list[SliceMetrics]
    failures: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether the model may be registered."""
        return not self.failures


def evaluate(
    features: Features,
    evaluation: Evaluation,
    data: str,
    model: str,
    output: str,
    beam_arguments: Sequence[str],
) -> EvaluationResult:
    """Predicts the test split with a SavedModel, measures, and compares with the thresholds.

    Args:
        features: the declaration of the data.
        evaluation: thresholds.
        data: URI of the extract.
        model: URI of the SavedModel.
        output: URI of a folder; gets TFMA's own files and `evaluation.json`.
        beam_arguments: where Beam runs.
    """
    with beam.Pipeline(options=PipelineOptions(list(beam_arguments))) as pipeline:
        _ = (
            pipeline
            | predict_records(features, data, Split.TEST, model)
            | beam.Map(to_lists)
            | tfma.ExtractEvaluateAndWriteResults(
                eval_config=build_config(features), output_path=output
            )
        )
    everything, *slices = load_metrics(output)
    failures = find_failures(everything.metrics, evaluation.thresholds)
    result = EvaluationResult(everything.metrics, slices, failures)
    with tf.io.gfile.GFile(f"{output}/evaluation.json", "w") as file:
        file.write(json.dumps({"passed": result.passed, **asdict(result)}, indent=2))
    return result
