"""The transformations of AutoML's columns: each makes numbers of one column's values.

A missing value is NaN, which the models that cannot take it replace.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

from automl_tabular.values import TaskError, Value, is_missing, number, text, time

Matrix = NDArray[np.float64]

_RAREST = 5  # a category that comes up less often is treated as unknown, as Vertex documents it
_MOST_CATEGORIES = 254  # what histogram gradient boosting can tell apart
_MOST_ELEMENTS = 50  # of a column of arrays of categories
_TOPICS = 20  # dimensions that a text becomes
_WORDS_OF_TEXT = 3  # a value has more on average: it is a text and no category


class Column(Protocol):
    """One column's transformation."""

    name: str

    def fit(self, values: Sequence[Value]) -> None:
        """Learn from the training values."""

    def transform(self, values: Sequence[Value]) -> Matrix:
        """The numbers of values, a row for each."""

    @property
    def is_categorical(self) -> bool:
        """Whether the numbers are codes without an order."""


@dataclass
class Numeric:
    """Numbers, also those that are written as texts."""

    name: str
    invalid_values_allowed: bool = True
    is_categorical: bool = field(default=False, init=False)

    def fit(self, values: Sequence[Value]) -> None:
        """There is nothing to learn."""

    def transform(self, values: Sequence[Value]) -> Matrix:
        """The numbers; one that cannot be read counts as missing."""
        return np.array([[self._number(value)] for value in values])

    def is_valid(self, value: Value) -> bool:
        """Whether a training row with this value is used."""
        return is_missing(value) or not np.isnan(self._number(value))

    def _number(self, value: Value) -> float:
        try:
            return float("nan") if is_missing(value) else number(value)
        except ValueError:
            return float("nan")


@dataclass
class Timestamp:
    """Times: seconds since 1970, and year, month, day, weekday and hour."""

    name: str
    time_format: str = ""
    invalid_values_allowed: bool = True
    is_categorical: bool = field(default=False, init=False)

    def fit(self, values: Sequence[Value]) -> None:
        """There is nothing to learn."""

    def transform(self, values: Sequence[Value]) -> Matrix:
        """The numbers; a time that cannot be read counts as missing."""
        return np.array([self._numbers(value) for value in values])

    def is_valid(self, value: Value) -> bool:
        """Whether a training row with this value is used."""
        return is_missing(value) or not np.isnan(self._numbers(value)[0])

    def _numbers(self, value: Value) -> list[float]:
        try:
            found = time(value, self.time_format)
        except (ValueError, OverflowError, OSError):
            return [float("nan")] * 6
        return [
            found.timestamp(),
            found.year,
            found.month,
            found.day,
            found.weekday(),
            found.hour,
        ]


@dataclass
class Categorical:
    """Categories: the code of each, one code for all that are unknown."""

    name: str
    codes: dict[str, int] = field(default_factory=dict)
    is_categorical: bool = field(default=True, init=False)

    def fit(self, values: Sequence[Value]) -> None:
        """Learn the categories."""
        counts = Counter(text(value) for value in values if not is_missing(value))
        frequent = [
            name for name, count in counts.most_common(_MOST_CATEGORIES) if count >= _RAREST
        ]
        self.codes = {name: code for code, name in enumerate(sorted(frequent))}

    def transform(self, values: Sequence[Value]) -> Matrix:
        """The codes."""
        return np.array([[self._code(value)] for value in values])

    def _code(self, value: Value) -> float:
        if is_missing(value):
            return float("nan")
        return self.codes.get(text(value), len(self.codes))


@dataclass
class Text:
    """Texts: weighted words, projected onto few dimensions."""

    name: str
    pipeline: tuple[TfidfVectorizer, TruncatedSVD] | None = None
    is_categorical: bool = field(default=False, init=False)

    def fit(self, values: Sequence[Value]) -> None:
        """Learn the words."""
        words = TfidfVectorizer(max_features=2000, token_pattern=r"\w+")  # noqa: S106 - no password
        try:
            found = words.fit_transform(list(map(_words, values)))
        except ValueError:  # no word at all
            self.pipeline = None
            return
        topics = TruncatedSVD(min(_TOPICS, found.shape[1]), random_state=0)
        topics.fit(found)
        self.pipeline = words, topics

    def transform(self, values: Sequence[Value]) -> Matrix:
        """A row of `_TOPICS` numbers, or fewer, for each text."""
        if self.pipeline is None:
            return np.zeros((len(values), 1))
        words, topics = self.pipeline
        found: Matrix = topics.transform(words.transform(list(map(_words, values))))
        return found


