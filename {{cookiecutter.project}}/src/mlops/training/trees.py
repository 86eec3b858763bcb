"""Trees as TensorFlow operations, whoever has grown them.

So a model of scikit-learn or XGBoost is exported as the same SavedModel, evaluated, served and
explained by the same code as a network.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Tensors = dict[str, tf.Tensor]


@dataclass(frozen=True)
class Tree:
    """One tree, as arrays over its nodes; the root is node 0.

    Attributes:
        feature: the index of the input that a node looks at.
        threshold: an input below this goes left, float32.
        left: the node to the left; -1 for a leaf.
        right: the node to the right; -1 for a leaf.
        value: what a leaf adds.
    """

    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    right: np.ndarray
    value: np.ndarray

    @property
    def depth(self) -> int:
        """The most steps from the root to a leaf."""
        depths = np.zeros(len(self.left), int)
        for node in range(len(self.left)):  # children come after their parents
            if self.left[node] >= 0:
                depths[[self.left[node], self.right[node]]] = depths[node] + 1
        return int(depths.max())


class TreeEnsemble(tf.Module):  # type: ignore[misc]  # TensorFlow has no types
    """The sum of what trees say of a row, and for a classification its probability."""

    def __init__(
        self,
        names: Sequence[str],
        trees: Sequence[Tree],
        base: float,
        *,
        sigmoid: bool,
        inclusive: bool,
    ):
        """Lays the trees out as tensors.

        Args:
            names: the inputs, in the order of their indices.
            trees: all of them.
            base: what is added to their sum.
            sigmoid: whether the sum is the logarithm of odds.
            inclusive: whether an input goes left that is equal to the threshold. (The next number
                below a threshold would not do: below 0 TensorFlow takes it for 0.)
        """
        super().__init__()
        self._names, self._base, self._sigmoid = list(names), base, sigmoid
        self._is_left = tf.less_equal if inclusive else tf.less
        self._depth = max((tree.depth for tree in trees), default=0)
        starts = np.cumsum([0, *(len(tree.left) for tree in trees)])[:-1]
        self._roots = tf.constant(starts, tf.int32)
        placed = list(zip(trees, starts, strict=True))
        feature, left, right = (
            np.concatenate([_links(tree, start, which) for tree, start in placed])
            for which in ("feature", "left", "right")
        )
        self._feature = tf.constant(feature, tf.int32)
        self._left, self._right = tf.constant(left, tf.int32), tf.constant(right, tf.int32)
        self._threshold = tf.constant(np.concatenate([t.threshold for t in trees]), tf.float32)
        self._value = tf.constant(np.concatenate([t.value for t in trees]), tf.float32)

    def __call__(self, inputs: Mapping[str, tf.Tensor], training: bool = False) -> tf.Tensor:
        """What the trees predict, [batch, 1], of transformed columns of shape [batch]."""
        rows = tf.stack([tf.cast(inputs[name], tf.float32) for name in self._names], axis=1)
        nodes = tf.tile(self._roots[tf.newaxis, :], [tf.shape(rows)[0], 1])
        for _ in range(self._depth):
            looked_at = tf.gather(rows, tf.gather(self._feature, nodes), batch_dims=1)
            goes_left = self._is_left(looked_at, tf.gather(self._threshold, nodes))
            nodes = tf.where(goes_left, tf.gather(self._left, nodes), tf.gather(self._right, nodes))
        sums = tf.reduce_sum(tf.gather(self._value, nodes), axis=1, keepdims=True) + self._base
        return tf.sigmoid(sums) if self._sigmoid else sums


def _links(tree: Tree, start: int, which: str) -> np.ndarray:
    """An array of a tree for its place among all nodes; a leaf leads to itself."""
    found: np.ndarray = getattr(tree, which)
    is_leaf = tree.left < 0
    if which == "feature":
        return np.where(is_leaf, 0, found)
    return np.where(is_leaf, np.arange(len(found)), found) + start


def floor_to_float32(numbers: np.ndarray) -> np.ndarray:
    """The largest float32 that is not above each number: what float32 inputs compare alike with."""
    rounded = numbers.astype(np.float32)
    return np.where(rounded > numbers, np.nextafter(rounded, np.float32(-np.inf)), rounded)
