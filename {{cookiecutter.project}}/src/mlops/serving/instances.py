"""From JSON instances to columns: checked against the model's inputs, defaults filled in.

Whole columns are checked at once, which is many times faster than value by value; only when that
finds something unusual is each value looked at, to name the mistake.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

Columns = dict[str, np.ndarray]

TEXT, BOOLEAN = np.dtype(object), np.dtype(bool)
KINDS = {TEXT: "a string", BOOLEAN: "a boolean"}
TYPES = {TEXT: (str,), BOOLEAN: (bool,)}
_EXACT = 2.0**53 - 1  # up to it, float64 tells whole numbers apart


class InstanceError(ValueError):
    """An instance is not what the model takes."""


class UnusualError(ValueError):
    """A column holds values that must be looked at one by one."""


@dataclass(frozen=True)
class Field:
    """An input of the model.

    Attributes:
        name: the instance's key.
        dtype: of the column; object for text, whose values are UTF-8 bytes.
        default: a JSON value that stands in for null; None when null is not allowed.
    """

    name: str
    dtype: np.dtype
    default: Any = None

    @property
    def kind(self) -> str:
        """What a value must be, in words."""
        kind = KINDS.get(self.dtype, "an integer" if self._is_integer else "a number")
        return kind if self.default is None else f"{kind} or null"

    def read(self, values: list[Any]) -> np.ndarray:
        """The values as a column of shape [rows].

        Raises:
            ValueError: they must be looked at one by one.
        """
        if self.default is not None and None in values:
            values = [self.default if value is None else value for value in values]
        if not self._types.issuperset(map(type, values)):
            raise UnusualError
        if self.dtype in KINDS:
            return self.build(values)
        numbers = np.array(values, np.float64)
        lowest, highest = self._bounds
        if not ((numbers >= lowest) & (numbers <= highest)).all():  # nor is what is no number
            raise UnusualError
        if self._is_integer and (numbers != np.floor(numbers)).any():
            raise UnusualError
        return numbers.astype(self.dtype)

    def build(self, values: list[Any]) -> np.ndarray:
        """A column of values that fit."""
        if self.dtype == TEXT:
            return np.array([value.encode() for value in values], TEXT)
        return np.array(values, self.dtype)

    def convert(self, value: Any) -> Any:
        """A value as it is put in the column.

        Whole numbers may be written 3.0, as Vertex sends them.

        Raises:
            OverflowError, ValueError: it is not of the field's type.
        """
        if value is None and self.default is not None:
            return self.default
        if type(value) not in self._types:
            raise ValueError
        if self.dtype == TEXT:
            value.encode()  # half a surrogate pair is no text
        if self.dtype in KINDS:
            return value
        if not self._limits.min <= value <= self._limits.max:
            raise ValueError
        if self._is_integer and not float(value).is_integer():
            raise ValueError
        return int(value) if self._is_integer else value

    @property
    def _is_integer(self) -> bool:
        return self.dtype.kind in "iu"

    @cached_property
    def _types(self) -> frozenset[type]:
        return frozenset(TYPES.get(self.dtype, (int, float)))

    @cached_property
    def _limits(self) -> np.iinfo[Any] | np.finfo[Any]:
        return np.iinfo(self.dtype) if self._is_integer else np.finfo(self.dtype)

    @cached_property
    def _bounds(self) -> tuple[float, float]:
        """Between these, numbers can be read by way of float64."""
        lowest, highest = float(self._limits.min), float(self._limits.max)
        return (
            (max(lowest, -_EXACT), min(highest, _EXACT)) if self._is_integer else (lowest, highest)
        )


def read_columns(fields: Sequence[Field], instances: list[Any]) -> Columns:
    """The instances as columns of shape [rows], in the order of the fields.

    An instance is an object of fields and values; a model with one field also takes bare values.

    Raises:
        InstanceError: a field is missing, unknown or mistyped; names it and the instance.
    """
    if len(fields) == 1:
        [only] = fields
        instances = [each if isinstance(each, dict) else {only.name: each} for each in instances]
    try:
        return _read_quickly(fields, instances)
    except (KeyError, OverflowError, TypeError, ValueError):
        checked = [_check(fields, instance, index) for index, instance in enumerate(instances)]
    return {field.name: field.build([row[field.name] for row in checked]) for field in fields}


def _read_quickly(fields: Sequence[Field], instances: list[Any]) -> Columns:
    if any(len(instance) != len(fields) for instance in instances):
        raise UnusualError
    return {field.name: field.read([each[field.name] for each in instances]) for field in fields}


def _check(fields: Sequence[Field], instance: Any, index: int) -> dict[str, Any]:
    """The instance with its defaults filled in."""
    if not isinstance(instance, dict):
        raise InstanceError(f"instance {index} must be an object of fields and values")
    unknown = sorted(instance.keys() - {field.name for field in fields})
    if unknown:
        raise InstanceError(f"instance {index}: field {unknown[0]} is unknown; leave it out")
    return {field.name: _convert(field, instance, index) for field in fields}


def _convert(field: Field, instance: dict[str, Any], index: int) -> Any:
    if field.name not in instance:
        raise InstanceError(f"instance {index}: field {field.name} is missing; add it")
    try:
        return field.convert(instance[field.name])
    except (OverflowError, ValueError):
        raise InstanceError(f"instance {index}: field {field.name} must be {field.kind}") from None
