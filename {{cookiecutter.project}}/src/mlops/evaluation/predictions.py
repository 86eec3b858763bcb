"""Batch inference with SavedModels."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import tensorflow as tf

from mlops.data.records import fill_missing
from mlops.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlops.features import Features

Columns = dict[str, np.ndarray]


class PredictionError(UserError):
    """A SavedModel reads what the data does not hold."""


def add_predictions(
    batch: pa.RecordBatch, features: Features, model: str, column: str
) -> pa.RecordBatch:
    """The batch with one more column, predicted by the SavedModel at the URI `model`."""
    scores = predict(model, read_inputs(batch, features, model))
    return append_column(batch, column, scores)


def append_column(batch: pa.RecordBatch, name: str, values: np.ndarray) -> pa.RecordBatch:
    """The batch with one more column."""
    return pa.RecordBatch.from_arrays(
        [*batch.columns, pa.array(values)], names=[*batch.schema.names, name]
    )


def rename_column(batch: pa.RecordBatch, name: str, new_name: str) -> pa.RecordBatch:
    """The batch with another name for one of its columns."""
    names = [new_name if each == name else each for each in batch.schema.names]
    return pa.RecordBatch.from_arrays(batch.columns, names=names)


def read_inputs(batch: pa.RecordBatch, features: Features, model: str) -> Columns:
    """What a SavedModel reads of a batch, missing values filled, each of shape [rows]."""
    names = list_inputs(features, model)
    chosen = [column for column in features.extracted if column.name in names]
    filled = fill_missing(batch, chosen)
    return {name: filled[name].to_numpy(zero_copy_only=False) for name in names}


def list_inputs(features: Features, model: str) -> list[str]:
    """The columns that a SavedModel reads.

    Raises:
        PredictionError: one of them is not extracted any more.
    """
    names = sorted(load_model(model).signatures["serving_default"].structured_input_signature[1])
    lost = sorted(set(names) - {column.name for column in features.extracted})
    if lost:
        raise PredictionError(
            f"The model {model} reads {lost[0]}, which config/features.yaml does not extract: keep"
            " that column, with the role validated, for as long as the model is the champion."
        )
    return names


def predict(model: str, columns: Mapping[str, np.ndarray]) -> np.ndarray:
    """What a SavedModel predicts, float32 [rows], of columns of shape [rows]."""
    return _call(model, "serving_default", columns)["prediction"]


def transform(model: str, columns: Mapping[str, np.ndarray]) -> Columns:
    """What a SavedModel's preprocessing makes of columns, all of shape [rows]."""
    return _call(model, "transform_features", columns)


@cache
def load_model(model: str) -> tf.Module:
    """The SavedModel at a URI, read once a process, whatever the number of batches."""
    return tf.saved_model.load(model)


def _call(model: str, name: str, columns: Mapping[str, np.ndarray]) -> Columns:
    signature = load_model(model).signatures[name]
    specs = signature.structured_input_signature[1]
    tensors = {name: _to_tensor(columns[name], spec.dtype) for name, spec in specs.items()}
    return {key: np.asarray(value.numpy()) for key, value in signature(**tensors).items()}


def _to_tensor(array: np.ndarray, dtype: tf.DType) -> tf.Tensor:
    values = tf.constant(array)
    return tf.cast(values, tf.bool) if dtype == tf.bool else values
