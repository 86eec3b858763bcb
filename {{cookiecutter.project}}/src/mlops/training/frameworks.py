"""Train with the framework that config/ names; what comes out is the same for all of them."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from mlops.data.query import Split
from mlops.features import Problem
from mlops.training.examples import read_examples, weigh
from mlops.training.trees import Tree, TreeEnsemble, floor_to_float32

if TYPE_CHECKING:
    from mlops.features import Features
    from mlops.settings import Training

LARGEST_DIFFERENCE = 1e-4  # between a framework's own predictions and those of its graph


@dataclass(frozen=True)
class Fitted:
    """What a framework has learnt.

    Attributes:
        model: a graph from transformed columns, [batch] each by name, to predictions, [batch, 1].
        history: losses and metrics by name, a value an epoch, or a tree.
        files: what the framework itself loads, by the name that Vertex AI's prebuilt containers
            look for.
    """

    model: Any
    history: dict[str, list[float]]
    files: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Rows:
    """One split in memory: inputs in the order of their declaration, [rows, inputs], and labels.

    Attributes:
        weights: how much each row counts in the loss.
    """

    inputs: np.ndarray
    labels: np.ndarray
    weights: np.ndarray


def fit_trees(features: Features, training: Training, transformed: str) -> Fitted:
    """Grows trees on one machine, in its memory.

    Categories are numbers to them: the indices that preprocessing gives.

    Raises:
        RuntimeError: the graph does not predict what the framework predicts, since its format has
            changed.
    """
    train, held_out = (
        _read_rows(features, training, transformed, split) for split in (Split.TRAIN, Split.EVAL)
    )
    fitted, own = FITTERS[training.framework](features, training, train, held_out)
    _compare(features, fitted, held_out.inputs, own)
    return fitted


def _fit_sklearn(
    features: Features, training: Training, train: Rows, held_out: Rows
) -> tuple[Fitted, np.ndarray]:
    """A random forest; and its own predictions of the rows held out."""
    import joblib
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    classifies = features.problem is Problem.CLASSIFICATION
    build = RandomForestClassifier if classifies else RandomForestRegressor
    forest = build(
        n_estimators=training.tree_count,
        max_depth=training.tree_depth,
        min_samples_leaf=5,
        random_state=training.seed,
        n_jobs=-1,
    ).fit(train.inputs, train.labels, train.weights)

    def predict(inputs: np.ndarray) -> np.ndarray:
        found: np.ndarray = (
            forest.predict_proba(inputs)[:, 1] if classifies else forest.predict(inputs)
        )
        return found

    trees = [_read_sklearn(each.tree_, len(forest.estimators_)) for each in forest.estimators_]
    history = _measure(predict(train.inputs), train, classifies, "") | _measure(
        predict(held_out.inputs), held_out, classifies, "val_"
    )
    buffer = io.BytesIO()
    joblib.dump(forest, buffer)
    model = TreeEnsemble(_names(features), trees, 0.0, sigmoid=False, inclusive=True)
    return Fitted(model, history, {"model.joblib": buffer.getvalue()}), predict(held_out.inputs)


def _read_sklearn(tree: Any, count: int) -> Tree:
    """A tree of a forest of so many, whose mean is its prediction."""
    values = tree.value[:, 0, :]
    mean = values[:, 1] / values.sum(axis=1) if values.shape[1] > 1 else values[:, 0]
    return Tree(
        feature=tree.feature,
        threshold=floor_to_float32(tree.threshold),
        left=tree.children_left,
        right=tree.children_right,
        value=mean / count,
    )


def _measure(
    predicted: np.ndarray, rows: Rows, classifies: bool, prefix: str
) -> dict[str, list[float]]:
    """Loss and metric of a model that is made at once, as if after one epoch."""
    from sklearn.metrics import log_loss, mean_absolute_error, roc_auc_score

    if classifies:
        found = {
            "loss": log_loss(
                rows.labels,
                predicted.clip(1e-7, 1 - 1e-7),
                labels=[0, 1],
                sample_weight=rows.weights,
            ),
            "auc": roc_auc_score(rows.labels, predicted),
        }
    else:
        error = mean_absolute_error(rows.labels, predicted)
        found = {"loss": error, "mean_absolute_error": error}
    return {f"{prefix}{name}": [float(value)] for name, value in found.items()}


def _fit_xgboost(
    features: Features, training: Training, train: Rows, held_out: Rows
) -> tuple[Fitted, np.ndarray]:
    """Boosted trees, up to the best one; and their own predictions of the rows held out."""
    import xgboost

    classifies = features.problem is Problem.CLASSIFICATION
    metrics = {"auc": "auc", "logloss": "loss"} if classifies else {"mae": "mean_absolute_error"}
    parameters = {
        "objective": "binary:logistic" if classifies else "reg:absoluteerror",
        "eval_metric": list(metrics),  # the last one decides when to stop
        "eta": training.tree_learning_rate,
        "max_depth": training.tree_depth,
        "seed": training.seed,
    }
    data = {
        prefix: xgboost.DMatrix(rows.inputs, rows.labels, weight=rows.weights)
        for prefix, rows in (("", train), ("val_", held_out))
    }
    measured: dict[str, dict[str, list[float]]] = {}
    booster = xgboost.train(
        parameters,
        data[""],
        training.tree_count,
        evals=[(matrix, prefix) for prefix, matrix in data.items()],
        early_stopping_rounds=training.patience,
        evals_result=measured,
        verbose_eval=False,
    )
    booster = booster[: booster.best_iteration + 1]
    history = {
        f"{prefix}{metrics[name]}": values
        for prefix, found in measured.items()
        for name, values in found.items()
    }
    if not classifies:
        history |= {f"{p}loss": history[f"{p}mean_absolute_error"] for p in data}
    model = _read_xgboost(features, json.loads(booster.save_raw("json")))
    files = {"model.bst": bytes(booster.save_raw("ubj"))}
    return Fitted(model, history, files), booster.predict(data["val_"])


def _read_xgboost(features: Features, content: Mapping[str, Any]) -> TreeEnsemble:
    """The ensemble of XGBoost's own format: https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html."""
    learner = content["learner"]
    trees = []
    for tree in learner["gradient_booster"]["model"]["trees"]:
        conditions = np.array(tree["split_conditions"], np.float32)  # of a leaf: its value
        trees.append(
            Tree(
                feature=np.array(tree["split_indices"]),
                threshold=conditions,
                left=np.array(tree["left_children"]),
                right=np.array(tree["right_children"]),
                value=conditions,
            )
        )
    base = float(learner["learner_model_param"]["base_score"].strip("[]"))
    classifies = features.problem is Problem.CLASSIFICATION
    if classifies:  # a probability, to the logarithm of odds
        base = float(np.log(base / (1 - base)))
    return TreeEnsemble(_names(features), trees, base, sigmoid=classifies, inclusive=False)


