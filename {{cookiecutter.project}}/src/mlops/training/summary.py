"""What training has reached, kept in the SavedModel that it has written."""

from __future__ import annotations

import json

import tensorflow as tf

SUMMARY = "assets.extra/training.json"  # where a SavedModel keeps what is not its own


def write_summary(reached: dict[str, float], model: str) -> None:
    """Adds what training has reached to a SavedModel, by its URI."""
    path = tf.io.gfile.join(model, SUMMARY)
    tf.io.gfile.makedirs(path.rpartition("/")[0])
    with tf.io.gfile.GFile(path, "w") as file:
        file.write(json.dumps(reached))


def read_summary(model: str) -> dict[str, float]:
    """What `write_summary` has kept."""
    with tf.io.gfile.GFile(tf.io.gfile.join(model, SUMMARY)) as file:
        found: dict[str, float] = json.loads(file.read())
    return found
