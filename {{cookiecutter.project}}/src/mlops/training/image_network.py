"""A convolutional network that tells classes of images apart: what docs/images.md begins with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras
import tensorflow as tf

from mlops.data.query import Split
from mlops.training.augmentation import augment
from mlops.training.export import NETWORK

if TYPE_CHECKING:
    import numpy as np

    from mlops.training.augmentation import Augmentation

INPUT = "image"
BATCH_SIZE = 64


def read_images(
    images: np.ndarray, labels: np.ndarray, split: Split, augmentation: Augmentation, seed: int
) -> tf.data.Dataset:
    """Batches of one split; only `train` is shuffled and augmented.

    Args:
        images: [images, height, width, channels], values from 0 to 1.
        labels: [images], the number of each one's class.
        split: which split they are.
        augmentation: how far images of `train` are changed.
        seed: of the order and of all changes.
    """
    dataset = tf.data.Dataset.from_tensor_slices((images, labels))
    if split is Split.TRAIN:
        dataset = dataset.shuffle(len(images), seed=seed)
    changed = augment(dataset, split, augmentation, seed)
    return changed.batch(BATCH_SIZE).prefetch(tf.data.AUTOTUNE)


def build_network(height: int, width: int, channels: int, classes: int) -> keras.Model:
    """Images, [batch, height, width, channels], to the probability of each class."""
    image = keras.Input((height, width, channels), name=INPUT)
    found = keras.layers.Conv2D(12, 3, activation="relu")(image)
    pooled = keras.layers.Flatten()(keras.layers.MaxPooling2D()(found))
    model = keras.Model(image, keras.layers.Dense(classes, activation="softmax")(pooled))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def export_model(model: keras.Model, output: str) -> None:
    """Writes a SavedModel to the URI `output`.

    Its signatures, the same function: `serving_default`, and `network`, which becomes a TensorFlow
    Lite file: `image` to `prediction`, float32 [batch, classes].
    """
    module = tf.Module()
    module.model = model

    def network(image: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"prediction": model(image, training=False)}

    specs = [tf.TensorSpec(model.input_shape, tf.float32, INPUT)]
    function = tf.function(network, input_signature=specs)
    tf.saved_model.save(module, output, signatures={"serving_default": function, NETWORK: function})
