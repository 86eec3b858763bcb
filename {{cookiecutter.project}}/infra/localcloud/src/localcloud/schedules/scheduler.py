"""Starts the runs of schedules at their times."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from google.api_core.exceptions import GoogleAPICallError
from google.cloud.aiplatform_v1.types import PipelineJob, Schedule

from localcloud.pipelines.record import ENDED
from localcloud.schedules.alarm import Alarm
from localcloud.schedules.plan import complete, has_run_often_enough, plan
from localcloud.schedules.runs import run_request

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_PAUSE = timedelta(seconds=0.5)  # until the next look at whether a run in the way has ended
_STARTED = "OK"  # what Vertex notes of a run that was started
_LOG = logging.getLogger(__name__)


class Scheduler:
    """Follows the ACTIVE schedules; a run and its note in the schedule are one transaction."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._alarm = Alarm("schedules", cloud.clock, self._follow_all)
        self._last_start: dict[str, datetime] = {}

    def recover(self) -> None:
        """Go on with the schedules of an earlier server.

        The runs that it missed are left out, but for schedules that catch up or queue.
        """
        now = self._cloud.clock.now()
        for each in self._active():
            with self._cloud.store.editing(each.name, Schedule) as schedule:
                late = schedule.next_run_time and schedule.next_run_time < now
                if late and not (schedule.catch_up or schedule.allow_queueing):
                    plan(schedule, now)
        self._alarm.start()

    def changed(self) -> None:
        """Look again, because a schedule was changed."""
        self._alarm.wake()

    def stop(self) -> None:
        """Start no more runs."""
        self._alarm.stop()

    def _follow_all(self) -> datetime | None:
        """Start all runs that are due; returns when one may be again."""
        looks = [self._follow(schedule.name) for schedule in self._active()]
        return min((look for look in looks if look), default=None)

    def _follow(self, name: str) -> datetime | None:
        """Start the due runs of one schedule; returns when to look at it again."""
        while True:
            now = self._cloud.clock.now()
            with self._cloud.store.transaction():
                if not self._cloud.store.exists(name):
                    return None
                schedule = self._cloud.store.get(name, Schedule)
                look = self._step(schedule, now)
                self._cloud.store.save(schedule)
            if look is None or look > now:
                return look

    def _step(self, schedule: Any, now: datetime) -> datetime | None:
        """Start or skip one run if it is due; returns when to look again."""
        due: datetime | None = schedule.next_run_time
        if schedule.state != Schedule.State.ACTIVE:
            return None
        if due is None:
            return self._end(schedule, now)
        if due > now:
            return due
        if self._must_wait(schedule, due):
            return now + _PAUSE
        if not self._reaches_limit(schedule):
            self._start(schedule, due)
            self._last_start[schedule.name] = now
        plan(schedule, due)
        return now

    def _end(self, schedule: Any, now: datetime) -> datetime | None:
        """Complete a schedule without further runs, once its end has come."""
        end: datetime | None = schedule.end_time
        if end is not None and end > now and not has_run_often_enough(schedule):
            return end
        complete(schedule)
        return None

    def _must_wait(self, schedule: Any, due: datetime) -> bool:
        """Whether a run that is due is queued.

        Runs that became due at once, because the clock was moved, take turns: had the time really
        passed, each would have had its own.
        """
        last = self._last_start.get(schedule.name)
        turns: int = schedule.max_concurrent_run_count
        if last is not None and due <= last:
            return self._active_runs(schedule) >= turns
        return bool(schedule.allow_queueing) and self._reaches_limit(schedule)

    def _reaches_limit(self, schedule: Any) -> bool:
        limit = schedule.max_concurrent_active_run_count
        return bool(limit) and self._active_runs(schedule) >= limit

    def _start(self, schedule: Any, due: datetime) -> None:
        # the handlers of services import the cloud, which holds this scheduler
        from localcloud.vertex.pipeline_service import create_pipeline_job

        response = _STARTED
        try:
            create_pipeline_job(self._cloud, run_request(schedule, due))
            schedule.started_run_count += 1
        except GoogleAPICallError as error:
            _LOG.warning("schedule %s cannot start a run: %s", schedule.name, error.message)
            response = str(error.message)
        schedule.last_scheduled_run_response = Schedule.RunResponse(
            scheduled_run_time=due, run_response=response
        )

    def _active_runs(self, schedule: Any) -> int:
        parent = schedule.create_pipeline_job_request.parent
        jobs = self._cloud.store.in_collection(f"{parent}/pipelineJobs", PipelineJob)
        return sum(job.schedule_name == schedule.name and job.state not in ENDED for job in jobs)

    def _active(self) -> list[Any]:
        store = self._cloud.store
        schedules = [
            schedule
            for collection in store.collections("/schedules")
            for schedule in store.in_collection(collection, Schedule)
        ]
        return [each for each in schedules if each.state == Schedule.State.ACTIVE]
