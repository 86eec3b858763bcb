"""Schedules: pipelines that run by the clock, as config/ declares them."""

from __future__ import annotations

import re
import zoneinfo
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

# the fields of a cron expression, with the numbers that each may hold
FIELDS = {
    "minute": (0, 59),
    "hour": (0, 23),
    "day of the month": (1, 31),
    "month": (1, 12),
    "day of the week": (0, 7),
}
_ITEM = re.compile(r"(\*|\w+(-\w+)?)(/\d+)?")


class Schedule(BaseModel):
    """A pipeline that runs whenever a cron expression says, in a time zone.

    Attributes:
        pipeline: its name, as in `mlops pipelines run`.
        cron: minute, hour, day of the month, month and day of the week.
        time_zone: its IANA name.
        max_concurrent_run_count: a run that would be one more waits for its next time.
        paused: kept, but starts nothing.
        parameters: arguments in place of those that the settings give.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    pipeline: str
    cron: str
    time_zone: str = "Etc/UTC"
    max_concurrent_run_count: int = Field(default=1, ge=1)
    paused: bool = False
    parameters: dict[str, Any] = {}

    @model_validator(mode="after")
    def _check(self) -> Self:
        _check_cron(self.cron)
        if self.time_zone not in zoneinfo.available_timezones():
            raise ValueError(
                f"time_zone {self.time_zone!r} is not known: write one such as Europe/Berlin"
            )
        return self

    @property
    def timed(self) -> str:
        """The cron expression with its time zone, as Vertex AI reads it."""
        return f"TZ={self.time_zone} {self.cron}"


def _check_cron(cron: str) -> None:
    parts = cron.split()
    if len(parts) != len(FIELDS):
        raise ValueError(
            f"cron {cron!r} has {len(parts)} fields: write five, such as '0 5 * * 1' (Mondays at 5)"
        )
    for part, (field, (low, high)) in zip(parts, FIELDS.items(), strict=True):
        numbers = [int(number) for number in re.findall(r"(?<![\w/])\d+(?!\w)", part)]
        well_formed = all(_ITEM.fullmatch(item) for item in part.split(","))
        if not well_formed or not all(low <= number <= high for number in numbers):
            raise ValueError(
                f"cron {cron!r}: {part!r} is no {field}; write * or numbers from {low} to {high}"
            )
