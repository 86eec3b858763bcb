"""Trains the model of a task, evaluates it on the test set and writes both."""

import json

import numpy as np
from numpy.typing import NDArray

from automl_tabular import evaluation, objectives
from automl_tabular.features import Features, usable_rows
from automl_tabular.model import TabularModel
from automl_tabular.objectives import Objective
from automl_tabular.search import Best, Problem, folds, search
from automl_tabular.task import Task
from automl_tabular.values import TaskError

_SEARCH_SHARE = 0.8  # of the budget; the rest is for the last training and the evaluation
_COVERAGE = 0.95  # of the interval of a number


def run(task: Task) -> None:
    """Train and write `model/`, `evaluation.json` and `predictions.jsonl`, of the test rows.

    Raises:
        TaskError: the task or its data cannot be used.
    """
    objective = _objective(task)
    features = Features.fit(task.values["transformations"], task.rows["training"])
    problem, validation = _problem(task, features)
    best = search(
        problem,
        folds(problem, validation, shuffles=task.values["splitIsRandom"]),
        objective,
        task.values["budgetSeconds"] * _SEARCH_SHARE,
        stops_early=not task.values.get("disableEarlyStopping", False),
    )
    print(f"best: {best.candidate}, {objective.name} {best.score:.5f}", flush=True)
    pipeline = problem.fit(best.candidate, slice(None))
    interval = (0.0, 0.0) if task.classifies else _interval(problem, best)
    _write(task, TabularModel(features, pipeline, task.classes, interval))


def _problem(task: Task, features: Features) -> tuple[Problem, NDArray[np.bool_]]:
    """What is learned, and which of its rows are for validation."""
    known = task.known_rows
    weight = np.array(task.weights)
    used = np.array(usable_rows(features, known), dtype=bool) & (weight > 0)
    rows = [row for row, keep in zip(known, used, strict=True) if keep]
    if not rows:
        raise TaskError("Every row has an invalid value, so that none is left to learn from.")
    target = np.array([*task.targets("training"), *task.targets("validation")])[used]
    problem = Problem(
        features.transform(rows),
        target.astype(int) if task.classifies else target,
        weight[used],
        features.categorical_mask(rows),
        len(task.classes),
    )
    return problem, (np.arange(len(known)) >= len(task.rows["training"]))[used]


def _objective(task: Task) -> Objective:
    classes = len(task.classes)
    kind = "regression" if not classes else "binary" if classes == 2 else "multi"
    name = task.values.get("optimizationObjective") or objectives.DEFAULT[kind]
    objectives.check(name, classes)
    return Objective(
        name,
        task.values.get("optimizationObjectiveRecallValue", 0.0),
        task.values.get("optimizationObjectivePrecisionValue", 0.0),
    )


def _interval(problem: Problem, best: Best) -> tuple[float, float]:
    """Quantiles of truth minus prediction, on rows that the model had not learned from."""
    residuals = problem.target[best.rows].astype(float) - best.predicted[:, 0]
    rest = (1 - _COVERAGE) / 2
    below, above = np.quantile(residuals, [rest, 1 - rest])
    return float(below), float(above)


def _write(task: Task, model: TabularModel) -> None:
    rows = task.rows["test"]
    target = np.array(task.targets("test"))
    outputs = model.outputs(rows)
    metrics = (
        evaluation.classification_metrics(model.classes, target, outputs)
        if model.classes
        else evaluation.regression_metrics(target, outputs)
    )
    shares = evaluation.attributions(model.features.names, rows, model.outputs)
    found = {"metrics": metrics, "attributions": shares}
    (task.folder / "evaluation.json").write_text(json.dumps(found))
    with (task.folder / "predictions.jsonl").open("w") as file:
        for row, prediction in zip(rows, model.predictions(rows), strict=True):
            file.write(json.dumps({"row": row, "prediction": prediction}) + "\n")
    (task.folder / "model").mkdir()
    model.save(task.folder / "model")
