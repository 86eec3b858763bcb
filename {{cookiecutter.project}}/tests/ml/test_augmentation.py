"""Images are changed as declared: in training alone, and as the seed decides."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from pydantic import ValidationError

from mlops.data.query import Split
from mlops.training.augmentation import Augmentation, AugmentationError, augment
from mlops.training.image_network import read_images

COUNT, HEIGHT, WIDTH = 24, 10, 8
IMAGES = np.random.default_rng(5).uniform(0.3, 0.7, (COUNT, HEIGHT, WIDTH, 3)).astype(np.float32)
LABELS = np.arange(COUNT)
NOTHING = Augmentation(flip=False, shift=0, brightness=0, contrast=0)


def dataset(images: np.ndarray = IMAGES) -> tf.data.Dataset:
    return tf.data.Dataset.from_tensor_slices((images, LABELS))


def collect(pairs: tf.data.Dataset) -> np.ndarray:
    """The images of one epoch; their labels are what they were."""
    images, labels = zip(*pairs.as_numpy_iterator(), strict=True)
    np.testing.assert_array_equal(labels, LABELS)
    return np.stack(images)


def change(seed: int = 1, images: np.ndarray = IMAGES, **changes: Any) -> np.ndarray:
    augmentation = NOTHING.model_copy(update=changes)
    return collect(augment(dataset(images), Split.TRAIN, augmentation, seed))


def test_the_seed_decides_and_each_epoch_differs() -> None:
    first, again, other = (
        augment(dataset(), Split.TRAIN, Augmentation(), seed) for seed in (1, 1, 2)
    )
    epochs = [collect(first), collect(first)]
    np.testing.assert_array_equal(epochs, [collect(again), collect(again)])
    assert not np.array_equal(*epochs)
    assert not np.array_equal(epochs[0], collect(other))


def test_a_flipped_picture_is_its_mirror() -> None:
    changed = change(flip=True)
    mirrored = [np.array_equal(*pair) for pair in zip(changed, IMAGES[:, :, ::-1], strict=True)]
    kept = [np.array_equal(*pair) for pair in zip(changed, IMAGES, strict=True)]
    assert np.logical_xor(mirrored, kept).all()
    assert any(mirrored)
    assert any(kept)


def test_a_moved_picture_is_a_part_of_the_mirrored_larger_one() -> None:
    """By a fifth of each side, rounded: two of the eight columns and of the ten rows."""
    places = set()
    for moved, image in zip(change(shift=0.2), IMAGES, strict=True):
        larger = np.pad(image, ((2, 2), (2, 2), (0, 0)), "symmetric")
        parts = {
            (row, column): larger[row : row + HEIGHT, column : column + WIDTH]
            for row in range(5)
            for column in range(5)
        }
        (place,) = (place for place, part in parts.items() if np.array_equal(part, moved))
        places.add(place)
    assert len(places) > COUNT / 3


def test_brightness_is_added_to_all_of_an_image() -> None:
    added = change(brightness=0.2) - IMAGES
    assert np.ptp(added, axis=(1, 2, 3)).max() < 1e-6
    assert np.abs(added).max() <= 0.2
    assert np.ptp(added) > 0.2


def test_contrast_stretches_an_image_about_its_mean() -> None:
    means = IMAGES.mean(axis=(1, 2), keepdims=True)
    factors = (change(contrast=0.3) - means) / (IMAGES - means)
    each = np.median(factors, axis=(1, 2, 3))
    assert each.min() >= 0.7
    assert each.max() <= 1.3
    assert np.ptp(each) > 0.3


def test_the_strongest_changes_keep_shape_type_and_range() -> None:
    pairs = augment(dataset(), Split.TRAIN, Augmentation(brightness=1, contrast=0.9, shift=0.5), 3)
    assert pairs.element_spec == dataset().element_spec
    changed = collect(pairs)
    assert changed.min() == 0
    assert changed.max() == 1


def test_only_training_is_augmented() -> None:
    for split in (Split.EVAL, Split.TEST):
        ((images, labels),) = read_images(IMAGES, LABELS, split, Augmentation(), 1)
        np.testing.assert_array_equal(images, IMAGES)
        np.testing.assert_array_equal(labels, LABELS)
    ((images, labels),) = read_images(IMAGES, LABELS, Split.TRAIN, Augmentation(), 1)
    assert sorted(labels.numpy()) == list(LABELS)
    assert list(labels.numpy()) != list(LABELS)
    differences = np.abs(images.numpy() - IMAGES[labels.numpy()]).max(axis=(1, 2, 3))
    assert (differences > 0).all()
    np.testing.assert_array_equal(change(), IMAGES)


def test_what_cannot_be_augmented_is_told_in_a_sentence() -> None:
    with pytest.raises(AugmentationError, match=r"batch them afterwards"):
        augment(dataset().batch(2), Split.TRAIN, Augmentation(), 1)
    with pytest.raises(AugmentationError, match=r"uint8 .*values from 0 to 1"):
        augment(dataset((255 * IMAGES).astype(np.uint8)), Split.TRAIN, Augmentation(), 1)
    with pytest.raises(ValidationError, match="shift"):
        Augmentation(shift=0.6)
