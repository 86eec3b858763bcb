"""The declaration of the data: config/features.yaml as types."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Value = int | float | str
DTYPES = {"INTEGER": "int64", "BOOLEAN": "bool", "FLOAT": "float32", "STRING": "string"}
NAME = r"^[a-zA-Z_][a-zA-Z0-9_]*$"
TABLE = r"^[^.`\s]+\.[^.`\s]+\.[^.`\s]+$"  # PROJECT.DATASET.TABLE


class Problem(StrEnum):
    """What kind of value the label is."""

    CLASSIFICATION = "classification"
    REGRESSION = "regression"


class Role(StrEnum):
    """What a column is used for; config/features.yaml explains each."""

    NUMERIC = "numeric"
    BUCKETIZED = "bucketized"
    CATEGORICAL = "categorical"
    LABEL = "label"
    SENSITIVE = "sensitive"
    VALIDATED = "validated"
    IDENTIFIER = "identifier"
    TIMESTAMP = "timestamp"


INPUT_ROLES = frozenset({Role.NUMERIC, Role.BUCKETIZED, Role.CATEGORICAL})
EXTRACTED_ROLES = INPUT_ROLES | {Role.LABEL, Role.SENSITIVE, Role.VALIDATED}


class Treatment(StrEnum):
    """How a column is hidden; config/features.yaml explains each."""

    TOKEN = "token"  # noqa: S105 - no password
    MASK = "mask"
    REDACT = "redact"
    DATE_SHIFT = "date_shift"
    DROP = "drop"


class Column(BaseModel):
    """One column: its BigQuery type, its role, and what is allowed in it."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    name: str = Field(pattern=NAME)
    type: Literal["INTEGER", "FLOAT", "STRING", "BOOLEAN", "TIMESTAMP"]
    role: Role
    sql: str | None = None
    default: Value | None = None
    values: tuple[str, ...] = ()
    min: float | None = None
    max: float | None = None
    scale: Literal["linear", "sqrt"] = "linear"
    buckets: int | None = Field(default=None, ge=2)
    vocabulary_size: int | None = Field(default=None, ge=1)
    oov_buckets: int = Field(default=1, ge=1)
    slice: bool = False
    drift_threshold: float | None = Field(default=None, gt=0, le=1)
    skew_threshold: float | None = Field(default=None, gt=0, le=1)
    privacy: Treatment | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        for problem, found in _mistakes(self).items():
            if found:
                raise ValueError(f"column {self.name}: {problem}")
        return self

    @property
    def is_input(self) -> bool:
        """Whether the model reads this column."""
        return self.role in INPUT_ROLES

    @property
    def is_extracted(self) -> bool:
        """Whether this column leaves BigQuery."""
        return self.role in EXTRACTED_ROLES

    @property
    def is_number(self) -> bool:
        """Whether values compare with min and max."""
        return self.type in {"INTEGER", "FLOAT"}

    @property
    def fill(self) -> Value | None:
        """The default as a value of the column's type; None when the column has no default."""
        if self.default is None:
            return None
        casts: dict[str, type[int] | type[float] | type[str]] = {"FLOAT": float, "STRING": str}
        return casts.get(self.type, int)(self.default)

    @property
    def cardinality(self) -> int:
        """How many different integers preprocessing can make of this column; 0 for numbers."""
        if self.role is Role.CATEGORICAL:
            return (self.vocabulary_size or 0) + self.oov_buckets
        return self.buckets or 0

    @property
    def places(self) -> range | None:
        """The whole numbers from min to max, if such a category needs no vocabulary.

        Then a value's index is its place among them, whatever the data; a default outside of them
        comes next. All must fit into vocabulary_size, else the commonest values are learned.
        """
        size = self.vocabulary_size
        if self.type != "INTEGER" or size is None or self.min is None or self.max is None:
            return None
        allowed = range(math.ceil(self.min), math.floor(self.max) + 1)
        beside = self.fill is not None and self.fill not in allowed
        return allowed if len(allowed) + beside <= size else None


class How(StrEnum):
    """How a derived feature is computed; config/features.yaml explains each."""

    HAVERSINE = "haversine"
    EUCLIDEAN = "euclidean"
    CYCLICAL = "cyclical"


