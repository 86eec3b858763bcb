"""Save the model together with its preprocessing, so that serving cannot differ from training."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras
import tensorflow as tf

from mlops.features import DTYPES
from mlops.training.typical import read_typical_row

if TYPE_CHECKING:
    from mlops.features import Column, Features

Tensors = dict[str, tf.Tensor]

NETWORK = "network"
TYPES = {kind: tf.dtypes.as_dtype(dtype) for kind, dtype in DTYPES.items()}


def export_model(features: Features, model: keras.Model, graph: str, output: str) -> None:
    """Writes a SavedModel to the URI `output`.

    Its signatures, all over raw columns by name, each a tensor of shape [batch]:
        serving_default: raw columns to `prediction`, float32 [batch].
        transform_features: raw columns to what the model reads.
        network: what the model reads to `prediction`, without the preprocessing; only of a network.
        defaults: nothing to the value, of shape [], that stands in for each column that may be
            missing; the server fills them in before it calls the others.
        typical: nothing to a typical value, of shape [], of each column; predictions are explained
            by comparison with its.
    """
    module = tf.Module()
    module.graph = tf.saved_model.load(f"{graph}/transform_fn")
    if isinstance(model, keras.Model):
        # its variables alone: it has hundreds of parts more, which the functions do without
        module.network = [variable.value for variable in model.variables]
    specs = {
        column.name: tf.TensorSpec([None], TYPES[column.type], column.name)
        for column in features.inputs
    }

    def transform_features(raw: Tensors) -> Tensors:
        return _transform(module.graph, features, raw)

    def network(transformed: Tensors) -> Tensors:
        scores = model(transformed, training=False)
        return {"prediction": tf.squeeze(scores, axis=1)}

    transforming = tf.function(transform_features, input_signature=[specs])
    predicting = tf.function(network, input_signature=[_transformed_specs(features)])

    def serving_default(raw: Tensors) -> Tensors:
        predicted: Tensors = predicting(transforming(raw))
        return predicted

    def defaults() -> Tensors:
        return {
            column.name: tf.constant(column.fill, TYPES[column.type])
            for column in features.inputs
            if column.default is not None
        }

    row = read_typical_row(graph)

    def typical() -> Tensors:
        return {
            column.name: tf.constant(row[column.name], TYPES[column.type])
            for column in features.inputs
        }

    signatures = {
        "serving_default": tf.function(serving_default, input_signature=[specs]),
        "transform_features": transforming,
        "defaults": tf.function(defaults, input_signature=[]),
        "typical": tf.function(typical, input_signature=[]),
    }
    if isinstance(model, keras.Model):
        signatures[NETWORK] = predicting
    tf.saved_model.save(module, output, signatures=signatures)


def _transformed_specs(features: Features) -> dict[str, tf.TensorSpec]:
    return {
        each.name: tf.TensorSpec([None], each.dtype, each.name) for each in features.transformed
    }


def _transform(graph: tf.Module, features: Features, raw: Tensors) -> Tensors:
    """Calls the graph that tf.Transform saved, which knows booleans as integers."""
    columns = {column.name: _to_graph(raw[column.name], column) for column in features.inputs}
    transformed: Tensors = graph.transform_fn(columns)
    return transformed


def _to_graph(tensor: tf.Tensor, column: Column) -> tf.Tensor:
    return tf.cast(tensor, tf.int64) if column.type == "BOOLEAN" else tensor
