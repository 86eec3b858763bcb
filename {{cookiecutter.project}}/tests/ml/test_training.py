"""The model is what the declaration says."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import tensorflow as tf

from mlops.data.query import Split
from mlops.registry.signature import check_signature
from mlops.serving.digest import hash_model
from mlops.training.examples import read_examples
from mlops.training.export import TYPES
from mlops.training.inspection import read_signature
from mlops.training.train import fit_model
from tests.ml.conftest import Run


def test_the_signature_is_the_declared_inputs(run: Run) -> None:
    signature = tf.saved_model.load(run.model).signatures["serving_default"]
    declared = {column.name: TYPES[column.type] for column in run.features.inputs}
    specs = signature.structured_input_signature[1]
    assert {name: spec.dtype for name, spec in specs.items()} == declared
    assert all(spec.shape.as_list() == [None] for spec in specs.values())
    assert run.features.label.name not in specs


def test_what_is_read_of_the_file_is_the_declared_signature(run: Run) -> None:
    check_signature(run.features, read_signature(run.model))


def test_a_copied_model_has_the_same_hash(run: Run, tmp_path: Path) -> None:
    copy = shutil.copytree(run.model, tmp_path / "copy")
    assert hash_model(f"file://{copy}") == hash_model(run.model)


def test_the_model_says_what_stands_in_for_a_missing_value(run: Run) -> None:
    defaults = tf.saved_model.load(run.model).signatures["defaults"]()
    declared = {c.name: c.fill for c in run.features.inputs if c.default is not None}
    assert defaults.keys() == declared.keys()
    for name, value in declared.items():
        expected = tf.constant(value, defaults[name].dtype)
        assert bool(defaults[name] == expected), name


def test_the_order_of_examples_follows_from_the_epoch(run: Run) -> None:
    settings = (run.features, run.settings.training, run.transformed, Split.TRAIN)
    epoch = tf.Variable(0, dtype=tf.int64)
    examples = read_examples(*settings, epoch)
    orders = []
    for number in (2, 1, 2):
        epoch.assign(number)
        orders.append(read_inputs(examples))
    assert orders[0] == orders[2] == read_inputs(read_examples(*settings, 2))
    assert orders[0] != orders[1]
    assert sorted(orders[0]) == sorted(orders[1])


def read_inputs(examples: tf.data.Dataset) -> list[list[float]]:
    """The inputs of all examples, in their order."""
    batches = (np.stack([v.numpy() for v in inputs.values()], axis=1) for inputs, _ in examples)
    return np.concatenate(list(batches)).tolist()


def test_training_twice_gives_the_same_weights(run: Run) -> None:
    short = run.settings.training.model_copy(update={"epochs": 1})
    first, second = (
        [weights.tobytes() for weights in model.get_weights()]
        for model, _ in (fit_model(run.features, short, run.transformed) for _ in range(2))
    )
    assert first == second
