"""Export the network of a SavedModel as a quantised TensorFlow Lite file, if it is worth it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from mlops.data.query import Split
from mlops.data.sample import read_sample
from mlops.evaluation.predictions import predict, read_inputs, transform
from mlops.tflite.comparison import Comparison, measure
from mlops.tflite.conversion import Converter, run_file
from mlops.tflite.page import write_page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlops.export_settings import TFLite
    from mlops.features import Features, Problem
    from mlops.tflite.conversion import Columns

FILE = "model.tflite"
PAGE = "tflite.html"
TEST_ROWS = 10_000
SAMPLE_ROWS = 200  # whose values set the ranges of integers
SEED = 17


@dataclass(frozen=True)
class Rows:
    """Rows of a split: what the SavedModel and its network read, by name, and labels.

    All of shape [rows]; of images, [rows, height, width, channels], both are the same.
    """

    raw: Mapping[str, np.ndarray]
    transformed: Mapping[str, np.ndarray]
    labels: np.ndarray


def export_tflite(
    features: Features, bounds: TFLite, data: str, model: str, output: str
) -> Comparison:
    """Writes the quantised file, if it is within its bounds, and a page that tells what was found.

    The file reads what preprocessing makes of a row: text and vocabularies stay outside of it.

    Args:
        features: the declaration of the data.
        bounds: how to quantise, and what the file must be worth.
        data: URI of the extract.
        model: URI of the SavedModel.
        output: URI of a folder; gets `tflite.html`, and `model.tflite` if nothing fails.

    Raises:
        TFLiteError: the SavedModel holds no network.
    """
    converter = Converter(model)
    learnt = read_rows(features, data, model, Split.TRAIN, SAMPLE_ROWS).transformed
    rows = read_rows(features, data, model, Split.TEST, TEST_ROWS)
    return export_network(converter, features.problem, bounds, learnt, rows, output)


def export_network(
    converter: Converter, problem: Problem, bounds: TFLite, learnt: Columns, rows: Rows, output: str
) -> Comparison:
    """Does the same with any network: of images, too.

    Args:
        converter: of the network.
        problem: what it predicts.
        bounds: how to quantise, and what the file must be worth.
        learnt: what it reads of some rows of `train`, whose values set the ranges of integers.
        rows: of `test`, on which the file is compared with the SavedModel.
        output: URI of a folder; gets `tflite.html`, and `model.tflite` if nothing fails.
    """
    content = converter.quantize(learnt if bounds.quantization == "integer" else None)
    found = compare(problem, converter.model, rows, converter.to_float32(), content)
    tf.io.gfile.makedirs(output)
    with tf.io.gfile.GFile(f"{output}/{PAGE}", "w") as page:
        page.write(write_page(found, bounds, sorted(converter.inputs)))
    if not found.list_failures(bounds):
        with tf.io.gfile.GFile(f"{output}/{FILE}", "wb") as file:
            file.write(content)
    return found


def compare(
    problem: Problem, model: str, rows: Rows, float32: bytes, quantized: bytes
) -> Comparison:
    """Runs a quantised file and the SavedModel on the same rows."""
    before = predict(model, rows.raw)
    after = run_file(quantized, rows.transformed)
    return Comparison(
        problem=problem,
        rows=len(rows.labels),
        float32_bytes=len(float32),
        quantized_bytes=len(quantized),
        before=measure(problem, rows.labels, before),
        after=measure(problem, rows.labels, after),
        largest_change=float(np.abs(after - before).max()),
    )


def describe(found: Comparison, bounds: TFLite) -> dict[str, float | str]:
    """What the artifact of an export tells of it."""
    return {
        "size_ratio": found.size_ratio,
        "bytes": found.quantized_bytes,
        "metric": found.metric,
        "before": found.before,
        "after": found.after,
        "failures": json.dumps(found.list_failures(bounds)),
    }


def read_rows(features: Features, data: str, model: str, split: Split, count: int) -> Rows:
    """So many rows of a split of an extract at most, drawn at random."""
    sample = read_sample(data, split, count, SEED)
    raw = read_inputs(sample, features, model)
    labels = sample[features.label.name].to_numpy(zero_copy_only=False)
    return Rows(raw, transform(model, raw), labels)
