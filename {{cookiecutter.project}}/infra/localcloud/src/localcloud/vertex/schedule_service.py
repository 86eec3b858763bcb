"""ScheduleService: schedules that start pipeline jobs by localcloud's own clock."""

from typing import Any

from google.api_core.exceptions import (
    FailedPrecondition,
    InvalidArgument,
    MethodNotImplemented,
)
from google.cloud.aiplatform_v1 import types
from google.protobuf.empty_pb2 import Empty

from localcloud.cloud import Cloud
from localcloud.operations import Operation
from localcloud.rpc import raw
from localcloud.schedules.cron import check_cron
from localcloud.schedules.plan import plan
from localcloud.vertex import filters
from localcloud.vertex.listing import page
from localcloud.vertex.pipeline_service import check_pipeline_job
from localcloud.vertex.resources import (
    check_display_name,
    location,
    masked_fields,
    new_id,
    now,
    operation_metadata,
    replace_fields,
)

_ACTIVE, _PAUSED = types.Schedule.State.ACTIVE, types.Schedule.State.PAUSED
_LIVING = (_ACTIVE, _PAUSED)
_UPDATABLE = (
    "allow_queueing",
    "create_pipeline_job_request",
    "cron",
    "display_name",
    "end_time",
    "max_concurrent_active_run_count",
    "max_concurrent_run_count",
    "max_run_count",
    "start_time",
)
_KEPT = (*_UPDATABLE, "create_notebook_execution_job_request")
_ORDER = ("create_time", "end_time", "next_run_time", "start_time")
_FILTERS: filters.Fields = {
    "create_pipeline_job_request": lambda schedule: schedule.create_pipeline_job_request.parent,
    "create_time": lambda schedule: schedule.create_time,
    "display_name": lambda schedule: schedule.display_name,
    "end_time": lambda schedule: schedule.end_time,
    "next_run_time": lambda schedule: schedule.next_run_time,
    "start_time": lambda schedule: schedule.start_time,
    "state": lambda schedule: schedule.state.name,
}


def create_schedule(cloud: Cloud, request: types.CreateScheduleRequest) -> types.Schedule:
    """Keep a schedule and follow it; its first run is due at the cron's next time.

    Partly: a schedule runs pipeline jobs, not notebook executions.

    Raises:
        InvalidArgument: a field is missing or wrong, or the pipeline job could not be created.
        MethodNotImplemented: it is to run something other than pipeline jobs.
    """
    schedule = types.Schedule()
    replace_fields(schedule, request.schedule, _KEPT)
    time = cloud.clock.now()
    schedule.name = f"{request.parent}/schedules/{new_id()}"
    schedule.start_time = schedule.start_time or time
    schedule.state = _ACTIVE
    schedule.create_time = schedule.update_time = now()
    _check(cloud, schedule)
    if schedule.end_time and schedule.end_time <= time:
        raise InvalidArgument(f"end_time {schedule.end_time} has passed; it is {time} now.")
    plan(schedule, time)
    cloud.store.create(schedule)
    cloud.schedules.changed()
    return schedule


def get_schedule(cloud: Cloud, request: types.GetScheduleRequest) -> types.Schedule:
    """The schedule as it stands.

    Raises:
        NotFound: there is no such schedule.
    """
    return cloud.store.get(request.name, types.Schedule)


def list_schedules(
    cloud: Cloud, request: types.ListSchedulesRequest
) -> types.ListSchedulesResponse:
    """The schedules of a location that a filter selects, newest first.

    Raises:
        InvalidArgument: the filter, order or page token is malformed.
    """
    kept = cloud.store.in_collection(f"{request.parent}/schedules", types.Schedule)
    selects = filters.predicate(request.filter, _FILTERS)
    found, token = page(kept, request, order=_ORDER, selects=selects)
    return types.ListSchedulesResponse(schedules=found, next_page_token=token)


