"""SavedModels to serve."""

from __future__ import annotations

from pathlib import Path

import tensorflow as tf

SPECS = {
    "miles": tf.TensorSpec([None], tf.float32, "miles"),
    "hour": tf.TensorSpec([None], tf.int64, "hour"),
    "company": tf.TensorSpec([None], tf.string, "company"),
    "shared": tf.TensorSpec([None], tf.bool, "shared"),
}
GOOD = {"miles": 2.5, "hour": 3, "company": "none", "shared": False}
POISON = GOOD | {"hour": -13}  # the model fails on it
SLOW = GOOD | {"hour": -99}  # takes the model a while
LARGEST = GOOD | {"company": "largest"}  # is told how many rows the largest call had


class Trips(tf.Module):
    """A model that knows what it was called with, and has a few weak points."""

    def __init__(self) -> None:
        super().__init__()
        self.largest = tf.Variable(0)

    def serving_default(self, raw: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Miles and ten times the hour; a hundred less when the company is not called none."""
        self.largest.assign(tf.maximum(self.largest, tf.size(raw["hour"])))
        tf.debugging.assert_none_equal(raw["hour"], tf.constant(-13, tf.int64))
        rounds = tf.where(tf.reduce_any(raw["hour"] == -99), 30_000, 0)
        (waited,) = tf.while_loop(lambda i: i < rounds, lambda i: (i + 1,), [0])
        hours = tf.cast(raw["hour"], tf.float32) + 0.0 * tf.cast(waited, tf.float32)
        known = tf.cast(tf.not_equal(raw["company"], "none"), tf.float32)
        total = raw["miles"] + 10.0 * hours - 100.0 * (1.0 - known)
        total += 1000.0 * tf.cast(raw["shared"], tf.float32)
        largest = tf.cast(self.largest, tf.float32)
        return {"prediction": tf.where(raw["company"] == "largest", largest, total)}

    def defaults(self) -> dict[str, tf.Tensor]:
        return {"company": tf.constant("none"), "miles": tf.constant(7.0)}


def save_trips(folder: Path) -> str:
    module = Trips()
    signatures = {
        "serving_default": tf.function(module.serving_default, input_signature=[SPECS]),
        "defaults": tf.function(module.defaults, input_signature=[]),
    }
    tf.saved_model.save(module, str(folder), signatures=signatures)
    return str(folder)


class Curved(tf.Module):
    """A model of one smooth output, that fields make together."""

    def serving_default(self, raw: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        hours = tf.cast(raw["hour"], tf.float32)
        known = tf.cast(tf.not_equal(raw["company"], "none"), tf.float32)
        return {"prediction": tf.sigmoid(0.1 * raw["miles"] * (1.0 + known) - 0.05 * hours)}

    def typical(self) -> dict[str, tf.Tensor]:
        return {
            "miles": tf.constant(1.5),
            "hour": tf.constant(12, tf.int64),
            "company": tf.constant("none"),
            "shared": tf.constant(False),
        }


def save_curved(folder: Path) -> str:
    module = Curved()
    signatures = {
        "serving_default": tf.function(module.serving_default, input_signature=[SPECS]),
        "typical": tf.function(module.typical, input_signature=[]),
    }
    tf.saved_model.save(module, str(folder), signatures=signatures)
    return str(folder)


def save_half_plus_two(folder: Path) -> str:
    """TensorFlow Serving's example."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, "x")])
    def half_plus_two(x: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"y": 0.5 * x + 2.0}

    signatures = {"serving_default": half_plus_two}
    tf.saved_model.save(tf.Module(), str(folder), signatures=signatures)
    return str(folder)
