"""A training task and its rows, as localcloud leaves them in a folder.

Nothing here needs numpy or scikit-learn, whose import takes longer than finding a mistake.
"""

import json
from collections import Counter
from functools import cached_property
from pathlib import Path
from typing import Any

from automl_tabular.values import Row, TaskError, is_missing, number, text

USES = ("training", "validation", "test")

_FEWEST_ROWS, _MOST_CLASSES = 1000, 500  # Vertex AI's limits
_LARGEST_WEIGHT = 10_000
_FEWEST_OF_CLASS = 4  # rows, so that each fold has one


class Task:
    """What `task.json` asks for, and the rows of `training.jsonl` and the other sets."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.values: dict[str, Any] = json.loads((folder / "task.json").read_text())
        self.rows = {use: _read(folder / f"{use}.jsonl") for use in USES}
        self.target: str = self.values["targetColumn"]
        self.classifies = self.values["predictionType"] == "classification"

    @property
    def known_rows(self) -> list[Row]:
        """Those that are learned from: for training, then for validation."""
        return [*self.rows["training"], *self.rows["validation"]]

    @cached_property
    def classes(self) -> list[str]:
        """The names of the classes, in order; none if numbers are predicted."""
        if not self.classifies:
            return []
        return sorted({text(row[self.target]) for row in self.known_rows})

    @cached_property
    def weights(self) -> list[float]:
        """The weight of each row that is learned from.

        Raises:
            TaskError: a weight is no number or out of range.
        """
        column = self.values.get("weightColumnName")
        if not column:
            return [1.0] * len(self.known_rows)
        return [_weight(column, row.get(column)) for row in self.known_rows]

    def targets(self, use: str) -> list[float]:
        """The number to predict, or the index of the class, of each row of a set.

        Raises:
            TaskError: it is no number.
        """
        indices = {name: index for index, name in enumerate(self.classes)}
        rows = self.rows[use]
        if indices:
            return [indices[text(row[self.target])] for row in rows]
        try:
            return [number(row[self.target]) for row in rows]
        except ValueError as error:
            raise TaskError(
                f"The target column {self.target} cannot be predicted by regression: {error}."
            ) from error

    def check(self) -> None:
        """Refuse rows that no model can learn from.

        Raises:
            TaskError: they are too few, or have a missing or a useless target or weight.
        """
        rows = [row for use in USES for row in self.rows[use]]
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
        if self.classifies:
            self._check_classes()
        else:
            self._check_numbers()
        if not any(self.weights):
            raise TaskError("Every weight is 0, so that no row is left to learn from.")

    def _check_classes(self) -> None:
        counts = Counter(text(row[self.target]) for row in self.known_rows)
        if not 2 <= len(counts) <= _MOST_CLASSES:
            raise TaskError(
                f"The target column {self.target} has {len(counts)} distinct values;"
                f" classification needs 2 to {_MOST_CLASSES}."
            )
        name, count = counts.most_common()[-1]
        if count < _FEWEST_OF_CLASS:
            raise TaskError(
                f"Class {name!r} of {self.target} has {count} rows to learn from; give at least"
                f" {_FEWEST_OF_CLASS}."
            )
        unseen = {text(row[self.target]) for row in self.rows["test"]} - set(counts)
        if unseen:
            raise TaskError(f"Class {min(unseen)!r} of {self.target} is in the test set alone.")

    def _check_numbers(self) -> None:
        lowest = min(min(self.targets(use), default=0.0) for use in USES)
        objective = self.values.get("optimizationObjective")
        if objective == "minimize-rmsle" and lowest < 0:
            raise TaskError(f"{objective} needs a target that is never negative.")


def _read(file: Path) -> list[Row]:
    with file.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _weight(column: str, value: Any) -> float:
    try:
        weight = number(value)
    except (ValueError, TypeError):
        weight = -1.0
    if not 0 <= weight <= _LARGEST_WEIGHT:
        raise TaskError(
            f"The weight column {column} has {value!r}; weights are numbers between 0 and"
            f" {_LARGEST_WEIGHT}."
        )
    return weight
