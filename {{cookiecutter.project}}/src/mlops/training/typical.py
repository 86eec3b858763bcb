"""A typical row, saved with the model: what predictions are explained by comparison with.

It is made of medians and most frequent values, each of a column alone, so it is nobody's row.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from mlops.features import Role

if TYPE_CHECKING:
    import pyarrow as pa

    from mlops.features import Column, Features, Value

FILE = "typical.json"


def write_typical_row(features: Features, sample: pa.RecordBatch, graph: str) -> None:
    """Writes the typical row of a sample of training rows next to the tf.Transform graph."""
    row = {column.name: _typical_value(sample[column.name], column) for column in features.inputs}
    with tf.io.gfile.GFile(f"{graph}/{FILE}", "w") as file:
        json.dump(row, file)


def read_typical_row(graph: str) -> dict[str, Value]:
    """The typical row that lies next to a tf.Transform graph."""
    with tf.io.gfile.GFile(f"{graph}/{FILE}") as file:
        row: dict[str, Value] = json.load(file)
    return row


def _typical_value(column: pa.Array, declared: Column) -> Value | None:
    """The median, or of a category the most frequent value; the default if all are missing."""
    present = column.drop_null().to_numpy(zero_copy_only=False)
    if not len(present):
        return declared.fill
    if declared.role is Role.CATEGORICAL:
        values, counts = np.unique(present, return_counts=True)
        typical = values[counts.argmax()]
    else:
        typical = np.sort(present)[len(present) // 2]
    return typical.decode() if isinstance(typical, bytes) else typical.item()
