"""scikit-learn and XGBoost train behind the same interface as TensorFlow."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import joblib
import numpy as np
import pyarrow.parquet as pq
import pytest
import tensorflow as tf
import xgboost

from mlops.data.query import Split
from mlops.data.records import to_batches
from mlops.evaluation.predictions import predict, read_inputs
from mlops.features import Problem
from mlops.settings import Training
from mlops.training.examples import read_examples
from mlops.training.train import fit, train
from mlops.training.trees import floor_to_float32
from tests.ml.conftest import Run


def ask_sklearn(folder: Path, rows: np.ndarray) -> np.ndarray:
    found: np.ndarray = joblib.load(folder / "model.joblib").predict_proba(rows)[:, 1]
    return found


def ask_xgboost(folder: Path, rows: np.ndarray) -> np.ndarray:
    found: np.ndarray = xgboost.Booster(model_file=folder / "model.bst").predict(
        xgboost.DMatrix(rows)
    )
    return found


def choose(run: Run, framework: str) -> Training:
    small = {"framework": framework, "tree_count": 20, "tree_depth": 5}
    return run.settings.training.model_copy(update=small)


@pytest.mark.parametrize(("framework", "ask"), [("sklearn", ask_sklearn), ("xgboost", ask_xgboost)])
def test_the_saved_model_answers_as_the_file_of_the_framework(
    run: Run, tmp_path: Path, framework: str, ask: Callable[[Path, np.ndarray], np.ndarray]
) -> None:
    training = choose(run, framework)
    reached = train(run.features, training, run.transformed, run.graph, str(tmp_path))
    assert reached["val_auc"] > 0.6
    assert 1 <= reached["epochs"] <= training.tree_count

    table = pq.read_table(f"{run.data}/test/000000000000.parquet")
    columns = read_inputs(next(to_batches(table)), run.features, str(tmp_path))
    transform = tf.saved_model.load(tmp_path).signatures["transform_features"]
    transformed = transform(**{name: tf.constant(values) for name, values in columns.items()})
    rows = np.stack([transformed[column.name] for column in run.features.transformed], axis=1)
    expected = ask(tmp_path, rows.astype(np.float32))
    assert expected.std() > 0.01
    np.testing.assert_allclose(predict(str(tmp_path), columns), expected, atol=1e-5)


@pytest.mark.parametrize("framework", ["tensorflow", "sklearn", "xgboost"])
def test_a_weight_makes_rare_positives_count(run: Run, framework: str) -> None:
    few = choose(run, framework).model_copy(update={"epochs": 2})
    row = next(iter(read_examples(run.features, few, run.transformed, Split.EVAL)))[0]
    means = [
        np.mean(fit(run.features, training, run.transformed).model(row))
        for training in (few, few.model_copy(update={"positive_weight": 5.0}))
    ]
    assert means[1] > means[0] + 0.1


@pytest.mark.parametrize("framework", ["sklearn", "xgboost"])
def test_trees_also_predict_numbers(run: Run, framework: str) -> None:
    features = run.features.model_copy(update={"problem": Problem.REGRESSION})
    found = fit(features, choose(run, framework), run.transformed).history
    assert found["loss"] == found["mean_absolute_error"]
    assert found["val_mean_absolute_error"][-1] < 0.5


def test_a_threshold_between_two_float32_keeps_its_side() -> None:
    numbers = np.array([0.1, 0.3, 1.0, -0.1])
    floors = floor_to_float32(numbers)
    assert floors.dtype == np.float32
    assert all(floors <= numbers)
    assert all(np.nextafter(floors, np.float32(np.inf)) > numbers)
