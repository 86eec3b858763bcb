"""The model learns, passes the gate, and is what the declaration says."""

from __future__ import annotations

import json
from pathlib import Path

import tensorflow as tf

from mlops.evaluation.evaluate import EvaluationResult, evaluate
from mlops.features import Features, Problem
from mlops.training.export import TYPES
from mlops.training.train import fit_model
from tests.ml.conftest import Run


def judge(run: Run, model: str, output: Path) -> EvaluationResult:
    settings = run.settings
    return evaluate(
        run.features, settings.evaluation, run.data, model, str(output), settings.beam.arguments
    )


def save_constant_model(features: Features, answer: float, folder: Path) -> str:
    """A model that answers the same whatever it is asked."""
    specs = {c.name: tf.TensorSpec([None], TYPES[c.type], c.name) for c in features.inputs}
    first = features.inputs[0].name

    def serving_default(raw: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        return {"prediction": tf.fill(tf.shape(raw[first]), answer)}

    signature = tf.function(serving_default, input_signature=[specs])
    tf.saved_model.save(tf.Module(), str(folder), signatures={"serving_default": signature})
    return str(folder)


def test_the_trained_model_passes_the_gate(run: Run, tmp_path: Path) -> None:
    result = judge(run, run.model, tmp_path)
    assert result.passed, result.failures
    report = json.loads((tmp_path / "evaluation.json").read_text())
    assert report["passed"] is True
    assert report["metrics"] == result.metrics
    days = {part.value for part in result.slices if part.column == "trip_start_day"}
    assert days == set("1234567")
    counts = [p.metrics["example_count"] for p in result.slices if p.column == "trip_start_day"]
    assert sum(counts) == result.metrics["example_count"]


def test_a_constant_model_fails_the_gate_though_it_is_often_right(run: Run, tmp_path: Path) -> None:
    classifies = run.features.problem is Problem.CLASSIFICATION
    model = save_constant_model(run.features, 0.68 if classifies else 11.8, tmp_path / "model")
    result = judge(run, model, tmp_path / "evaluation")
    failing = {failure.split()[0] for failure in result.failures}
    if classifies:
        assert result.metrics["accuracy"] > run.settings.evaluation.thresholds["accuracy"].min
        assert result.metrics["balanced_accuracy"] == 0.5
        assert failing == {"auc"}
    else:
        assert failing == {"mean_absolute_error"}


def test_the_signature_is_the_declared_inputs(run: Run) -> None:
    signature = tf.saved_model.load(run.model).signatures["serving_default"]
    declared = {column.name: TYPES[column.type] for column in run.features.inputs}
    specs = signature.structured_input_signature[1]
    assert {name: spec.dtype for name, spec in specs.items()} == declared
    assert all(spec.shape.as_list() == [None] for spec in specs.values())
    assert run.features.label.name not in specs


def test_the_model_says_what_stands_in_for_a_missing_value(run: Run) -> None:
    defaults = tf.saved_model.load(run.model).signatures["defaults"]()
    declared = {c.name: c.fill for c in run.features.inputs if c.default is not None}
    assert defaults.keys() == declared.keys()
    for name, value in declared.items():
        expected = tf.constant(value, defaults[name].dtype)
        assert bool(defaults[name] == expected), name


def test_training_twice_gives_the_same_weights(run: Run) -> None:
    short = run.settings.training.model_copy(update={"epochs": 1})
    first, second = (
        [weights.tobytes() for weights in model.get_weights()]
        for model, _ in (fit_model(run.features, short, run.transformed) for _ in range(2))
    )
    assert first == second
