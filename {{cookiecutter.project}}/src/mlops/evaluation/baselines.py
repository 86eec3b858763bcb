"""Baselines: what a model must do better than.

`mean` always predicts the training split's mean label, which in a classification is the majority
class. `heuristic` predicts the mean label for the row's value of one column.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import apache_beam as beam
import numpy as np
import pyarrow as pa

from mlops.data.query import Split
from mlops.data.records import to_batches
from mlops.evaluation.metrics import prediction_column
from mlops.evaluation.predictions import append_column

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlops.features import Features

MEAN = "mean"
HEURISTIC = "heuristic"
ALL = "all rows"  # never a value: Arrow's text is bytes here

Means = dict[Any, float]


def list_baselines(heuristic: str | None) -> list[str]:
    """The baselines' names."""
    return [MEAN, HEURISTIC] if heuristic else [MEAN]


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
