"""Batch inference with a SavedModel on Beam."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import apache_beam as beam
import pyarrow as pa
import tensorflow as tf

from mlops.data.records import fill_missing, read_records

if TYPE_CHECKING:
    from mlops.data.query import Split
    from mlops.features import Features

PREDICTION = "prediction"


def predict_records(features: Features, data: str, split: Split, model: str) -> beam.PTransform:
    """A Beam source: a split's record batches, each with the model's column `prediction`."""
    predict = beam.Map(add_predictions, features, model)
    return f"Predict {split}" >> (read_records(data, split) | "Predict batch" >> predict)


def add_predictions(batch: pa.RecordBatch, features: Features, model: str) -> pa.RecordBatch:
    """The batch with one more column, `prediction`, from the SavedModel at the URI `model`."""
    signature = _load(model).signatures["serving_default"]
    specs = signature.structured_input_signature[1]
    inputs = fill_missing(batch, features.inputs)
    tensors = {name: _to_tensor(inputs[name], spec.dtype) for name, spec in specs.items()}
    scores = pa.array(signature(**tensors)[PREDICTION].numpy())
    return pa.RecordBatch.from_arrays(
        [*batch.columns, scores], names=[*batch.schema.names, PREDICTION]
    )


def _to_tensor(array: pa.Array, dtype: tf.DType) -> tf.Tensor:
    values = tf.constant(array.to_numpy(zero_copy_only=False))
    return tf.cast(values, tf.bool) if dtype == tf.bool else values


@cache
def _load(model: str) -> tf.Module:
    """Once a worker process, whatever the number of batches."""
    return tf.saved_model.load(model)
