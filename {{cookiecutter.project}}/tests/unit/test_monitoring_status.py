"""What is told of a monitoring job that has only just been made."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from google.cloud.aiplatform_v1.types import (
    JobState,
    ModelDeploymentMonitoringJob,
    ModelMonitoringStatsAnomalies,
)

from mlops import monitor_commands
from mlops.monitoring.findings import read_findings
from mlops.monitoring.job import UnwatchedError
from mlops.monitoring.page import write_page
from mlops.monitoring.status import Status, describe_status

JOB = ModelDeploymentMonitoringJob(
    name="projects/p/locations/l/modelDeploymentMonitoringJobs/1",
    state="JOB_STATE_PENDING",
    model_deployment_monitoring_objective_configs=[
        {
            "deployed_model_id": "7",
            "objective_config": {
                "training_prediction_skew_detection_config": {
                    "skew_thresholds": {"miles": {"value": 0.1}}
                }
            },
        }
    ],
    model_deployment_monitoring_schedule_config={"monitor_interval": timedelta(hours=24)},
)


class Client:
    """Stands where Vertex AI's client would; knows the training data of a feature, no request."""

    def search_model_deployment_monitoring_stats_anomalies(self, request: Any) -> list[Any]:
        feature = {"feature_display_name": "miles", "training_stats": {"score": 1}}
        return [ModelMonitoringStatsAnomalies(feature_stats=[feature])]


def test_a_job_that_has_not_run_yet_is_told_and_drawn() -> None:
    client: Any = Client()
    status = Status(JOB, {"7": "3"}, tuple(read_findings(client, JOB)))
    told = "\n".join(describe_status(status))
    assert "pending, each 24 h, not scheduled yet" in told
    assert "version 3  skew  miles 0.1" in told
    assert "No window with requests has been looked at yet" in told
    assert "Last window none yet" in write_page(status)


def test_a_job_that_vertex_ai_gave_up_tells_why() -> None:
    job = ModelDeploymentMonitoringJob(JOB)
    job.state, job.error = JobState.JOB_STATE_FAILED, {"message": "the schema is gone"}
    told = "\n".join(describe_status(Status(job, {}, ())))
    assert "failed, each 24 h" in told
    assert "Vertex AI gave it up: the schema is gone" in told


def test_an_endpoint_of_which_nothing_can_be_watched_is_no_failure_of_the_hourly_job(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: Any) -> None:
        raise UnwatchedError

    for name in ("connect", "watch_deployed"):
        monkeypatch.setattr(monitor_commands, name, lambda _: None)
    monkeypatch.setattr("mlops.release.deployment.is_deployed", lambda _: True)
    monkeypatch.setattr("mlops.monitoring.evaluate.evaluate", refuse)
    monitor_commands.evaluate()
