"""Trains one model: `python -m automl_tabular.train FOLDER`.

The folder holds `task.json` and the rows, `training.jsonl`, `validation.jsonl` and `test.jsonl`.
Training adds `model/`, `evaluation.json` and `predictions.jsonl` (of the test rows), or
`mistake.txt` if the task or the data cannot be used.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_tabular import evaluation, objectives
from automl_tabular.features import Features, usable_rows
from automl_tabular.model import TabularModel
from automl_tabular.objectives import Objective, Vector
from automl_tabular.search import Best, Problem, folds, search
from automl_tabular.values import Row, TaskError, is_missing, number, text

MISTAKE = 3  # the exit code

_FEWEST_ROWS, _MOST_CLASSES = 1000, 500  # Vertex AI's limits
_LARGEST_WEIGHT = 10_000
_FEWEST_OF_CLASS = 4  # rows, so that each fold has one
_SEARCH_SHARE = 0.8  # of the budget; the rest is for the last training and the evaluation
_COVERAGE = 0.95  # of the interval of a number


class Training:
    """A task and its rows."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.task: dict[str, Any] = json.loads((folder / "task.json").read_text())
        self.rows = {use: _read(folder / f"{use}.jsonl") for use in _USES}
        self.target: str = self.task["targetColumn"]
        self.classifies = self.task["predictionType"] == "classification"

    def run(self) -> None:
        """Train, evaluate and write the results.

        Raises:
            TaskError: the task or the data cannot be used.
        """
        self._check()
        known = [*self.rows["training"], *self.rows["validation"]]
        classes = self._classes(known) if self.classifies else []
        features = Features.fit(self.task["transformations"], self.rows["training"])
        usable = np.array(usable_rows(features, known), dtype=bool)
        weight = self._weights(known)
        used = usable & (weight > 0)
        rows = [row for row, keep in zip(known, used, strict=True) if keep]
        validation = (np.arange(len(known)) >= len(self.rows["training"]))[used]
        problem = Problem(
            features.transform(rows),
            self._targets(rows, classes),
            weight[used],
            features.categorical_mask(rows),
            len(classes),
        )
        objective = self._objective(len(classes))
        best = search(
            problem,
            folds(problem, validation, shuffles=self.task["splitIsRandom"]),
            objective,
            self.task["budgetSeconds"] * _SEARCH_SHARE,
            stops_early=not self.task.get("disableEarlyStopping", False),
        )
        print(f"best: {best.candidate}, {objective.name} {best.score:.5f}", flush=True)
        pipeline = problem.fit(best.candidate, slice(None))
        interval = (0.0, 0.0) if classes else _interval(problem, best)
        self._write(TabularModel(features, pipeline, classes, interval))

    def _check(self) -> None:
        rows = [row for use in _USES for row in self.rows[use]]
        if len(rows) < _FEWEST_ROWS:
            raise TaskError(
                f"The dataset has {len(rows)} rows; AutoML needs at least {_FEWEST_ROWS:,}."
            )
        missing = sum(is_missing(row.get(self.target)) for row in rows)
        if missing:
            raise TaskError(
                f"The target column {self.target} has no value in {missing} rows; remove them."
            )
        for use in ("training", "test"):
            if not self.rows[use]:
                raise TaskError(f"The split leaves no row for the {use} set.")

    def _classes(self, known: Sequence[Row]) -> list[str]:
        counts: dict[str, int] = {}
        for row in known:
            name = text(row[self.target])
            counts[name] = counts.get(name, 0) + 1
        if not 2 <= len(counts) <= _MOST_CLASSES:
            raise TaskError(
                f"The target column {self.target} has {len(counts)} distinct values;"
                f" classification needs 2 to {_MOST_CLASSES}."
            )
        rare = [name for name, count in counts.items() if count < _FEWEST_OF_CLASS]
        if rare:
            raise TaskError(
                f"Class {rare[0]!r} of {self.target} has {counts[rare[0]]} rows to learn from; give"
                f" at least {_FEWEST_OF_CLASS}."
            )
        unseen = {text(row[self.target]) for row in self.rows["test"]} - set(counts)
        if unseen:
            raise TaskError(f"Class {min(unseen)!r} of {self.target} is in the test set alone.")
        return sorted(counts)

    def _targets(self, rows: Sequence[Row], classes: Sequence[str]) -> NDArray[np.generic]:
        if classes:
            indices = {name: index for index, name in enumerate(classes)}
            return np.array([indices[text(row[self.target])] for row in rows])
        try:
            return np.array([number(row[self.target]) for row in rows])
        except ValueError as error:
            raise TaskError(
                f"The target column {self.target} cannot be predicted by regression: {error}."
            ) from error

    def _weights(self, rows: Sequence[Row]) -> Vector:
        column = self.task.get("weightColumnName")
        if not column:
            return np.ones(len(rows))
        weights: list[float] = []
        for row in rows:
            try:
                weights.append(number(row.get(column)))
            except (ValueError, TypeError):
                weights.append(-1.0)
            if not 0 <= weights[-1] <= _LARGEST_WEIGHT:
                raise TaskError(
                    f"The weight column {column} has {row.get(column)!r}; weights are numbers"
                    f" between 0 and {_LARGEST_WEIGHT}."
                )
        return np.array(weights)

    def _objective(self, classes: int) -> Objective:
        kind = "regression" if not classes else "binary" if classes == 2 else "multi"
        name = self.task.get("optimizationObjective") or objectives.DEFAULT[kind]
        objectives.check(name, classes)
        if name == "minimize-rmsle":
            rows = [row for use in _USES for row in self.rows[use]]
            if (self._targets(rows, []).astype(float) < 0).any():
                raise TaskError(f"{name} needs a target that is never negative.")
        return Objective(
            name,
            self.task.get("optimizationObjectiveRecallValue", 0.0),
            self.task.get("optimizationObjectivePrecisionValue", 0.0),
        )

    def _write(self, model: TabularModel) -> None:
        rows = self.rows["test"]
        target = self._targets(rows, model.classes)
        outputs = model.outputs(rows)
        metrics = (
            evaluation.classification_metrics(model.classes, target, outputs)
            if model.classes
            else evaluation.regression_metrics(target, outputs)
        )
        shares = evaluation.attributions(model.features.names, rows, model.outputs)
        found = {"metrics": metrics, "attributions": shares, "classes": model.classes}
        (self.folder / "evaluation.json").write_text(json.dumps(found))
        with (self.folder / "predictions.jsonl").open("w") as file:
            for row, prediction in zip(rows, model.predictions(rows), strict=True):
                file.write(json.dumps({"row": row, "prediction": prediction}) + "\n")
        (self.folder / "model").mkdir()
        model.save(self.folder / "model")


_USES = ("training", "validation", "test")


def _read(file: Path) -> list[Row]:
    with file.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _interval(problem: Problem, best: Best) -> tuple[float, float]:
    """Quantiles of truth minus prediction, on rows that the model had not learned from."""
    residuals = problem.target[best.rows].astype(float) - best.predicted[:, 0]
    rest = (1 - _COVERAGE) / 2
    below, above = np.quantile(residuals, [rest, 1 - rest])
    return float(below), float(above)


def main() -> None:
    """Train in the folder that the command line names."""
    folder = Path(sys.argv[1])
    try:
        Training(folder).run()
    except TaskError as error:
        (folder / "mistake.txt").write_text(str(error))
        sys.exit(MISTAKE)


if __name__ == "__main__":
    main()
