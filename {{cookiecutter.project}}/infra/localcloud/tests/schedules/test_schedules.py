"""Schedules through Google's own clients, with the clock moved as a user does."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.api_core.exceptions import (
    FailedPrecondition,
    InvalidArgument,
    MethodNotImplemented,
    NotFound,
)
from google.cloud import aiplatform
from google.cloud.aiplatform_v1.types import Schedule

from tests.schedules.schedule_client import HOUR, PATIENCE, ScheduleClient
from tests.vertex import PARENT, eventually, refuses, unique

State = Schedule.State


def test_a_run_is_a_pipeline_job_at_its_time(schedules: ScheduleClient) -> None:
    schedule = schedules.pipeline_job().create_schedule(
        display_name="hourly", cron=f"TZ=Asia/Kolkata {schedules.cron}", max_run_count=5
    )
    due = schedule.gca_resource.next_run_time
    assert due.minute == (int(schedules.cron.split()[0]) - 30) % 60  # UTC+5:30
    assert schedule.list_jobs() == []

    advanced = schedules.localcloud.cli("clock", "advance", "1h")
    assert advanced.returncode == 0, advanced.stderr
    assert eventually(lambda: len(schedule.list_jobs()) == 1, PATIENCE)
    (job,) = schedule.list_jobs(enable_simple_view=False)
    assert job.gca_resource.schedule_name == schedule.resource_name
    schedules.finish()
    assert schedules.ends_well(job.resource_name)
    (output,) = [
        task.execution.metadata["output:Output"]
        for task in aiplatform.PipelineJob.get(job.resource_name).task_details
        if task.task_name == "wait-for"
    ]
    assert datetime.fromisoformat(str(output)) == due

    now = schedules.get(schedule.gca_resource)
    assert now.started_run_count == 1
    assert now.next_run_time == due + HOUR
    assert now.last_scheduled_run_response.scheduled_run_time == due
    assert now.last_scheduled_run_response.run_response == "OK"
    schedule.delete()
    with pytest.raises(NotFound):
        aiplatform.PipelineJobSchedule.get(schedule.resource_name)


def test_it_completes_after_its_runs(schedules: ScheduleClient) -> None:
    schedule = schedules.create(max_run_count=2)
    for count in (1, 2):
        assert schedules.get(schedule).state == State.ACTIVE
        schedules.pass_time_until(schedule)
        assert schedules.starts(schedule, count)
    assert schedules.has_state(schedule, State.COMPLETED)
    assert not schedules.get(schedule).next_run_time
    with refuses(FailedPrecondition, "is COMPLETED"):
        schedules.api.pause_schedule(name=schedule.name)
    with refuses(FailedPrecondition, "is COMPLETED"):
        schedules.api.update_schedule(schedule=schedule, update_mask={"paths": ["cron"]})


def test_it_starts_and_ends_at_its_times(schedules: ScheduleClient) -> None:
    start = schedules.clock.now() + 10 * HOUR
    schedule = schedules.create(start_time=start, end_time=start + 1.75 * HOUR)
    assert start <= schedule.next_run_time < start + HOUR
    schedules.pass_time_until(schedule)
    assert schedules.starts(schedule, 1)
    schedules.clock.advance(2 * HOUR)
    assert schedules.has_state(schedule, State.COMPLETED)
    assert schedules.starts(schedule, 2)  # the end comes before the third


@pytest.mark.parametrize(
    ("start", "due"),
    [
        (datetime(2030, 3, 10, 5, tzinfo=UTC), datetime(2030, 3, 10, 7, tzinfo=UTC)),  # no 2:30
        (datetime(2030, 7, 1, 6, 30, tzinfo=UTC), datetime(2030, 7, 1, 6, 30, tzinfo=UTC)),
        (datetime(2030, 12, 1, 6, 30, tzinfo=UTC), datetime(2030, 12, 1, 7, 30, tzinfo=UTC)),
    ],
)
def test_the_time_zone_changes_its_clocks(
    schedules: ScheduleClient, start: datetime, due: datetime
) -> None:
    schedule = schedules.create(cron="CRON_TZ=America/New_York 30 2 * * *", start_time=start)
    assert schedule.next_run_time == due


@pytest.mark.parametrize(("catch_up", "missed"), [(False, 0), (True, 2)])
def test_a_paused_schedule_misses_runs(
    schedules: ScheduleClient, catch_up: bool, missed: int
) -> None:
    schedules.finish()
    schedule = schedules.create()
    schedules.api.pause_schedule(name=schedule.name)
    with refuses(FailedPrecondition, "is PAUSED"):
        schedules.api.pause_schedule(name=schedule.name)
    schedules.pass_time_until(schedule, runs=2)
    assert schedules.get(schedule).last_pause_time
    schedules.api.resume_schedule(request={"name": schedule.name, "catch_up": catch_up})
    assert schedules.starts(schedule, missed)
    now = schedules.get(schedule)
    assert now.state == State.ACTIVE
    assert now.next_run_time > schedules.clock.now()
    assert now.last_resume_time > now.last_pause_time
    assert now.catch_up == catch_up
    with refuses(FailedPrecondition, "is ACTIVE"):
        schedules.api.resume_schedule(name=schedule.name)


def test_a_run_beyond_the_limit_is_skipped(schedules: ScheduleClient) -> None:
    schedule = schedules.create(max_concurrent_active_run_count=1)
    schedules.pass_time_until(schedule)
    assert schedules.starts(schedule, 1)
    skipped = schedules.get(schedule).next_run_time
    schedules.pass_time_until(schedule)
    assert eventually(lambda: schedules.get(schedule).next_run_time > skipped, PATIENCE)
    schedules.finish()
    assert schedules.ends_well(schedules.jobs(schedule)[0].name)
    schedules.pass_time_until(schedule)
    assert schedules.starts(schedule, 2)


def test_a_run_beyond_the_limit_is_queued_if_allowed(schedules: ScheduleClient) -> None:
    schedule = schedules.create(max_concurrent_active_run_count=1, allow_queueing=True)
    schedules.pass_time_until(schedule)
    assert schedules.starts(schedule, 1)
    queued = schedules.get(schedule).next_run_time
    schedules.clock.advance(HOUR)
    assert schedules.get(schedule).next_run_time == queued <= schedules.clock.now()
    schedules.finish()
    assert schedules.starts(schedule, 2)


def test_runs_that_a_jump_makes_due_take_turns(schedules: ScheduleClient) -> None:
    schedule = schedules.create()
    schedules.pass_time_until(schedule, runs=3)
    assert schedules.starts(schedule, 1)
    assert schedules.active(schedule) == 1
    schedules.finish()
    assert schedules.starts(schedule, 3)
    newest, _, oldest = [job.name[-21:-7] for job in schedules.jobs(schedule)]
    assert oldest < newest


def test_a_run_that_cannot_start_says_why(schedules: ScheduleClient, own: Any) -> None:
    bucket = unique()
    (own.home / "storage" / bucket).mkdir()
    message = schedules.message()
    config = message.create_pipeline_job_request.pipeline_job.runtime_config
    config.gcs_output_directory = f"gs://{bucket}/root"
    schedule = schedules.api.create_schedule(parent=PARENT, schedule=message)
    (own.home / "storage" / bucket).rmdir()
    schedules.pass_time_until(schedule)
    assert eventually(lambda: bool(schedules.get(schedule).last_scheduled_run_response), PATIENCE)
    now = schedules.get(schedule)
    assert f"there is no bucket {bucket}" in now.last_scheduled_run_response.run_response
    assert now.started_run_count == 0
    schedules.api.delete_schedule(name=schedule.name).result()


def test_an_update_plans_anew(schedules: ScheduleClient) -> None:
    schedule = schedules.create()
    minute = (schedules.clock.now() + timedelta(minutes=20)).minute
    wrapped = aiplatform.PipelineJobSchedule.get(schedule.name)
    wrapped.update(cron=f"{minute} * * * *", max_run_count=3, display_name="renamed")
    now = schedules.get(schedule)
    assert now.next_run_time.minute == minute
    assert (now.max_run_count, now.display_name) == (3, "renamed")
    assert now.max_concurrent_run_count == 1
    with refuses(InvalidArgument, "update_mask names state"):
        schedules.api.update_schedule(schedule=schedule, update_mask={"paths": ["state"]})
    with refuses(InvalidArgument, "schedule.cron is required"):
        schedules.api.update_schedule(
            schedule={"name": schedule.name}, update_mask={"paths": ["cron"]}
        )
    assert schedules.get(schedule).cron == f"{minute} * * * *"


def test_lists_are_filtered_and_ordered(schedules: ScheduleClient) -> None:
    end = schedules.clock.now() + 100 * HOUR
    first = schedules.create(end_time=end)
    second = schedules.create()
    schedules.api.pause_schedule(name=second.name)

    def names(**request: Any) -> list[str]:
        found = schedules.api.list_schedules(request={"parent": PARENT, **request})
        return [each.name for each in found if each.name in (first.name, second.name)]

    assert names() == [second.name, first.name]
    assert names(order_by="end_time desc") == [first.name, second.name]
    assert names(filter='state="PAUSED"') == [second.name]
    assert names(filter=f'display_name="{first.display_name}" AND end_time:*') == [first.name]
    assert names(filter="NOT create_pipeline_job_request:*") == []
    listed = aiplatform.PipelineJobSchedule.list(filter=f'display_name="{first.display_name}"')
    assert [each.resource_name for each in listed] == [first.name]


@pytest.mark.parametrize(
    ("fields", "error", "reason"),
    [
        ({"display_name": ""}, InvalidArgument, "display_name is required"),
        ({"cron": ""}, InvalidArgument, "schedule.cron is required"),
        ({"cron": "0 6 * *"}, InvalidArgument, "it does not have five fields"),
        ({"cron": "0 25 * * *"}, InvalidArgument, "bad hour"),
        ({"cron": "0 0 30 2 *"}, InvalidArgument, "bad day-of-month"),
        ({"cron": "TZ=Mars/Olympus 0 6 * * *"}, InvalidArgument, "no time zone Mars/Olympus"),
        ({"max_concurrent_run_count": 0}, InvalidArgument, "max_concurrent_run_count is required"),
        ({"max_run_count": -1}, InvalidArgument, "max_run_count is negative"),
        ({"create_pipeline_job_request": None}, InvalidArgument, "request is required"),
        ({"create_pipeline_job_request": {"parent": PARENT}}, InvalidArgument, "pipeline_spec"),
        (
            {"create_pipeline_job_request": {"parent": "projects/p/locations/l"}},
            InvalidArgument,
            "parent is 'projects/p/locations/l'",
        ),
        (
            {
                "start_time": datetime(2100, 1, 2, tzinfo=UTC),
                "end_time": datetime(2100, 1, 1, tzinfo=UTC),
            },
            InvalidArgument,
            "end_time is not after start_time",
        ),
        (
            {
                "start_time": datetime(2000, 1, 1, tzinfo=UTC),
                "end_time": datetime(2000, 1, 2, tzinfo=UTC),
            },
            InvalidArgument,
            "has passed",
        ),
    ],
)
def test_what_vertex_refuses(
    schedules: ScheduleClient, fields: dict[str, Any], error: Any, reason: str
) -> None:
    with refuses(error, reason):
        schedules.create(**fields)


def test_notebooks_are_not_served(schedules: ScheduleClient) -> None:
    message = schedules.message()
    message.create_notebook_execution_job_request = {"parent": PARENT}
    with refuses(MethodNotImplemented, "notebook"):
        schedules.api.create_schedule(parent=PARENT, schedule=message)
