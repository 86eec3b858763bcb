"""Cells of DLP's tables: a Value as text, and what BigQuery and Python have as a Value."""

import calendar
from datetime import UTC, date, datetime
from typing import Any

from google.cloud.dlp_v2 import Value

from localcloud.rpc import raw


def text_of(value: Any) -> str | None:
    """What a Value (as protobuf) is as text; None if it holds nothing."""
    match value.WhichOneof("type"):
        case None:
            return None
        case "string_value":
            return str(value.string_value)
        case "boolean_value":
            return "true" if value.boolean_value else "false"
        case "timestamp_value":
            time = value.timestamp_value.ToDatetime(UTC).isoformat()
            return str(time).replace("+00:00", "Z")
        case "date_value":
            day = value.date_value
            return f"{day.year:04}-{day.month:02}-{day.day:02}"
        case "time_value":
            clock = value.time_value
            return f"{clock.hours:02}:{clock.minutes:02}:{clock.seconds:02}"
        case "day_of_week_value":
            return str(calendar.day_name[value.day_of_week_value - 1]).upper()
        case kind:
            return str(getattr(value, kind))


def text_value(text: str) -> Any:
    """A text as a Value."""
    return raw(Value(string_value=text))


def number_of(value: Any) -> float | None:
    """What a Value is as a number; None if it is none."""
    match value.WhichOneof("type"):
        case "integer_value":
            return int(value.integer_value)
        case "float_value":
            return float(value.float_value)
        case "string_value":
            try:
                return float(value.string_value)
            except ValueError:
                return None
    return None


def cell(content: Any) -> Any:
    """A value that BigQuery's client or the csv module gives, as a Value."""
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
        case datetime():
            value.timestamp_value.FromDatetime(content)
        case date():
            value.date_value.year, value.date_value.month, value.date_value.day = (
                content.timetuple()[:3]
            )
        case _:
            value.string_value = str(content)
    return value
