"""Where monitoring stands: the job, what it watches, and what its last windows were like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops.monitoring.findings import Objective, Series, read_findings
from mlops.monitoring.job import MonitoringError, UnwatchedError, find_job, job_client
from mlops.release.deployment import find_endpoint

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from google.cloud.aiplatform_v1.types import ModelDeploymentMonitoringJob as Job

_TIME = "%Y-%m-%d %H:%M"


@dataclass(frozen=True)
class Status:
    """The monitoring of an endpoint.

    Attributes:
        job: of Vertex AI.
        versions: the model's version, by deployed model.
        series: what was found.
    """

    job: Job
    versions: Mapping[str, str]
    series: tuple[Series, ...]

    @property
    def latest(self) -> datetime | None:
        """When the newest window ended that had requests; None when there is none yet."""
        return max((point.end for one in self.series for point in one.points), default=None)

    def name(self, deployed_model: str) -> str:
        """What a deployed model is called by people."""
        return f"version {self.versions.get(deployed_model, '? (undeployed)')}"


def read_status(name: str) -> Status:
    """The monitoring of the endpoint `name`.

    Raises:
        MonitoringError: there is no such endpoint.
        UnwatchedError: nobody watches it.
    """
    endpoint = find_endpoint(name)
    if endpoint is None:
        raise MonitoringError(f"No endpoint is named {name}: run the training pipeline first.")
    client = job_client(endpoint.location)
    job = find_job(client, endpoint)
    if job is None:
        raise UnwatchedError(f"Nobody watches the endpoint {name}: run `mlops monitor apply`.")
    versions = {str(each.id): each.model_version_id for each in endpoint.list_models()}
    return Status(job, versions, tuple(read_findings(client, job)))


def describe_status(status: Status) -> Iterator[str]:
    """The status as text."""
    job = status.job
    interval = job.model_deployment_monitoring_schedule_config.monitor_interval
    state = job.state.name.removeprefix("JOB_STATE_").lower()
    yield f"Monitoring job {job.name}"
    following = job.next_schedule_time  # which a job has once Vertex AI has set it up
    run = f"next run {following:{_TIME}} UTC" if following else "not scheduled yet"
    yield f"  {state}, each {interval.total_seconds() / 3600:g} h, {run}"
    if job.error.message:
        yield f"  Vertex AI gave it up: {job.error.message}"
    if message := job.latest_monitoring_pipeline_metadata.status.message:
        yield f"  last run: {message}"
    yield "\nWatched"
    for config in job.model_deployment_monitoring_objective_configs:
        for objective, thresholds in _thresholds(config.objective_config).items():
            bounds = ", ".join(f"{name} {value:g}" for name, value in sorted(thresholds.items()))
            yield f"  {status.name(config.deployed_model_id)}  {objective}  {bounds}"
    yield from _describe_latest(status)


def _describe_latest(status: Status) -> Iterator[str]:
    if status.latest is None:
        yield "\nNo window with requests has been looked at yet"
        return
    yield f"\nWindow until {status.latest:{_TIME}} UTC"
    for one in status.series:
        point = one.points[-1]
        if point.end == status.latest:
            mark = "  ANOMALY" if point.is_anomaly else ""
            yield (
                f"  {status.name(one.deployed_model)}  {one.objective:<5}  {one.feature:<24}"
                f"  distance {point.distance:.4f}  threshold {point.threshold:g}{mark}"
            )


def _thresholds(config: Any) -> dict[Objective, dict[str, float]]:
    skew = config.training_prediction_skew_detection_config.skew_thresholds
    drift = config.prediction_drift_detection_config.drift_thresholds
    found = {Objective.SKEW: skew, Objective.DRIFT: drift}
    return {
        objective: {name: each.value for name, each in thresholds.items()}
        for objective, thresholds in found.items()
        if thresholds
    }