def update_schedule(cloud: Cloud, request: types.UpdateScheduleRequest) -> types.Schedule:
    """Change an active or paused schedule; its next run is the cron's next one from now on.

    Raises:
        NotFound: there is no such schedule.
        InvalidArgument: the mask or a field is wrong.
        FailedPrecondition: the schedule is completed.
    """
    fields = masked_fields(request.update_mask, _UPDATABLE)
    with cloud.store.editing(request.schedule.name, types.Schedule) as schedule:
        _expect(schedule, _LIVING, "updated")
        replace_fields(schedule, request.schedule, fields)
        _check(cloud, schedule)
        plan(schedule, cloud.clock.now())
        schedule.update_time = now()
    cloud.schedules.changed()
    return schedule


def pause_schedule(cloud: Cloud, request: types.PauseScheduleRequest) -> Empty:
    """Start no runs until the schedule is resumed; those that were started go on.

    Raises:
        NotFound: there is no such schedule.
        FailedPrecondition: it is not active.
    """
    with cloud.store.editing(request.name, types.Schedule) as schedule:
        _expect(schedule, (_ACTIVE,), "paused")
        schedule.state = _PAUSED
        schedule.last_pause_time = cloud.clock.now()
        schedule.update_time = now()
    cloud.schedules.changed()
    return Empty()


def resume_schedule(cloud: Cloud, request: types.ResumeScheduleRequest) -> Empty:
    """Start runs again: the next one, or with `catch_up` first all that were missed.

    Raises:
        NotFound: there is no such schedule.
        FailedPrecondition: it is not paused.
    """
    time = cloud.clock.now()
    with cloud.store.editing(request.name, types.Schedule) as schedule:
        _expect(schedule, (_PAUSED,), "resumed")
        schedule.state = _ACTIVE
        schedule.catch_up = request.catch_up
        schedule.last_resume_time = time
        schedule.update_time = now()
        if not request.catch_up:
            plan(schedule, time)
    cloud.schedules.changed()
    return Empty()


def delete_schedule(cloud: Cloud, request: types.DeleteScheduleRequest) -> Operation:
    """Forget a schedule; the runs that it has started go on.

    Raises:
        NotFound: there is no such schedule.
    """
    cloud.store.delete(request.name)
    cloud.schedules.changed()
    metadata = types.DeleteOperationMetadata(generic_metadata=operation_metadata())
    return cloud.operations.done(location(request.name), Empty(), metadata)


def _expect(schedule: Any, states: tuple[Any, ...], action: str) -> None:
    if schedule.state not in states:
        raise FailedPrecondition(
            f"{schedule.name} is {schedule.state.name}; only a schedule that is"
            f" {' or '.join(state.name for state in states)} can be {action}."
        )


def _check(cloud: Cloud, schedule: types.Schedule) -> None:
    check_display_name(schedule.display_name)
    if not schedule.cron:
        raise InvalidArgument("schedule.cron is required; write one such as '0 6 * * *'.")
    check_cron(schedule.cron, "schedule.cron")
    _check_counts(schedule)
    if schedule.end_time and schedule.end_time <= schedule.start_time:
        raise InvalidArgument("schedule.end_time is not after start_time; choose a later one.")
    _check_request(cloud, schedule)


def _check_counts(schedule: types.Schedule) -> None:
    if schedule.max_concurrent_run_count < 1:
        raise InvalidArgument(
            "schedule.max_concurrent_run_count is required; give a positive number."
        )
    for field in ("max_run_count", "max_concurrent_active_run_count"):
        if getattr(schedule, field) < 0:
            raise InvalidArgument(f"schedule.{field} is negative; give a positive number or none.")


def _check_request(cloud: Cloud, schedule: types.Schedule) -> None:
    kind = raw(schedule).WhichOneof("request")
    if kind == "create_notebook_execution_job_request":
        raise MethodNotImplemented("localcloud schedules pipeline jobs, not notebook executions.")
    if kind is None:
        raise InvalidArgument(
            "schedule.create_pipeline_job_request is required; say what is to be run."
        )
    request = schedule.create_pipeline_job_request
    if request.parent != location(schedule.name):
        raise InvalidArgument(
            f"schedule.create_pipeline_job_request.parent is {request.parent!r}; give the"
            f" schedule's own location, {location(schedule.name)}."
        )
    check_pipeline_job(cloud, request.parent, request.pipeline_job)