@dataclass
class RepeatedNumeric:
    """Arrays of numbers: their average, 0 if there is none."""

    name: str
    is_categorical: bool = field(default=False, init=False)

    def fit(self, values: Sequence[Value]) -> None:
        """There is nothing to learn."""

    def transform(self, values: Sequence[Value]) -> Matrix:
        """The averages."""
        single = Numeric(self.name)
        found = [single.transform(_elements(value)) for value in values]
        return np.array([[float(np.mean(each)) if len(each) else 0.0] for each in found])


@dataclass
class RepeatedCategorical:
    """Arrays of categories: how often each of the most frequent ones comes up."""

    name: str
    categories: list[str] = field(default_factory=list)
    is_categorical: bool = field(default=False, init=False)

    def fit(self, values: Sequence[Value]) -> None:
        """Learn the categories."""
        counts = Counter(text(each) for value in values for each in _elements(value))
        frequent = counts.most_common(_MOST_ELEMENTS)
        self.categories = sorted(name for name, count in frequent if count >= _RAREST)

    def transform(self, values: Sequence[Value]) -> Matrix:
        """The counts."""
        rows = [Counter(map(text, _elements(value))) for value in values]
        return np.array([[0.0, *(float(row[name]) for name in self.categories)] for row in rows])


def make_column(transformation: Mapping[str, Any], values: Sequence[Value]) -> Column:
    """The transformation that a task names for a column, or for `auto` the one that fits.

    Args:
        transformation: such as `{"numeric": {"columnName": "age"}}`.
        values: the training values of the column.
    """
    [(kind, options)] = transformation.items()
    if kind == "auto":
        kind = infer(values)
    return _MAKERS[kind](options)


def infer(values: Sequence[Value]) -> str:
    """The kind of transformation that fits the values."""
    present = [value for value in values if not is_missing(value)]
    if any(isinstance(value, list) for value in present):
        elements = [each for value in present for each in _elements(value)]
        return "repeatedNumeric" if _all(number, elements) else "repeatedCategorical"
    if present and not any(isinstance(value, bool) for value in present):
        if _all(number, present):
            return "numeric"
        if _all(time, present):
            return "timestamp"
    words = [len(text(value).split()) for value in present]
    distinct = len({text(value) for value in present})
    if words and np.mean(words) > _WORDS_OF_TEXT and distinct > len(present) / 2:
        return "text"
    return "categorical"


_MAKERS: Mapping[str, Callable[[Mapping[str, Any]], Column]] = {
    "numeric": lambda options: Numeric(
        options["columnName"], options.get("invalidValuesAllowed", False)
    ),
    "timestamp": lambda options: Timestamp(
        options["columnName"],
        options.get("timeFormat", ""),
        options.get("invalidValuesAllowed", False),
    ),
    "categorical": lambda options: Categorical(options["columnName"]),
    "text": lambda options: Text(options["columnName"]),
    "repeatedNumeric": lambda options: RepeatedNumeric(options["columnName"]),
    "repeatedCategorical": lambda options: RepeatedCategorical(options["columnName"]),
    "repeatedText": lambda options: Text(options["columnName"]),
}


def _all(read: Callable[[Value], object], values: Sequence[Value]) -> bool:
    try:
        for value in values:
            read(value)
    except (ValueError, TypeError):
        return False
    return True


def _elements(value: Value) -> list[Value]:
    if is_missing(value):
        return []
    if not isinstance(value, list):
        raise TaskError(f"{value!r} is no array, as its column's transformation needs.")
    return value


def _words(value: Value) -> str:
    if is_missing(value):
        return ""
    return " ".join(map(text, value)) if isinstance(value, list) else text(value)