Fitter = Callable[["Features", "Training", Rows, Rows], tuple[Fitted, np.ndarray]]
FITTERS: dict[str, Fitter] = {"sklearn": _fit_sklearn, "xgboost": _fit_xgboost}


def _read_rows(features: Features, training: Training, transformed: str, split: Split) -> Rows:
    batches = list(read_examples(features, training, transformed, split).as_numpy_iterator())
    names = _names(features)
    inputs = [np.stack([batch[name] for name in names], axis=1) for batch, _ in batches]
    labels = np.concatenate([label for _, label in batches])
    weights = weigh(labels, training).numpy()
    return Rows(np.concatenate(inputs).astype(np.float32), labels, weights)


def _names(features: Features) -> list[str]:
    return [each.name for each in features.transformed]


def _compare(features: Features, fitted: Fitted, inputs: np.ndarray, own: np.ndarray) -> None:
    columns = dict(zip(_names(features), inputs.T, strict=True))
    difference = float(np.abs(fitted.model(columns)[:, 0] - own).max())
    if not difference <= LARGEST_DIFFERENCE * max(1.0, float(np.abs(own).max())):
        raise RuntimeError(
            f"The exported graph differs from the model by {difference:.3g}: has the version of the"
            " framework changed? See mlops.training.frameworks."
        )
