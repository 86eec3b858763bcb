"""The preprocessing function that tf.Transform analyses, derived from the declared columns."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import tensorflow as tf
import tensorflow_transform as tft

from mlops.features import Column, How, Role
from mlops.training.derivation import derive

if TYPE_CHECKING:
    from mlops.features import Cross, Derived, Features

Tensors = dict[str, tf.Tensor]

# In standard deviations; beyond it the model has seen next to nothing, and must not extrapolate.
LARGEST_SCORE = 5.0


def make_preprocessing_fn(features: Features) -> Callable[[Tensors], Tensors]:
    """The function from raw inputs, each of shape [batch], to what the model reads.

    Numbers become float32 of mean 0 and variance 1, clipped to LARGEST_SCORE; buckets and
    categories become int64 indices below the column's cardinality, and so do crosses. The label
    takes no part, so nothing can leak from it.
    """

    def preprocess(raw: Tensors) -> Tensors:
        inputs = {
            column.name: TRANSFORMS[column.role](raw[column.name], column)
            for column in features.inputs
        }
        categories = {
            column.name: inputs[column.name] if column.role is Role.BUCKETIZED else raw[column.name]
            for column in features.inputs
        }
        derived = [_derive(raw, each) for each in features.derived]
        crosses = {cross.name: cross_categories(categories, cross) for cross in features.crosses}
        return {**inputs, **{k: v for each in derived for k, v in each.items()}, **crosses}

    return preprocess


def _derive(raw: Tensors, derived: Derived) -> Tensors:
    features = derive(derived, [raw[name] for name in derived.of])
    if derived.how is How.CYCLICAL:  # between -1 and 1 already
        return features
    return {name: _standardize(values, derived) for name, values in features.items()}


def cross_categories(categories: Tensors, cross: Cross) -> tf.Tensor:
    """FarmHash's fingerprint of the values, which is the same on each machine and for ever."""
    texts = [
        value if value.dtype == tf.string else tf.strings.as_string(value)
        for value in (categories[name] for name in cross.of)
    ]
    return tf.strings.to_hash_bucket_fast(tf.strings.join(texts, "\x1f"), cross.buckets)


def _standardize(values: tf.Tensor, column: Column | Derived) -> tf.Tensor:
    numbers = tf.cast(values, tf.float32)
    if column.scale == "sqrt":
        # Not a logarithm: TensorFlow rounds those differently in large and in small batches, so
        # that training and serving would differ in the last bit. Square roots are exact.
        numbers = tf.sqrt(tf.maximum(numbers, 0.0))
    return tf.clip_by_value(tft.scale_to_z_score(numbers), -LARGEST_SCORE, LARGEST_SCORE)


def _bucketize(values: tf.Tensor, column: Column) -> tf.Tensor:
    return tft.bucketize(tf.cast(values, tf.float32), num_buckets=column.buckets)


def _index(values: tf.Tensor, column: Column) -> tf.Tensor:
    if column.places is not None:
        return _place(values, column, column.places)
    return tft.compute_and_apply_vocabulary(
        values,
        top_k=column.vocabulary_size,
        num_oov_buckets=column.oov_buckets,
        vocab_filename=column.name,
    )


def _place(values: tf.Tensor, column: Column, allowed: range) -> tf.Tensor:
    """The place of each number; one that is not allowed goes where an unseen one would."""
    numbers = tf.cast(values, tf.int64)
    place = numbers - allowed.start
    beside = tf.fill(tf.shape(numbers), tf.constant(column.vocabulary_size, tf.int64))
    if column.fill is not None:
        default = tf.constant(len(allowed), tf.int64)
        beside = tf.where(numbers == column.fill, default, beside)
    return tf.where((place >= 0) & (place < len(allowed)), place, beside)


TRANSFORMS = {
    Role.NUMERIC: _standardize,
    Role.BUCKETIZED: _bucketize,
    Role.CATEGORICAL: _index,
}
