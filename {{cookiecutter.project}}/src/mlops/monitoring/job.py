"""The monitoring job of the endpoint: made, updated and paused as config/ declares it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mlops.errors import UserError
from mlops.monitoring.baseline import find_baseline
from mlops.monitoring.objectives import build_objective, skew_thresholds, write_schema
from mlops.registry.names import name_version
from mlops.release.deployment import find_endpoint
from mlops.release.endpoint import turn_on_log
from mlops.uris import split_uri

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.cloud import aiplatform, aiplatform_v1, storage
    from google.cloud.aiplatform_v1.types import ModelDeploymentMonitoringJob as Job

    from mlops.features import Features
    from mlops.monitoring_settings import Monitoring

_OBJECTIVES = "model_deployment_monitoring_objective_configs"
_SCHEDULE = "model_deployment_monitoring_schedule_config"


class MonitoringError(UserError):
    """There is nothing that could be monitored."""


class UnwatchedError(MonitoringError):
    """An endpoint has no monitoring job."""


def folder_of(bucket: str, name: str) -> str:
    """Where monitoring keeps its files."""
    return f"gs://{bucket}/monitoring/{name}"


def baselines_of(bucket: str, name: str) -> str:
    """Where samples of the rows lie that models were trained on."""
    return f"{folder_of(bucket, name)}/baselines"


def job_client(location: str) -> aiplatform_v1.JobServiceClient:
    """Vertex AI's client of monitoring jobs.

    The SDK's own ModelDeploymentMonitoringJob is known to lose objectives
    (googleapis/python-aiplatform#2361).
    """
    from google.cloud import aiplatform_v1

    return aiplatform_v1.JobServiceClient(
        client_options={"api_endpoint": f"{location}-aiplatform.googleapis.com"}
    )


def apply_monitoring(
    name: str, features: Features, monitoring: Monitoring, bucket: str
) -> Iterator[str]:
    """Makes the monitoring job of the endpoint `name` what is declared, for what is deployed now.

    Doing it again changes nothing. Google's clients point at the project already.

    Args:
        name: of the endpoint.
        features: the declaration of the data.
        monitoring: the settings.
        bucket: for schema, samples of training data and statistics.

    Returns:
        What became of it, a sentence each.

    Raises:
        MonitoringError: there is no endpoint, or nothing is deployed on it.
    """
    from google.cloud import storage

    endpoint = find_endpoint(name)
    if endpoint is None:
        raise MonitoringError(f"No endpoint is named {name}: run the training pipeline first.")
    client = job_client(endpoint.location)
    found = find_job(client, endpoint)
    if not monitoring.enabled:
        yield _pause(client, found, "monitoring.enabled is false in config/")
        return
    files = storage.Client(project=endpoint.project)
    folder = folder_of(bucket, name)
    wanted, notes = _build(endpoint, features, monitoring, files, baselines_of(bucket, name))
    yield from notes
    if not wanted.model_deployment_monitoring_objective_configs:
        why = (
            "no input has a drift_threshold or a skew_threshold that can be measured: give one in"
            " config/features.yaml"
        )
        yield _pause(client, found, why)
        return
    schema = _upload(files, f"{folder}/instance_schema.yaml", write_schema(features))
    if found is None:
        wanted.predict_instance_schema_uri = wanted.analysis_instance_schema_uri = schema
        wanted.stats_anomalies_base_directory = {"output_uri_prefix": f"{folder}/statistics"}
        yield _tell(_create(client, endpoint, wanted), wanted)
    else:
        yield _tell(_update(client, found, wanted), wanted)


def find_job(client: aiplatform_v1.JobServiceClient, endpoint: aiplatform.Endpoint) -> Job | None:
    """The monitoring job of an endpoint; None when it has none."""
    resource = endpoint.api_client.get_endpoint(name=endpoint.resource_name)
    job = resource.model_deployment_monitoring_job
    return client.get_model_deployment_monitoring_job(name=job) if job else None


def _build(
    endpoint: aiplatform.Endpoint,
    features: Features,
    monitoring: Monitoring,
    files: storage.Client,
    baselines: str,
) -> tuple[Job, list[str]]:
    """The job as declared, and what of it cannot be watched."""
    from google.cloud import aiplatform_v1

    deployed = sorted(endpoint.list_models(), key=lambda each: str(each.id))
    if not deployed:
        raise MonitoringError(
            f"Nothing is deployed on the endpoint {endpoint.display_name}: run the training"
            " pipeline first."
        )
    objectives, notes = [], []
    for each in deployed:
        baseline = _find_baseline(files, each, features, baselines)
        objective = build_objective(features, each.id, baseline)
        if objective:
            objectives.append(objective)
        if skew_thresholds(features) and not baseline:
            notes.append(
                f"version {each.model_version_id}: no skew is measured, as the data that it was"
                " trained on is not recorded or gone"
            )
    hours = timedelta(hours=monitoring.interval_hours)
    emails = {"email_alert_config": {"user_emails": monitoring.emails}} if monitoring.emails else {}
    rate = {"random_sample_config": {"sample_rate": monitoring.sampling_rate}}
    job = aiplatform_v1.ModelDeploymentMonitoringJob(
        display_name=endpoint.display_name,
        endpoint=endpoint.resource_name,
        model_deployment_monitoring_objective_configs=objectives,
        model_deployment_monitoring_schedule_config={"monitor_interval": hours},
        logging_sampling_strategy=rate,
        model_monitoring_alert_config={"enable_logging": True, **emails},
        log_ttl=timedelta(days=monitoring.log_ttl_days),
    )
    return job, notes


def _find_baseline(
    files: storage.Client, deployed: Any, features: Features, folder: str
) -> str | None:
    from google.api_core.exceptions import NotFound
    from google.cloud import aiplatform

    try:
        name = deployed.model.partition("@")[0]
        model = aiplatform.Model(name, version=deployed.model_version_id)
    except NotFound:
        return None
    return find_baseline(files, name_version(model), list(skew_thresholds(features)), folder)


def _create(
    client: aiplatform_v1.JobServiceClient, endpoint: aiplatform.Endpoint, wanted: Job
) -> str:
    """Makes the job, unless a deployment or an evaluation at the same time was faster."""
    from google.api_core.exceptions import GoogleAPICallError

    turn_on_log(endpoint, endpoint.project)  # Vertex AI refuses that once there is a job
    parent = endpoint.resource_name.partition("/endpoints/")[0]
    try:
        client.create_model_deployment_monitoring_job(
            parent=parent, model_deployment_monitoring_job=wanted
        )
    except GoogleAPICallError:
        found = find_job(client, endpoint)
        if found is None:
            raise
        return _update(client, found, wanted)
    return "created"


def _update(client: aiplatform_v1.JobServiceClient, found: Job, wanted: Job) -> str:
    """Changes what differs; tells whether anything did."""
    before, after = _content(found), _content(wanted)
    # an update that leaves the schedule out does not move the next run
    paths = [name for name in after if before[name] != after[name]]
    if paths:
        wanted.name = found.name
        client.update_model_deployment_monitoring_job(
            model_deployment_monitoring_job=wanted, update_mask={"paths": paths}
        ).result()
    if found.state.name == "JOB_STATE_PAUSED":
        client.resume_model_deployment_monitoring_job(name=found.name)
        return "resumed"
    return "updated" if paths else "unchanged"


def _content(job: Job) -> dict[str, Any]:
    """What a declaration decides, by field, without what Vertex AI adds."""
    alerts = job.model_monitoring_alert_config
    objectives = [
        (config.deployed_model_id, *_objective(config.objective_config))
        for config in job.model_deployment_monitoring_objective_configs
    ]
    return {
        _OBJECTIVES: sorted(objectives, key=lambda each: str(each[0])),
        _SCHEDULE: job.model_deployment_monitoring_schedule_config.monitor_interval,
        "model_monitoring_alert_config": (
            alerts.enable_logging,
            sorted(alerts.email_alert_config.user_emails),
        ),
        "logging_sampling_strategy": (
            job.logging_sampling_strategy.random_sample_config.sample_rate
        ),
        "log_ttl": job.log_ttl,
    }


def _objective(config: Any) -> tuple[list[str], dict[str, float], dict[str, float]]:
    """The training data, and the thresholds of skew and of drift."""
    skew = config.training_prediction_skew_detection_config.skew_thresholds
    drift = config.prediction_drift_detection_config.drift_thresholds
    return (
        list(config.training_dataset.gcs_source.uris),
        {name: each.value for name, each in skew.items()},
        {name: each.value for name, each in drift.items()},
    )


def _pause(client: aiplatform_v1.JobServiceClient, found: Job | None, why: str) -> str:
    """Has nothing watched any more; tells what became of the job."""
    if found is None or found.state.name == "JOB_STATE_PAUSED":
        return f"monitoring: off, as {why}"
    client.pause_model_deployment_monitoring_job(name=found.name)
    return f"monitoring: paused, as {why}"


def _upload(files: storage.Client, uri: str, content: str) -> str:
    bucket, name = split_uri(uri)
    files.bucket(bucket).blob(name).upload_from_string(content, content_type="application/yaml")
    return uri


def _tell(change: str, job: Job) -> str:
    count = len(job.model_deployment_monitoring_objective_configs)
    interval: timedelta = job.model_deployment_monitoring_schedule_config.monitor_interval
    hours = interval // timedelta(hours=1)
    return f"monitoring: {change}, {count} deployed model(s), each {hours} h"
