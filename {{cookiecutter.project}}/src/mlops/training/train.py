"""Train the model on transformed data, and export it with its preprocessing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras
import tensorflow as tf

from mlops.data.query import Split
from mlops.training.export import export_model
from mlops.training.model import build_model

if TYPE_CHECKING:
    from mlops.features import Features
    from mlops.settings import Training


def train(
    features: Features, training: Training, transformed: str, graph: str, output: str
) -> dict[str, float]:
    """Trains until the loss on `eval` stops falling, and saves the best weights.

    Args:
        features: the declaration of the data.
        training: hyperparameters.
        transformed: URI of the transformed examples, a folder a split.
        graph: URI of the tf.Transform output.
        output: URI of the SavedModel to write.

    Returns:
        The loss and metric of the saved weights on both splits, and after how many epochs they
        were reached.
    """
    model, history = fit_model(features, training, transformed)
    export_model(features, model, graph, output)
    return summarize(history)


def fit_model(
    features: Features, training: Training, transformed: str
) -> tuple[keras.Model, dict[str, list[float]]]:
    """The model with its best weights, and its losses and metrics by epoch.

    The same examples, declaration and hyperparameters give the same weights.
    """
    keras.utils.set_random_seed(training.seed)
    tf.config.experimental.enable_op_determinism()
    model = build_model(features, training)
    stop_early = keras.callbacks.EarlyStopping(
        patience=training.patience, restore_best_weights=True
    )
    fitted = model.fit(
        read_examples(features, training, transformed, Split.TRAIN),
        validation_data=read_examples(features, training, transformed, Split.EVAL),
        epochs=training.epochs,
        callbacks=[stop_early],
        verbose=2,
    )
    return model, fitted.history


def summarize(history: dict[str, list[float]]) -> dict[str, float]:
    """The losses and metrics of the best weights, and after how many epochs they were reached."""
    losses = history["val_loss"]
    best = losses.index(min(losses))
    return {"epochs": float(best + 1)} | {name: values[best] for name, values in history.items()}


def read_examples(
    features: Features, training: Training, transformed: str, split: Split
) -> tf.data.Dataset:
    """Batches of one split: transformed inputs by name, and the label, each of shape [batch]."""
    files = sorted(tf.io.gfile.glob(f"{transformed}/{split}/*.tfrecord.gz"))
    spec = _example_spec(features)
    label = features.label.name

    def parse(serialized: tf.Tensor) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
        example = tf.io.parse_example(serialized, spec)
        return example, tf.cast(example.pop(label), tf.float32)

    dataset = tf.data.TFRecordDataset(files, compression_type="GZIP")
    if split is Split.TRAIN:
        dataset = dataset.shuffle(100_000, seed=training.seed)
    parsed = dataset.batch(training.batch_size).map(parse, num_parallel_calls=tf.data.AUTOTUNE)
    return parsed.prefetch(tf.data.AUTOTUNE)


def _example_spec(features: Features) -> dict[str, tf.io.FixedLenFeature]:
    types = {
        column.name: tf.int64 if column.cardinality else tf.float32 for column in features.inputs
    }
    types[features.label.name] = tf.float32 if features.label.type == "FLOAT" else tf.int64
    return {name: tf.io.FixedLenFeature([], kind) for name, kind in types.items()}
