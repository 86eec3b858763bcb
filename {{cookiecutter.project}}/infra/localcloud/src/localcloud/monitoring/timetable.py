"""When monitoring jobs run, and over which window of time."""

from datetime import UTC, datetime, timedelta

from google.cloud.aiplatform_v1.types import ModelDeploymentMonitoringJob

_HOUR = timedelta(hours=1)
_MOST_MISSED = 100  # runs that are made up for after the clock has jumped


def first_time(job: ModelDeploymentMonitoringJob, now: datetime) -> datetime:
    """When a job that starts now runs first: on the hour, within its interval."""
    hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return hour + interval(job)


def next_time(job: ModelDeploymentMonitoringJob, due: datetime, now: datetime) -> datetime:
    """When a job that was due at a time runs next.

    Runs that were missed are made up for, one after the other; of very many, the latest 100.
    """
    step = interval(job)
    missed = (now - due) // step
    return due + step * max(1, missed - _MOST_MISSED)


def interval(job: ModelDeploymentMonitoringJob) -> timedelta:
    """The time between two runs: whole hours, as Vertex rounds it."""
    asked: timedelta = job.model_deployment_monitoring_schedule_config.monitor_interval
    return -(-asked // _HOUR) * _HOUR


def window(job: ModelDeploymentMonitoringJob, end: datetime) -> tuple[datetime, datetime]:
    """The time whose requests a run that is due at `end` analyses."""
    length = job.model_deployment_monitoring_schedule_config.monitor_window
    return end - (length or interval(job)), end