class Derived(BaseModel):
    """A feature that preprocessing computes from inputs, the same in training and serving."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    name: str = Field(pattern=NAME)
    how: How
    of: tuple[str, ...]
    period: float | None = Field(default=None, gt=0)
    scale: Literal["linear", "sqrt"] = "linear"

    @model_validator(mode="after")
    def _check(self) -> Self:
        needed = 1 if self.how is How.CYCLICAL else 4
        if len(self.of) != needed:
            raise ValueError(f"derived {self.name}: {self.how} is of {needed} columns")
        if (self.how is How.CYCLICAL) != (self.period is not None):
            raise ValueError(f"derived {self.name}: a cyclical feature, and no other, needs period")
        return self

    @property
    def outputs(self) -> tuple[str, ...]:
        """What the model reads of it, by name."""
        if self.how is How.CYCLICAL:
            return f"{self.name}_sin", f"{self.name}_cos"
        return (self.name,)


class Cross(BaseModel):
    """A category for each pair (or more) of values of categories, by a hash that never changes."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    of: tuple[str, ...] = Field(min_length=2)
    buckets: int = Field(ge=2)

    @property
    def name(self) -> str:
        """The names of its columns, joined."""
        return "_x_".join(self.of)


@dataclass(frozen=True)
class Transformed:
    """What the model reads once preprocessing is done.

    Attributes:
        name: of a column, of a derived feature or of a cross.
        cardinality: how many different integers it may be; 0 for numbers.
    """

    name: str
    cardinality: int

    @property
    def dtype(self) -> str:
        """TensorFlow's name of its type."""
        return "int64" if self.cardinality else "float32"


class SplitRule(BaseModel):
    """How rows are divided into train, eval and test, so that nothing leaks from one to another.

    hash: by the row's identifier. group: all rows with one value of `column` stay together.
    time: rows before the day `eval_from` train, rows since the day `test_from` test (UTC).
    stratified: by the order of the identifiers' hashes among the rows of one label, so that all
    splits have the same share of positives; a row may change its split when the table grows.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    by: Literal["hash", "group", "time", "stratified"] = "hash"
    column: str | None = None
    eval_from: date | None = None
    test_from: date | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.by == "group") != (self.column is not None):
            raise ValueError("split: a split by group, and no other, needs column")
        days = (self.eval_from, self.test_from)
        if any(days) != all(days) or (self.by == "time") != all(days):
            raise ValueError("split: a split by time, and no other, needs eval_from and test_from")
        if self.eval_from and self.test_from and self.eval_from >= self.test_from:
            raise ValueError("split: eval_from must be before test_from")
        return self


class Features(BaseModel):
    """All columns of the table, and what is predicted from them."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    problem: Problem
    table: str = Field(pattern=TABLE)
    where: str | None = None
    split: SplitRule = SplitRule()
    columns: tuple[Column, ...]
    derived: tuple[Derived, ...] = ()
    crosses: tuple[Cross, ...] = ()
    slice_crosses: tuple[tuple[str, str], ...] = ()

    @model_validator(mode="after")
    def _check(self) -> Self:
        names = [column.name for column in self.columns]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise ValueError(f"column {repeated[0]} is declared twice: keep one")
        for role in (Role.LABEL, Role.IDENTIFIER):
            if sum(column.role is role for column in self.columns) != 1:
                raise ValueError(f"exactly one column must have the role {role.value}")
        if not self.inputs:
            raise ValueError("no column is an input: give one a role such as numeric")
        extracted = {column.name for column in self.extracted}
        unknown = [name for cross in self.slice_crosses for name in cross if name not in extracted]
        if unknown:
            raise ValueError(
                f"slice_crosses names {unknown[0]}, which is no column that is extracted"
            )
        self._check_derived()
        if self.split.column and self.split.column not in names:
            raise ValueError(f"split: {self.split.column} is not declared; add it to columns")
        if self.split.by == "stratified" and self.problem is not Problem.CLASSIFICATION:
            raise ValueError("split: a stratified split is by the label of a classification")
        if self.split.by == "time" and self.timestamp is None:
            raise ValueError("split: a split by time needs a column of the role timestamp")
        return self

    def _check_derived(self) -> None:
        inputs = {column.name: column for column in self.inputs}
        computed: tuple[Derived | Cross, ...] = (*self.derived, *self.crosses)
        for each in computed:
            for name in each.of:
                if name not in inputs:
                    raise ValueError(f"{each.name} is of {name}, which is no input")
                if isinstance(each, Derived) and not inputs[name].is_number:
                    raise ValueError(f"{each.name} is of {name}, which is not INTEGER or FLOAT")
                if isinstance(each, Cross) and not inputs[name].cardinality:
                    raise ValueError(
                        f"{each.name} crosses {name}, which is a number: make it bucketized"
                    )
        names = [each.name for each in self.transformed]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise ValueError(f"{repeated[0]} is declared twice: give one another name")

    @property
    def transformed(self) -> tuple[Transformed, ...]:
        """What the model reads once preprocessing is done: inputs, derived features, crosses."""
        return (
            *(Transformed(column.name, column.cardinality) for column in self.inputs),
            *(Transformed(name, 0) for each in self.derived for name in each.outputs),
            *(Transformed(cross.name, cross.buckets) for cross in self.crosses),
        )

    @property
    def inputs(self) -> tuple[Column, ...]:
        """The columns that the model reads, in order."""
        return tuple(column for column in self.columns if column.is_input)

    @property
    def extracted(self) -> tuple[Column, ...]:
        """The columns that leave BigQuery, in order."""
        return tuple(column for column in self.columns if column.is_extracted)

    @property
    def slices(self) -> tuple[Column, ...]:
        """The columns on whose values the model is evaluated apart, sensitive ones among them."""
        return tuple(c for c in self.columns if c.slice or c.role is Role.SENSITIVE)

    @property
    def label(self) -> Column:
        """The column that is predicted."""
        return next(column for column in self.columns if column.role is Role.LABEL)

    @property
    def identifier(self) -> Column:
        """The column that is a row's key."""
        return next(column for column in self.columns if column.role is Role.IDENTIFIER)

    @property
    def timestamp(self) -> Column | None:
        """The column that says when the row happened, if there is one."""
        return next((column for column in self.columns if column.role is Role.TIMESTAMP), None)

    @property
    def split_key(self) -> Column:
        """The column whose hash decides a row's split: its group's, else its own key."""
        name = self.split.column
        return next((each for each in self.columns if each.name == name), self.identifier)


