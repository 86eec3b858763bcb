"""Save the model together with its preprocessing, so that serving cannot differ from training."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tensorflow as tf

if TYPE_CHECKING:
    import keras

    from mlops.features import Column, Features

TYPES = {"INTEGER": tf.int64, "BOOLEAN": tf.bool, "FLOAT": tf.float32, "STRING": tf.string}


def export_model(features: Features, model: keras.Model, graph: str, output: str) -> None:
    """Writes a SavedModel to the URI `output`.

    Its signatures, all over raw columns by name, each a tensor of shape [batch]:
        serving_default: raw columns to `prediction`, float32 [batch].
        transform_features: raw columns to what the model reads.
        defaults: nothing to the value, of shape [], that stands in for each column that may be
            missing; the server fills them in before it calls the others.
    """
    module = tf.Module()
    module.model = model
    module.transform = tf.saved_model.load(f"{graph}/transform_fn")
    raw = [
        {column.name: tf.TensorSpec([None], TYPES[column.type], column.name) for column in columns}
        for columns in [features.inputs]
    ]

    @tf.function(input_signature=raw)
    def transform_features(columns: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        return _transform(module.transform, features, columns)

    @tf.function(input_signature=raw)
    def serving_default(columns: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        scores = model(_transform(module.transform, features, columns), training=False)
        return {"prediction": tf.squeeze(scores, axis=1)}

    @tf.function(input_signature=[])
    def defaults() -> dict[str, tf.Tensor]:
        return {
            column.name: tf.constant(column.fill, TYPES[column.type])
            for column in features.inputs
            if column.default is not None
        }

    signatures = {
        "serving_default": serving_default,
        "transform_features": transform_features,
        "defaults": defaults,
    }
    tf.saved_model.save(module, output, signatures=signatures)


def _transform(
    graph: tf.Module, features: Features, columns: dict[str, tf.Tensor]
) -> dict[str, tf.Tensor]:
    """Calls the graph that tf.Transform saved, which knows booleans as integers."""
    raw = {column.name: _to_graph(columns[column.name], column) for column in features.inputs}
    return graph.transform_fn(raw)


def _to_graph(tensor: tf.Tensor, column: Column) -> tf.Tensor:
    return tf.cast(tensor, tf.int64) if column.type == "BOOLEAN" else tensor
