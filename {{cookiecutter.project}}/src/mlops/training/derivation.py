"""Features that are computed from several columns, or in several ways from one.

All is made of additions, multiplications, divisions and square roots in double precision, which
have one exact result each: TensorFlow rounds its sines and logarithms differently in large and in
small batches, so that training and serving would differ in the last bit.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import tensorflow as tf

from mlops.features import How

if TYPE_CHECKING:
    from mlops.features import Derived

EARTH_RADIUS = 6371.0088  # km, the mean one of IUGG
_SINE_TERMS = 11  # of its Taylor series: up to a right angle, wrong by less than 1e-17
_ARC_TERMS = 12
_HALVINGS = 3


def derive(derived: Derived, values: list[tf.Tensor]) -> dict[str, tf.Tensor]:
    """The derived feature, or features, by name: float32 of shape [batch]."""
    numbers = [tf.cast(value, tf.float64) for value in values]
    names = derived.outputs
    results = WAYS[derived.how](derived, *numbers)
    return {name: tf.cast(result, tf.float32) for name, result in zip(names, results, strict=True)}


def _haversine(
    _: Derived, latitude1: tf.Tensor, longitude1: tf.Tensor, latitude2: tf.Tensor,
    longitude2: tf.Tensor,
) -> tuple[tf.Tensor]:  # fmt: skip
    """The way over the Earth's surface between two points given in degrees, in kilometres."""
    north, east, cosine1, cosine2 = _sines_of_degrees(
        (latitude2 - latitude1) / 2, (longitude2 - longitude1) / 2, 90 - latitude1, 90 - latitude2
    )
    square = tf.clip_by_value(north * north + cosine1 * cosine2 * east * east, 0, 1)
    return (2 * EARTH_RADIUS * _arc_sine(tf.sqrt(square)),)


def _euclidean(
    _: Derived, x1: tf.Tensor, y1: tf.Tensor, x2: tf.Tensor, y2: tf.Tensor
) -> tuple[tf.Tensor]:
    """The straight way between two points, in the unit of their coordinates."""
    return (tf.sqrt((x2 - x1) * (x2 - x1) + (y2 - y1) * (y2 - y1)),)


def _cyclical(derived: Derived, values: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """A place on a circle: sine and cosine, so that the end of a period lies next to its start."""
    degrees = values * (360 / (derived.period or 1))
    sine, cosine = _sines_of_degrees(degrees, degrees + 90)
    return sine, cosine


WAYS: dict[How, Callable[..., tuple[tf.Tensor, ...]]] = {
    How.HAVERSINE: _haversine,
    How.EUCLIDEAN: _euclidean,
    How.CYCLICAL: _cyclical,
}


def _sines_of_degrees(*degrees: tf.Tensor) -> list[tf.Tensor]:
    """The sine of each; all at once, since each operation takes time to save and to load."""
    turned = tf.math.floormod(tf.stack(degrees) + 90, 360.0) - 90  # [-90, 270)
    angles = tf.where(turned > 90, 180 - turned, turned) * (math.pi / 180)
    terms = [(-1) ** n / math.factorial(2 * n + 1) for n in range(_SINE_TERMS)]
    sines: list[tf.Tensor] = tf.unstack(_series(angles, terms), num=len(degrees))
    return sines


def _arc_sine(sine: tf.Tensor) -> tf.Tensor:
    """In radians, for sines from 0 to 1: the arc's tangent, halved until its series converges."""
    tangent = sine / (1 + tf.sqrt(1 - sine * sine))  # of half the arc
    for _ in range(_HALVINGS):
        tangent /= 1 + tf.sqrt(1 + tangent * tangent)
    series = _series(tangent, [(-1) ** n / (2 * n + 1) for n in range(_ARC_TERMS)])
    return 2 ** (_HALVINGS + 1) * series


def _series(x: tf.Tensor, coefficients: list[float]) -> tf.Tensor:
    """The sum of c·x^(2n+1), by Horner's rule."""
    square, result = x * x, tf.zeros_like(x)
    for coefficient in reversed(coefficients):
        result = result * square + coefficient
    return result * x
