"""Turns rows into the matrix that models take."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from automl_tabular.columns import Column, Matrix, Numeric, Timestamp, make_column
from automl_tabular.values import Row, TaskError


@dataclass
class Features:
    """The transformations of all columns, learned from the training rows."""

    columns: list[Column]

    @classmethod
    def fit(cls, transformations: Sequence[dict[str, Any]], rows: Sequence[Row]) -> "Features":
        """Learn the transformations that a task names."""
        columns: list[Column] = []
        for transformation in transformations:
            [options] = transformation.values()
            values = [row.get(options["columnName"]) for row in rows]
            column = make_column(transformation, values)
            column.fit(values)
            columns.append(column)
        return cls(columns)

    @property
    def names(self) -> list[str]:
        """The columns' names."""
        return [column.name for column in self.columns]

    def transform(self, rows: Sequence[Row]) -> Matrix:
        """The matrix of rows.

        Raises:
            TaskError: a row lacks a column.
        """
        for row in rows:
            for column in self.columns:
                if column.name not in row:
                    raise TaskError(
                        f"Missing struct property: {column.name}. Give every column that the model"
                        " was trained on; null stands for a missing value."
                    )
        parts = [column.transform([row[column.name] for row in rows]) for column in self.columns]
        return np.hstack(parts)

    def categorical_mask(self, rows: Sequence[Row]) -> list[bool]:
        """Which columns of the matrix are codes of categories."""
        return [
            column.is_categorical
            for column in self.columns
            for _ in range(column.transform([rows[0].get(column.name)]).shape[1])
        ]

    def check(self, rows: Sequence[Row]) -> None:
        """Refuse values that a column's transformation cannot take.

        Raises:
            TaskError: a value is no number, or no time.
        """
        for column in self.columns:
            if isinstance(column, Numeric | Timestamp):
                for row in rows:
                    if not column.is_valid(row.get(column.name)):
                        kind = "number" if isinstance(column, Numeric) else "time"
                        raise TaskError(
                            f"{column.name} is {row[column.name]!r}, which is no {kind}."
                        )


def usable_rows(features: Features, rows: Sequence[Row]) -> list[bool]:
    """Which training rows have no invalid value where none is allowed."""
    strict = [
        column
        for column in features.columns
        if isinstance(column, Numeric | Timestamp) and not column.invalid_values_allowed
    ]
    return [all(column.is_valid(row.get(column.name)) for column in strict) for row in rows]
