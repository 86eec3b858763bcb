"""Cells of DLP's tables: a Value as text or number, and what BigQuery has as a Value."""

import math
from typing import Any

from google.api_core.exceptions import InvalidArgument
from google.cloud.dlp_v2 import Value
from google.type.dayofweek_pb2 import DayOfWeek

from localcloud.rpc import raw


def text_of(value: Any) -> str | None:
    """What a Value (as protobuf) is as text; None if it holds nothing.

    Raises:
        InvalidArgument: it is a time beyond the years 1 to 9999.
    """
    match value.WhichOneof("type"):
        case None:
            return None
        case "string_value":
            return str(value.string_value)
        case "boolean_value":
            return "true" if value.boolean_value else "false"
        case "timestamp_value":
            try:
                return str(value.timestamp_value.ToJsonString())
            except ValueError:
                raise InvalidArgument(
                    "A timestamp_value is beyond the years 1 to 9999; correct it."
                ) from None
        case "date_value":
            day = value.date_value
            return f"{day.year:04}-{day.month:02}-{day.day:02}"
        case "time_value":
            clock = value.time_value
            return f"{clock.hours:02}:{clock.minutes:02}:{clock.seconds:02}"
        case "day_of_week_value":
            return str(DayOfWeek.Name(value.day_of_week_value))
        case kind:
            return str(getattr(value, kind))


def text_value(text: str) -> Any:
    """A text as a Value."""
    return raw(Value(string_value=text))


def number_of(value: Any) -> float | None:
    """What a Value is as a finite number; None if it is none."""
    match value.WhichOneof("type"):
        case "integer_value":
            return int(value.integer_value)
        case "float_value":
            return float(value.float_value) if math.isfinite(value.float_value) else None
        case "string_value":
            try:
                number = float(value.string_value)
            except ValueError:
                return None
            return number if math.isfinite(number) else None
    return None


def cell(content: Any) -> Any:
    """A value of a table's row, of BigQuery or of a CSV file, as a Value."""
    value = raw(Value())
    match content:
        case None:
            pass
        case bool():
            value.boolean_value = content
        case int():
            value.integer_value = content
        case float():
            value.float_value = content
        case _:
            value.string_value = str(content)
    return value
