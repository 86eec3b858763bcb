"""Augmentation: training sees each image changed a little, in each epoch in another way."""

from __future__ import annotations

import tensorflow as tf
from pydantic import BaseModel, ConfigDict, Field

from mlops.data.query import Split
from mlops.errors import UserError


class AugmentationError(UserError):
    """A dataset does not hold what can be augmented."""


class Augmentation(BaseModel):
    """How far images are changed, at most; each change is drawn for each image by itself.

    Attributes:
        flip: whether every other one is mirrored, left to right; not where sides have a meaning,
            such as in digits or text.
        shift: how far it moves, as a share of its height and width; what comes in at one side
            mirrors the border there.
        brightness: what is added to all of its values.
        contrast: by which share the distance of its values from their mean grows or shrinks.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    flip: bool = True
    shift: float = Field(default=0.1, ge=0, le=0.5)
    brightness: float = Field(default=0.1, ge=0, le=1)
    contrast: float = Field(default=0.1, ge=0, lt=1)


def augment(
    dataset: tf.data.Dataset, split: Split, augmentation: Augmentation, seed: int
) -> tf.data.Dataset:
    """Changes the images of `train`; those of other splits stay what they are, and so do labels.

    The changes of an epoch follow from the seed, the number of iterations before it and an image's
    place alone: shuffle before, with a seed too, and batch afterwards.

    Args:
        dataset: pairs of an image, [height, width, channels] of values from 0 to 1, and its label.
        split: which split it is.
        augmentation: how far images are changed.
        seed: of all draws.

    Raises:
        AugmentationError: the images are batches, or integers.
    """
    image, _ = dataset.element_spec
    if image.shape.rank != 3:
        raise AugmentationError(
            f"Images of shape {list(image.shape)} are not augmented: give [height, width,"
            " channels], so batch them afterwards."
        )
    if not image.dtype.is_floating:
        raise AugmentationError(
            f"Images of {image.dtype.name} are not augmented: give values from 0 to 1, as"
            " tf.image.convert_image_dtype makes them."
        )
    if split is not Split.TRAIN:
        return dataset
    seeds = tf.data.Dataset.random(seed=seed, rerandomize_each_iteration=True).batch(2)

    def change_image(pair: tuple[tf.Tensor, tf.Tensor], drawn: tf.Tensor) -> tuple[tf.Tensor, ...]:
        image, label = pair
        return change(image, augmentation, drawn), label

    pairs = tf.data.Dataset.zip((dataset, seeds))
    return pairs.map(change_image, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)


def change(image: tf.Tensor, augmentation: Augmentation, seed: tf.Tensor) -> tf.Tensor:
    """An image of the same shape, type and range; `seed`, [2], alone decides which."""
    seeds = tf.unstack(tf.random.experimental.stateless_split(seed, 4))
    if augmentation.flip:
        image = tf.image.stateless_random_flip_left_right(image, seeds[0])
    image = _shift(image, augmentation.shift, seeds[1])
    image = tf.image.stateless_random_brightness(image, augmentation.brightness, seeds[2])
    if augmentation.contrast:
        bounds = (1 - augmentation.contrast, 1 + augmentation.contrast)
        image = tf.image.stateless_random_contrast(image, *bounds, seeds[3])
    return tf.clip_by_value(image, 0, 1)


def _shift(image: tf.Tensor, share: float, seed: tf.Tensor) -> tf.Tensor:
    """Cuts the image out of a larger one, at any place."""
    sides = tf.cast(tf.shape(image)[:2], tf.float32)
    margins = tf.concat([tf.cast(tf.round(share * sides), tf.int32), [0]], axis=0)
    larger = tf.pad(image, tf.stack([margins, margins], axis=1), "SYMMETRIC")
    moved = tf.image.stateless_random_crop(larger, tf.shape(image), seed)
    return tf.ensure_shape(moved, image.shape)
