"""When a schedule's next run is due, and when there is none left."""

from datetime import datetime
from typing import Any

from google.cloud.aiplatform_v1.types import Schedule

from localcloud.schedules.cron import first_time, next_time


def plan(schedule: Any, after: datetime) -> None:
    """Note when the first run after a time is due, if any; none is before the schedule's start."""
    start, end = schedule.start_time, schedule.end_time
    if start is not None and start > after:
        due = first_time(schedule.cron, start)
    else:
        due = next_time(schedule.cron, after)
    is_over = has_run_often_enough(schedule) or (end is not None and due > end)
    schedule.next_run_time = None if is_over else due


def has_run_often_enough(schedule: Any) -> bool:
    """Whether a schedule has started as many runs as it may."""
    most = schedule.max_run_count
    return bool(most) and schedule.started_run_count >= most


def complete(schedule: Any) -> None:
    """End a schedule; the runs that it has started go on."""
    schedule.state = Schedule.State.COMPLETED
    schedule.next_run_time = None
