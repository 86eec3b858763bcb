"""Transformations of dates: moved by days, or reduced to a part."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

from google.api_core.exceptions import InvalidArgument
from google.cloud.dlp_v2 import TimePartConfig, Value

from localcloud.dlp.values import text_of, text_value
from localcloud.rpc import raw

_PART = TimePartConfig.TimePart
# a date, and what may stand behind it
_FORMS = {
    "%Y-%m-%d": re.compile(r"(\d{4}-\d{2}-\d{2})(.*)", re.DOTALL),
    "%m/%d/%Y": re.compile(r"(\d{1,2}/\d{1,2}/\d{4})(.*)", re.DOTALL),
}
_CLOCK = re.compile(r"[T ](\d{1,2}):\d{2}")


def date_of(value: Any) -> datetime:
    """The time that a Value is: a date, a timestamp, or a text that begins with a date.

    Raises:
        InvalidArgument: it is none.
    """
    match value.WhichOneof("type"):
        case "timestamp_value":
            return datetime.fromisoformat(text_of(value) or "")
        case "date_value":
            return _parse(text_of(value) or "")[0]
        case "string_value":
            return _parse(value.string_value)[0]
    raise InvalidArgument("A transformation of dates is of dates and timestamps; choose a field.")


def is_date(text: str) -> bool:
    """Whether a text begins with a date of the calendar."""
    try:
        _parse(text)
    except InvalidArgument:
        return False
    return True


def move(value: Any, days: int) -> Any:
    """The same kind of Value, so many days later; a text keeps its form, and its time of day.

    Raises:
        InvalidArgument: it is no date, or would be none.
    """
    moved = raw(Value())
    try:
        time = date_of(value) + timedelta(days=days)
    except OverflowError:
        raise InvalidArgument("A date would leave the years 1 to 9999; move it less.") from None
    match value.WhichOneof("type"):
        case "timestamp_value":
            moved.timestamp_value.CopyFrom(value.timestamp_value)
            moved.timestamp_value.seconds += days * 86400
        case "date_value":
            moved.date_value.year, moved.date_value.month, moved.date_value.day = time.timetuple()[
                :3
            ]
        case _:
            _, form, rest = _parse(value.string_value)
            return text_value(time.strftime(form.replace("%Y", f"{time.year:04}")) + rest)
    return moved


def part_of(value: Any, part: TimePartConfig.TimePart) -> Any:
    """A part of a date or of a time of day, as an integer; the day of the week as such.

    Raises:
        InvalidArgument: it is no date, or there is no such part.
    """
    found = raw(Value())
    if part == _PART.HOUR_OF_DAY:
        found.integer_value = _hour_of(value)
        return found
    time = date_of(value)
    if part == _PART.DAY_OF_WEEK:
        found.day_of_week_value = time.isoweekday()
        return found
    parts = {
        _PART.YEAR: time.year,
        _PART.MONTH: time.month,
        _PART.DAY_OF_MONTH: time.day,
        _PART.WEEK_OF_YEAR: date.isocalendar(time).week,
    }
    if part not in parts:
        raise InvalidArgument("time_part_config.part_to_extract is required; choose a part.")
    found.integer_value = parts[part]
    return found


def _hour_of(value: Any) -> int:
    match value.WhichOneof("type"):
        case "time_value":
            return int(value.time_value.hours)
        case "timestamp_value":
            return date_of(value).hour
        case "string_value":
            clock = _CLOCK.match(_parse(value.string_value)[2])
            if clock:
                return int(clock[1])
    raise InvalidArgument("HOUR_OF_DAY is of values with a time of day; choose another part.")


def _parse(text: str) -> tuple[datetime, str, str]:
    """The date that a text begins with, its form, and what stands behind it."""
    for form, pattern in _FORMS.items():
        match = pattern.fullmatch(text)
        if match:
            try:
                return datetime.strptime(match[1], form).replace(tzinfo=UTC), form, match[2]
            except ValueError:
                break
    raise InvalidArgument("A text is no date: DLP moves dates such as 2024-02-29 or 2/29/2024.")
