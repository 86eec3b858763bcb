"""Tells of anomalies: localcloud sends no e-mail, it writes what would be sent.

`logs/monitoring/JOB/notifications.jsonl` in the state folder has a line for each e-mail or
notification, `cloud_logging.jsonl` one for each entry of Cloud Logging. They tell features and
distances, never values, and how many are told, never who.
"""

import json
import logging
from datetime import datetime
from pathlib import Path
from typing import Any

from google.cloud.aiplatform_v1.types import (
    ModelDeploymentMonitoringJob,
    ModelMonitoringStatsAnomalies,
)
from google.protobuf import json_format

from localcloud.home import Home
from localcloud.monitoring.analysis import Alert, Outcome
from localcloud.monitoring.objectives import Type
from localcloud.rpc import raw

_LOG = logging.getLogger(__name__)
_LOG_NAME = "projects/{}/logs/aiplatform.googleapis.com%2F{}"
_RESOURCE = "aiplatform.googleapis.com/ModelDeploymentMonitoringJob"


def send(home: Home, job: ModelDeploymentMonitoringJob, outcome: Outcome, now: datetime) -> None:
    """Tell what a run has found, as the job's alert configuration wants it."""
    config = job.model_monitoring_alert_config
    emails = len(config.email_alert_config.user_emails)
    channels = len(config.notification_channels)
    folder = home.logs / "monitoring" / job.name.rpartition("/")[2]
    for alert in outcome.alerts:
        _LOG.warning(
            "model monitoring job %s: %s of deployed model %s: %d anomalies (%s); told %d e-mail"
            " addresses and %d notification channels",
            job.name,
            Type(alert.objective).name,
            alert.deployed_model,
            len(alert.found),
            ", ".join(alert.found),
            emails,
            channels,
        )
        if emails or channels:
            told = {"emails": emails, "notification_channels": channels}
            _append(folder / "notifications.jsonl", {**_notification(job, alert, now), **told})
        if config.enable_logging:
            payload = json_format.MessageToDict(raw(_anomalies(alert)))
            entry = _entry(job, "model_monitoring_anomaly", "WARNING", payload, now)
            _append(folder / "cloud_logging.jsonl", entry)
    if job.enable_monitoring_pipeline_logs:
        payload = {"instances": outcome.instances, "problems": outcome.problems}
        severity = "ERROR" if outcome.problems else "INFO"
        _append(
            folder / "cloud_logging.jsonl",
            _entry(job, "model_monitoring", severity, payload, now),
        )


def _notification(job: ModelDeploymentMonitoringJob, alert: Alert, now: datetime) -> dict[str, Any]:
    return {
        "time": now.isoformat(),
        "job": job.name,
        "display_name": job.display_name,
        "endpoint": job.endpoint,
        "deployed_model": alert.deployed_model,
        "objective": Type(alert.objective).name,
        "window": [time.isoformat() for time in alert.window],
        "anomalies": {
            name: {
                "distance": found.distribution_deviation,
                "threshold": found.anomaly_detection_threshold,
            }
            for name, found in alert.found.items()
        },
    }


def _anomalies(alert: Alert) -> ModelMonitoringStatsAnomalies:
    return ModelMonitoringStatsAnomalies(
        objective=alert.objective,
        deployed_model_id=alert.deployed_model,
        anomaly_count=len(alert.found),
        feature_stats=[
            {
                "feature_display_name": name,
                "threshold": {"value": found.anomaly_detection_threshold},
                "prediction_stats": [found],
            }
            for name, found in alert.found.items()
        ],
    )


def _entry(
    job: ModelDeploymentMonitoringJob,
    log: str,
    severity: str,
    payload: dict[str, Any],
    now: datetime,
) -> dict[str, Any]:
    """An entry of Cloud Logging, as its REST API writes it."""
    _, project, _, location, _, job_id = job.name.split("/")
    labels = {"location": location, "model_deployment_monitoring_job": job_id}
    return {
        "logName": _LOG_NAME.format(project, log),
        "resource": {"type": _RESOURCE, "labels": {"resource_container": project, **labels}},
        "timestamp": now.isoformat(),
        "severity": severity,
        "jsonPayload": payload,
    }


def _append(file: Path, line: dict[str, Any]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(line, ensure_ascii=False) + "\n")
