"""The training loop: epoch after epoch, on one machine or on several, until nothing is gained.

It is written out because the `fit` of Keras 3 does not run on several machines: it takes means of a
batch's dictionary and of single numbers over their first axis, which
MultiWorkerMirroredStrategy refuses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import keras
import tensorflow as tf

from mlops.data.query import Split
from mlops.training.checkpoint import State
from mlops.training.examples import read_examples, weigh
from mlops.training.model import build_loss, build_metric, build_model

if TYPE_CHECKING:
    from mlops.features import Features
    from mlops.settings import Training

Batch = tuple[dict[str, tf.Tensor], tf.Tensor]
AfterEpoch = Callable[[State], None]


class Loop:
    """A model, its optimizer and what measures them, on all machines of a strategy."""

    def __init__(self, features: Features, training: Training, strategy: tf.distribute.Strategy):
        """Builds the model with its first weights, the same ones on each machine."""
        self._features, self._training, self._strategy = features, training, strategy
        self._loss = build_loss(features)
        with strategy.scope():
            self._model = build_model(features, training)
            self._optimizer = keras.optimizers.Adam(training.learning_rate)
            self._optimizer.build(self._model.trainable_variables)
            self._mean_loss = keras.metrics.Mean(name="loss")
            self._metric = build_metric(features)
        # they have no loop or condition that TensorFlow would have to convert, which takes a second
        self._train_step = tf.autograph.experimental.do_not_convert(self._train)
        self._measure_step = tf.autograph.experimental.do_not_convert(self._measure)
        self._train_all = tf.function(self._train_batches)
        self._measure_all = tf.function(self._measure_batches)

    def run(self, transformed: str, state: State, after_epoch: AfterEpoch) -> State:
        """Trains until the loss on `eval` has not fallen for `patience` epochs.

        Args:
            transformed: URI of the transformed examples, a folder a split.
            state: where an earlier training has stopped.
            after_epoch: gets the state after each epoch.

        Returns:
            The state after the last epoch.
        """
        self._restore(state)
        epoch = tf.Variable(state.epochs, dtype=tf.int64)
        examples = self._read(transformed, Split.TRAIN, epoch)
        held_out = self._read(transformed, Split.EVAL)
        while not self._has_ended(state):
            epoch.assign(state.epochs)
            state = self._advance(state, self._run_epoch(examples, held_out))
            after_epoch(state)
        return state

    def _has_ended(self, state: State) -> bool:
        if state.epochs == 0:
            return False
        waited = state.epochs - state.best_epoch
        return state.epochs >= self._training.epochs or waited >= self._training.patience

    def _run_epoch(self, examples: tf.data.Dataset, held_out: tf.data.Dataset) -> dict[str, float]:
        """Trains on the first, measures on the second; gives losses and metrics by name."""
        found: dict[str, float] = {}
        with self._measured(found, ""):
            self._train_all(iter(examples))
        with self._measured(found, "val_"):
            self._measure_all(iter(held_out))
        return found

    def _read(
        self, transformed: str, split: Split, epoch: int | tf.Variable = 0
    ) -> tf.data.Dataset:
        dataset = read_examples(self._features, self._training, transformed, split, epoch)
        return self._strategy.experimental_distribute_dataset(dataset)

    @contextmanager
    def _measured(self, found: dict[str, float], prefix: str) -> Iterator[None]:
        """Adds what is measured inside, over the examples of all machines."""
        metrics = (self._mean_loss, self._metric)
        for metric in metrics:
            metric.reset_state()
        yield
        found |= {f"{prefix}{metric.name}": float(metric.result()) for metric in metrics}

    def _train_batches(self, batches: Iterator[Batch]) -> None:
        for batch in batches:
            self._strategy.run(self._train_step, batch)

    def _measure_batches(self, batches: Iterator[Batch]) -> None:
        for batch in batches:
            self._strategy.run(self._measure_step, batch)

    def _train(self, inputs: dict[str, tf.Tensor], labels: tf.Tensor) -> None:
        """One step; Keras's optimizer adds up the gradients of all replicas."""
        with tf.GradientTape() as tape:
            scores = self._model(inputs, training=True)
            losses = self._weigh_losses(labels, scores)
            # of the batch of all replicas, which need not have equal shares of the last one
            loss = tf.reduce_sum(losses) / _count_examples(losses)
        variables = self._model.trainable_variables
        self._optimizer.apply(tape.gradient(loss, variables), variables)
        self._record(labels, scores, losses)

    def _measure(self, inputs: dict[str, tf.Tensor], labels: tf.Tensor) -> None:
        scores = self._model(inputs, training=False)
        self._record(labels, scores, self._weigh_losses(labels, scores))

    def _weigh_losses(self, labels: tf.Tensor, scores: tf.Tensor) -> tf.Tensor:
        return self._loss(labels[:, tf.newaxis], scores) * weigh(labels, self._training)

    def _record(self, labels: tf.Tensor, scores: tf.Tensor, losses: tf.Tensor) -> None:
        self._mean_loss.update_state(losses)
        self._metric.update_state(labels[:, tf.newaxis], scores)

    def _restore(self, state: State) -> None:
        if state.epochs:
            for variable, value in zip(self._variables, state.variables, strict=True):
                variable.assign(value)

    def _advance(self, state: State, measured: dict[str, float]) -> State:
        history = {name: [*state.history.get(name, ()), value] for name, value in measured.items()}
        advanced = State([v.numpy() for v in self._variables], state.best, history)
        if advanced.best_epoch == advanced.epochs:
            advanced.best = self._model.get_weights()
        return advanced

    @property
    def _variables(self) -> list[keras.Variable]:
        """All that an epoch changes: weights, moments, and the seeds of dropout."""
        return [*self._model.variables, *self._optimizer.variables]


def _count_examples(losses: tf.Tensor) -> tf.Tensor:
    """How many examples the batch has on all replicas."""
    count = tf.cast(tf.shape(losses)[0], tf.float32)
    return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, count)
