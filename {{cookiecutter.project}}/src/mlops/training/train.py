"""Train the model on transformed data, and export it with its preprocessing."""

from __future__ import annotations

import hashlib
import sys
from typing import TYPE_CHECKING

import keras
import tensorflow as tf

from mlops.training.checkpoint import State, read_state, remove_state, write_state
from mlops.training.cluster import Cluster, join_cluster
from mlops.training.export import export_model
from mlops.training.frameworks import Fitted, fit_trees
from mlops.training.logs import write_logs
from mlops.training.loop import Loop
from mlops.training.model import build_model
from mlops.training.summary import write_summary

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlops.features import Features
    from mlops.settings import Training


def train(
    features: Features,
    training: Training,
    transformed: str,
    graph: str,
    output: str,
    checkpoints: str = "",
    logs: str = "",
) -> dict[str, float]:
    """Trains until the loss on `eval` stops falling, and saves the best weights.

    On several machines each calls this; one of them, the chief, writes.

    Args:
        features: the declaration of the data.
        training: hyperparameters.
        transformed: URI of the transformed examples, a folder a split.
        graph: URI of the tf.Transform output.
        output: URI of the SavedModel to write.
        checkpoints: URI of a folder; from what it holds of a training that was killed, this one
            goes on. Nothing is kept when it is empty.
        logs: URI of a folder for TensorBoard; nothing is logged when it is empty.

    Returns:
        The loss and metric of the saved weights on both splits, and after how many epochs they
        were reached.
    """
    cluster = join_cluster()
    fitted = fit(features, training, transformed, cluster, checkpoints, logs)
    reached = summarize(fitted.history)
    if cluster.is_chief:
        export_model(features, fitted.model, graph, output)
        _write_files(fitted.files, output)
        write_summary(reached, output)
        if checkpoints:
            remove_state(checkpoints)
    return reached


def fit(
    features: Features,
    training: Training,
    transformed: str,
    cluster: Cluster | None = None,
    checkpoints: str = "",
    logs: str = "",
) -> Fitted:
    """What the framework of `training` learns; arguments as in `train`."""
    if training.framework != "tensorflow":
        return fit_trees(features, training, transformed)
    return Fitted(*fit_model(features, training, transformed, cluster, checkpoints, logs))


def fit_model(
    features: Features,
    training: Training,
    transformed: str,
    cluster: Cluster | None = None,
    checkpoints: str = "",
    logs: str = "",
) -> tuple[keras.Model, dict[str, list[float]]]:
    """The model with its best weights, and its losses and metrics by epoch.

    The same examples, declaration, hyperparameters and machines give the same weights, whether or
    not the training was killed in between.
    """
    cluster = cluster or join_cluster()
    keras.utils.set_random_seed(training.seed)
    tf.config.experimental.enable_op_determinism()

    def after_epoch(state: State) -> None:
        if cluster.is_chief and checkpoints:
            write_state(state, checkpoints)
        if cluster.is_chief and logs:
            write_logs(state, logs)
        _tell(state, training.epochs)

    begun = read_state(checkpoints) if checkpoints else State()
    reached = Loop(features, training, cluster.strategy).run(transformed, begun, after_epoch)
    # outside of the strategy: saving what several machines share would need all of them
    model = build_model(features, training)
    model.set_weights(reached.best)
    print(f"Weights: {_fingerprint(model)}", file=sys.stderr, flush=True)  # to compare machines by
    return model, reached.history


def summarize(history: dict[str, list[float]]) -> dict[str, float]:
    """The losses and metrics of the best weights, and after how many epochs they were reached."""
    best = State(history=history).best_epoch
    return {"epochs": float(best)} | {name: values[best - 1] for name, values in history.items()}


def _write_files(files: Mapping[str, bytes], output: str) -> None:
    for name, content in files.items():
        with tf.io.gfile.GFile(f"{output}/{name}", "wb") as file:
            file.write(content)


def _fingerprint(model: keras.Model) -> str:
    digest = hashlib.sha256()
    for weights in model.get_weights():
        digest.update(weights.tobytes())
    return digest.hexdigest()[:16]


def _tell(state: State, epochs: int) -> None:
    measured = ", ".join(f"{name} {values[-1]:.4f}" for name, values in state.history.items())
    print(f"Epoch {state.epochs}/{epochs}: {measured}", file=sys.stderr, flush=True)
