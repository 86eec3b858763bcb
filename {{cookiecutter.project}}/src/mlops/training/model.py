"""The Keras model, derived from the declared columns."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import keras

from mlops.features import Problem

if TYPE_CHECKING:
    from mlops.features import Features, Transformed
    from mlops.settings import Training

Loss = Callable[[Any, Any], Any]
LARGEST_EMBEDDING = 8


def build_model(features: Features, training: Training) -> keras.Model:
    """A feed-forward network over standardised numbers and embedded categories.

    Inputs are the transformed columns by name, each of shape [batch]; the output has shape
    [batch, 1]: the probability of the label being 1, or the label itself in a regression.
    """
    inputs = {each.name: _input(each) for each in features.transformed}
    hidden = keras.layers.Concatenate()(
        [_encode(inputs[each.name], each) for each in features.transformed]
    )
    for units in training.hidden_units:
        hidden = keras.layers.Dense(units, activation="relu")(hidden)
        hidden = keras.layers.Dropout(training.dropout)(hidden)
    output = keras.layers.Dense(1, activation="sigmoid" if _classifies(features) else None)(hidden)
    return keras.Model(inputs, output)


def build_loss(features: Features) -> Loss:
    """The loss of each example, [batch], of labels and outputs, both [batch, 1]."""
    loss: Loss = keras.losses.binary_crossentropy if _classifies(features) else keras.losses.huber
    return loss


def build_metric(features: Features) -> keras.metrics.Metric:
    """What training reports beside the loss."""
    if _classifies(features):
        return keras.metrics.AUC(name="auc")
    return keras.metrics.MeanAbsoluteError(name="mean_absolute_error")


def _classifies(features: Features) -> bool:
    return features.problem is Problem.CLASSIFICATION


def _input(each: Transformed) -> keras.KerasTensor:
    return keras.Input((), name=each.name, dtype=each.dtype)


def _encode(tensor: keras.KerasTensor, each: Transformed) -> keras.KerasTensor:
    if each.cardinality:
        size = min(LARGEST_EMBEDDING, round(each.cardinality**0.5))
        return keras.layers.Embedding(each.cardinality, size)(tensor)
    return keras.layers.Reshape((1,))(tensor)
