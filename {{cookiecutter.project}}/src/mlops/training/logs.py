"""What TensorBoard shows of a training."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tensorflow as tf

if TYPE_CHECKING:
    from mlops.training.checkpoint import State

RUNS = {"": "train", "val_": "validation"}  # as Keras names them


def write_logs(state: State, folder: str) -> None:
    """Adds the last epoch's losses and metrics to the runs `train` and `validation`."""
    for prefix, run in RUNS.items():
        names = [name for name in state.history if name.startswith("val_") == bool(prefix)]
        with tf.summary.create_file_writer(tf.io.gfile.join(folder, run)).as_default():
            for name in names:
                tag = f"epoch_{name.removeprefix(prefix)}"
                tf.summary.scalar(tag, state.history[name][-1], step=state.epochs - 1)
