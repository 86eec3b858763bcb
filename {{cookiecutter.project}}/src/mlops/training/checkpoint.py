"""The state of a training after each epoch, from which a training that was killed goes on."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import tensorflow as tf

FILE = "training.npz"


@dataclass
class State:
    """What a training has reached.

    Attributes:
        variables: of the model and the optimizer, after the last epoch.
        best: the model's weights after the epoch with the lowest loss on `eval`.
        history: losses and metrics by name, a value an epoch.
    """

    variables: Sequence[np.ndarray] = ()
    best: Sequence[np.ndarray] = ()
    history: dict[str, list[float]] = field(default_factory=dict)

    @property
    def epochs(self) -> int:
        """How many epochs have ended."""
        return len(self.history.get("val_loss", ()))

    @property
    def best_epoch(self) -> int:
        """The number of the best epoch, from 1; the first of equal ones."""
        losses = self.history["val_loss"]
        return losses.index(min(losses)) + 1

    def to_bytes(self) -> bytes:
        """The state as one file, without pickles."""
        arrays: dict[str, Any] = {f"variable{i}": value for i, value in enumerate(self.variables)}
        arrays |= {f"best{i}": value for i, value in enumerate(self.best)}
        arrays["history"] = np.frombuffer(json.dumps(self.history).encode(), np.uint8)
        buffer = io.BytesIO()
        np.savez(buffer, **arrays)
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """The state that `to_bytes` wrote."""
        with np.load(io.BytesIO(content)) as arrays:
            best = sum(name.startswith("best") for name in arrays)
            variables = sum(name.startswith("variable") for name in arrays)
            return cls(
                [arrays[f"variable{i}"] for i in range(variables)],
                [arrays[f"best{i}"] for i in range(best)],
                json.loads(arrays["history"].tobytes()),
            )


def read_state(folder: str) -> State:
    """The state in a folder, by its URI; that of a training that has not begun if there is none."""
    path = tf.io.gfile.join(folder, FILE)
    if not tf.io.gfile.exists(path):
        return State()
    with tf.io.gfile.GFile(path, "rb") as file:
        return State.from_bytes(file.read())


def write_state(state: State, folder: str) -> None:
    """Replaces the state in a folder; who is killed meanwhile leaves the one before."""
    path = tf.io.gfile.join(folder, FILE)
    tf.io.gfile.makedirs(folder)
    with tf.io.gfile.GFile(f"{path}.part", "wb") as file:
        file.write(state.to_bytes())
    tf.io.gfile.rename(f"{path}.part", path, overwrite=True)


def remove_state(folder: str) -> None:
    """Removes the state of a training that has ended, so that the next one begins anew."""
    path = tf.io.gfile.join(folder, FILE)
    if tf.io.gfile.exists(path):
        tf.io.gfile.remove(path)