def _mistakes(column: Column) -> dict[str, bool]:
    """Sentences that tell what can be wrong with a column, each with whether it is."""
    role, number = column.role, column.is_number
    return {
        "a categorical column needs vocabulary_size": (
            role is Role.CATEGORICAL and column.vocabulary_size is None
        ),
        "a bucketized column needs buckets": role is Role.BUCKETIZED and column.buckets is None,
        f"a {role.value} column must be INTEGER or FLOAT, not {column.type}": (
            role in {Role.NUMERIC, Role.BUCKETIZED} and not number
        ),
        "a categorical column cannot be FLOAT: make it bucketized": (
            role is Role.CATEGORICAL and column.type == "FLOAT"
        ),
        "a label must be a number; derive one with sql": role is Role.LABEL and not number,
        "a label has no default: a row without a label is an anomaly": (
            role is Role.LABEL and column.default is not None
        ),
        "a TIMESTAMP cannot be extracted: derive numbers from it with sql": (
            column.is_extracted and column.type == "TIMESTAMP"
        ),
        "only an extracted column can be a slice": column.slice and not column.is_extracted,
        "values are for STRING columns; use min and max": (
            bool(column.values) and column.type != "STRING"
        ),
        "min and max are for INTEGER and FLOAT columns; use values": (
            not number and (column.min is not None or column.max is not None)
        ),
        "min is above max": (
            column.min is not None and column.max is not None and column.min > column.max
        ),
        "privacy: token, mask and redact are for STRING columns": (
            column.privacy in {Treatment.TOKEN, Treatment.MASK, Treatment.REDACT}
            and column.type != "STRING"
        ),
        "privacy: date_shift is for TIMESTAMP columns": (
            column.privacy is Treatment.DATE_SHIFT and column.type != "TIMESTAMP"
        ),
        "privacy is of the table's own columns, not of one that sql derives": (
            column.privacy is not None and column.sql is not None
        ),
        f"default {column.default!r} is not of type {column.type}": not _fits(
            column.default, column.type
        ),
    }


def _fits(value: Value | None, kind: str) -> bool:
    if value is None:
        return True
    if kind in {"INTEGER", "BOOLEAN"}:
        return not isinstance(value, str) and float(value).is_integer()
    return isinstance(value, str) == (kind == "STRING")
