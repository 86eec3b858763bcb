"""Cron expressions as Vertex reads them, such as `TZ=Europe/Berlin 0 6 * * MON`."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from google.api_core.exceptions import InvalidArgument

_EXPRESSION = re.compile(r"(?:(?:CRON_TZ|TZ)=(?P<zone>\S+)\s+)?(?P<fields>\S+(?:\s+\S+){4})")
_UNKNOWN_TO_VERTEX = re.compile(r"#|\d?\bL\b|\bLW\b|\dL", re.IGNORECASE)


def check_cron(expression: str, field: str = "cron") -> None:
    """Refuse an expression that cannot be read.

    Raises:
        InvalidArgument: it is no cron expression, its time zone is unknown, or it never comes true.
    """
    try:
        next_time(expression, datetime.now(UTC))
    except ValueError as error:
        raise InvalidArgument(
            f"{field} {expression!r} cannot be used ({error}); write minute, hour, day of month,"
            " month and day of week, such as 'TZ=Europe/Berlin 0 6 * * MON'."
        ) from error


def next_time(expression: str, after: datetime) -> datetime:
    """The first time that an expression names after a given one, in UTC.

    When clocks change, times follow Debian's cron: one that is left out comes right after the
    change, one that comes twice is taken once.

    Raises:
        ValueError: the expression cannot be read, or names no time within 50 years.
    """
    match = _EXPRESSION.fullmatch(expression.strip())
    if match is None:
        raise ValueError("it does not have five fields")
    if _UNKNOWN_TO_VERTEX.search(match["fields"]):
        raise ValueError("L and # are not known")
    local = after.astimezone(_zone(match["zone"] or "UTC"))
    try:
        return next(CronSim(match["fields"].replace("?", "*"), local)).astimezone(UTC)
    except CronSimError as error:
        raise ValueError(str(error).lower()) from error
    except StopIteration:
        raise ValueError("no such day comes") from None


def first_time(expression: str, start: datetime) -> datetime:
    """The first time that an expression names at a given one or after it, in UTC.

    Raises:
        ValueError: see `next_time`.
    """
    return next_time(expression, start - timedelta(microseconds=1))


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError) as error:
        raise ValueError(f"there is no time zone {name}") from error
