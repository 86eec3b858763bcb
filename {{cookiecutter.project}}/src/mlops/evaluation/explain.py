"""Explain a SavedModel on a sample of the test split."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from apache_beam.io.filesystems import FileSystems

from mlops.data.query import Split
from mlops.data.records import to_batches
from mlops.evaluation.attributions import attribute
from mlops.evaluation.importance import (
    area_under_curve,
    measure_importance,
    negative_absolute_error,
)
from mlops.evaluation.predictions import predict, read_inputs
from mlops.evaluation.result import Explained
from mlops.features import Problem

if TYPE_CHECKING:
    from mlops.features import Features
    from mlops.settings import Explanation

SCORES = {
    Problem.CLASSIFICATION: ("auc", area_under_curve),
    Problem.REGRESSION: ("negative mean_absolute_error", negative_absolute_error),
}
LARGEST_FILE_COUNT = 16


def explain(features: Features, explanation: Explanation, data: str, model: str) -> Explained:
    """Importances and attributions of each input; the same ones for the same model and data."""
    sample = read_sample(data, explanation.importance_rows, explanation.seed)
    columns = read_inputs(sample, features, model)
    labels = sample[features.label.name].to_numpy(zero_copy_only=False)
    name, score = SCORES[features.problem]
    ask = partial(predict, model)
    importances = measure_importance(
        ask, columns, labels, score, explanation.importance_repeats, explanation.seed
    )
    few = {key: values[: explanation.attribution_rows] for key, values in columns.items()}
    attributions = attribute(
        ask, few, columns, explanation.attribution_permutations, explanation.seed
    )
    sizes = attributions.mean_sizes()
    return Explained(name, len(labels), importances, sizes, attributions.base)


def read_sample(data: str, rows: int, seed: int) -> pa.RecordBatch:
    """At most that many rows of the test split, an equal share from each of some of its files.

    Of each file one group of rows is read, so that a large split costs no more than a small one.
    """
    random = np.random.default_rng(seed)
    (matched,) = FileSystems.match([f"{data}/{Split.TEST}/*.parquet"])
    paths = sorted(file.path for file in matched.metadata_list)
    if len(paths) > LARGEST_FILE_COUNT:
        paths = sorted(random.choice(paths, LARGEST_FILE_COUNT, replace=False))
    tables = [_read_rows(path, -(-rows // len(paths)), random) for path in paths]
    sample = pa.concat_tables(tables).slice(0, rows)
    return pa.Table.from_batches(to_batches(sample)).combine_chunks().to_batches()[0]


def _read_rows(path: str, rows: int, random: np.random.Generator) -> pa.Table:
    with FileSystems.open(path) as file:
        parquet = pq.ParquetFile(file)
        table = parquet.read_row_group(random.integers(parquet.num_row_groups))
    chosen = random.choice(len(table), min(rows, len(table)), replace=False)
    return table.take(pa.array(np.sort(chosen)))
