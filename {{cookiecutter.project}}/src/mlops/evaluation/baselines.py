"""Baselines: what a model must do better than.

`mean` always predicts the training split's mean label, which in a classification is the majority
class. `heuristic` predicts the mean label for the row's value of one column.

They follow from the data alone, so that they are measured while a model is trained, and once for
all models of the same data.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import apache_beam as beam
import numpy as np
import pyarrow as pa
from apache_beam.options.pipeline_options import PipelineOptions

from mlops.data.query import Split
from mlops.data.records import read_records, to_batches
from mlops.evaluation.metrics import prediction_column, write_measures
from mlops.evaluation.predictions import append_column

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlops.features import Features

MEAN = "mean"
HEURISTIC = "heuristic"
ALL = "all rows"  # never a value: Arrow's text is bytes here

Means = dict[Any, float]


def measure_baselines(
    features: Features,
    heuristic: str | None,
    data: str,
    output: str,
    beam_arguments: Sequence[str],
) -> None:
    """Writes TFMA's metrics of the baselines over the test split.

    Args:
        features: the declaration of the data.
        heuristic: the column that a baseline predicts from.
        data: URI of the extract.
        output: URI of a folder.
        beam_arguments: where Beam runs.
    """
    names = [MEAN, HEURISTIC] if heuristic else [MEAN]
    with beam.Pipeline(options=PipelineOptions(list(beam_arguments))) as pipeline:
        means = beam.pvalue.AsDict(pipeline | learn_means(features, data, heuristic))
        _ = (
            pipeline
            | read_records(data, Split.TEST)
            | "Predict baselines" >> beam.Map(add_baselines, means, heuristic)
            | write_measures(features, names, output)
        )


def learn_means(features: Features, data: str, heuristic: str | None) -> beam.PTransform:
    """A Beam source: (value of the heuristic's column, mean label in the training split).

    The mean over all rows has the key `ALL`.
    """
    label = features.label.name
    names = sorted({label, heuristic or label})
    read = beam.io.ReadFromParquetBatched(f"{data}/{Split.TRAIN}/*.parquet", columns=names)
    return "Learn baselines" >> (
        read
        | "Batch baselines" >> beam.FlatMap(to_batches)
        | "Sum labels" >> beam.FlatMap(sum_labels, label, heuristic)
        | "Add sums" >> beam.CombinePerKey(_add)
        | "Divide" >> beam.MapTuple(lambda value, sums: (value, sums[0] / sums[1]))
    )


def sum_labels(
    batch: pa.RecordBatch, label: str, heuristic: str | None
) -> Iterator[tuple[Any, tuple[float, int]]]:
    """Sum of the labels and number of rows, of all rows and of each value of a column."""
    labels = batch[label].to_numpy(zero_copy_only=False)
    yield ALL, (float(labels.sum()), len(labels))
    if heuristic:
        table = pa.Table.from_batches([batch]).group_by(heuristic)
        sums = table.aggregate([(label, "sum"), (label, "count")])
        for row in sums.to_pylist():
            yield row[heuristic], (float(row[f"{label}_sum"]), row[f"{label}_count"])


def add_baselines(
    batch: pa.RecordBatch, means: Mapping[Any, float], heuristic: str | None
) -> pa.RecordBatch:
    """The batch with one more column for each baseline's predictions."""
    overall = np.full(len(batch), means[ALL], np.float32)
    batch = append_column(batch, prediction_column(MEAN), overall)
    if heuristic is None:
        return batch
    guesses = [means.get(value, means[ALL]) for value in batch[heuristic].to_pylist()]
    return append_column(batch, prediction_column(HEURISTIC), np.array(guesses, np.float32))


def _add(sums: Any) -> tuple[float, int]:
    totals, counts = zip(*sums, strict=True)
    return sum(totals), sum(counts)
