"""Values as they come in CSV files, tables and predict requests, in the forms that models need."""

import math
from datetime import UTC, datetime
from typing import Any, TypeAlias

Value: TypeAlias = Any  # what JSON can say
Row: TypeAlias = dict[str, Value]

_UNIX_UNITS = {
    "unix-seconds": 1.0,
    "unix-milliseconds": 1e3,
    "unix-microseconds": 1e6,
    "unix-nanoseconds": 1e9,
}


class TaskError(Exception):
    """A mistake of the user in the task or its data; the message says which."""


def is_missing(value: Value) -> bool:
    """Whether nothing stands there."""
    return value is None or value == "" or (isinstance(value, float) and math.isnan(value))


def text(value: Value) -> str:
    """A value as a text, the same for CSV's and JSON's: 3.0 is 3, true is true."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def number(value: Value) -> float:
    """A value as a finite number.

    Raises:
        ValueError: it is none.
    """
    if isinstance(value, list | dict):
        raise ValueError(f"{value!r} is no number")
    found = float(value)
    if not math.isfinite(found):
        raise ValueError(f"{value!r} is no finite number")
    return found


def time(value: Value, time_format: str = "") -> datetime:
    """A value as a time in UTC.

    Args:
        value: RFC 3339, a date, or what the format says.
        time_format: `unix-seconds` and the like, or strftime syntax; by default RFC 3339.

    Raises:
        ValueError: it is none.
    """
    if time_format in _UNIX_UNITS:
        return datetime.fromtimestamp(number(value) / _UNIX_UNITS[time_format], UTC)
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no time")
    found = (
        datetime.strptime(value, time_format)
        if time_format
        else datetime.fromisoformat(value.strip().removesuffix(" UTC"))
    )
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
