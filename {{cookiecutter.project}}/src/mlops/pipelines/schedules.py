"""Apply the declared schedules to Vertex AI Pipelines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops.pipelines.parameters import check_parameters, check_values
from mlops.pipelines.runs import parameters_of, pipeline_root
from mlops.pipelines.specification import read_specification

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from google.cloud import aiplatform_v1

    from mlops.schedule import Schedule
    from mlops.settings import Settings

_FIELDS = ("cron", "max_concurrent_run_count", "create_pipeline_job_request")


def apply_schedules(settings: Settings, find_spec: Callable[[str], Path]) -> Iterator[str]:
    """Makes Vertex AI's schedules those that are declared; tells what became of each.

    Doing it again changes nothing. A schedule of this project's that is no longer declared is
    paused, never deleted, so that its runs can still be looked up.

    Args:
        settings: the environment's settings.
        find_spec: gives a compiled pipeline by its name.

    Raises:
        ParameterError: a schedule gives its pipeline other arguments than it has.
        SettingsError: it gives one a value that the settings do not allow.
        PipelineError: a schedule names no pipeline.
    """
    from google.cloud import aiplatform_v1
    from google.cloud.aiplatform.utils import gcs_utils

    gcs_utils.create_gcs_bucket_for_pipeline_artifacts_if_it_does_not_exist(pipeline_root(settings))
    wanted = {
        name: _build(settings, name, declared, find_spec(declared.pipeline))
        for name, declared in settings.schedules.items()
    }
    client = aiplatform_v1.ScheduleServiceClient(
        client_options={"api_endpoint": f"{settings.location}-aiplatform.googleapis.com"}
    )
    parent = f"projects/{settings.project}/locations/{settings.location}"
    kept = _find(client, parent, settings.name)
    for name, schedule in wanted.items():
        found = kept.pop(name, None)
        if found is None:
            found, change = client.create_schedule(parent=parent, schedule=schedule), "created"
        elif _content(found) == _content(schedule):
            change = "unchanged"
        else:
            schedule.name = found.name
            mask = {"paths": list(_FIELDS)}
            found, change = client.update_schedule(schedule=schedule, update_mask=mask), "updated"
        paused = settings.schedules[name].paused
        switched = _switch(client, found, paused)
        found = client.get_schedule(name=found.name) if switched else found
        state = "paused" if paused else f"next run {found.next_run_time:%Y-%m-%d %H:%M} UTC"
        yield f"{name}: {change if change != 'unchanged' else switched or change}, {state}"
    for name, schedule in kept.items():
        if _switch(client, schedule, paused=True):
            yield f"{name}: paused, as config/ no longer declares it"


def _build(settings: Settings, name: str, declared: Schedule, path: Path) -> aiplatform_v1.Schedule:
    """What Vertex AI is to keep of a declared schedule."""
    from google.cloud import aiplatform_v1

    spec = read_specification(path)
    check_values(settings, declared.parameters)
    parameters = {**parameters_of(declared.pipeline, settings), **declared.parameters}
    check_parameters(spec, parameters)
    return aiplatform_v1.Schedule(
        display_name=_prefix(settings.name) + name,
        cron=declared.timed,
        max_concurrent_run_count=declared.max_concurrent_run_count,
        create_pipeline_job_request={
            "parent": f"projects/{settings.project}/locations/{settings.location}",
            "pipeline_job": {
                "display_name": f"{settings.name}-{declared.pipeline}",
                "pipeline_spec": spec,
                "runtime_config": {
                    "gcs_output_directory": pipeline_root(settings),
                    "parameter_values": parameters,
                },
                "service_account": settings.service_account,
            },
        },
    )


def _find(
    client: aiplatform_v1.ScheduleServiceClient, parent: str, project: str
) -> dict[str, aiplatform_v1.Schedule]:
    """The schedules of this project that may still start runs, by their declared names."""
    from google.cloud.aiplatform_v1.types import Schedule

    prefix = _prefix(project)
    living = (Schedule.State.ACTIVE, Schedule.State.PAUSED)
    return {
        schedule.display_name.removeprefix(prefix): schedule
        for schedule in client.list_schedules(parent=parent)
        if schedule.display_name.startswith(prefix) and schedule.state in living
    }


def _switch(
    client: aiplatform_v1.ScheduleServiceClient, schedule: aiplatform_v1.Schedule, paused: bool
) -> str:
    """Pauses or resumes a schedule if it must be; tells which."""
    is_paused = schedule.state == type(schedule).State.PAUSED
    if is_paused == paused:
        return ""
    if paused:
        client.pause_schedule(name=schedule.name)
        return "paused"
    client.resume_schedule(name=schedule.name)
    return "resumed"


def _content(schedule: aiplatform_v1.Schedule) -> dict[str, Any]:
    """What a declaration decides, without what Vertex AI adds."""
    content = type(schedule).to_dict(schedule)
    job = content["create_pipeline_job_request"]["pipeline_job"]
    runtime = job["runtime_config"]
    return {
        "cron": content["cron"],
        "max_concurrent_run_count": content["max_concurrent_run_count"],
        "pipeline_spec": job["pipeline_spec"],
        "service_account": job["service_account"],
        "gcs_output_directory": runtime["gcs_output_directory"],
        "parameter_values": runtime["parameter_values"],
    }


def _prefix(project: str) -> str:
    return f"{project}/"
