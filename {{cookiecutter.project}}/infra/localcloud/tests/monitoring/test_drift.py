"""Drift between windows of requests, and what is found over several windows."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from google.api_core.exceptions import FailedPrecondition, InvalidArgument, NotFound
from google.cloud import aiplatform
from google.cloud.aiplatform import model_monitoring
from google.cloud.aiplatform_v1.types import JobState

from tests.monitoring.monitoring_client import DRIFT, FAR, HOUR, ROWS, SKEW, MonitoringClient
from tests.vertex import refuses


def drift(**thresholds: float) -> model_monitoring.ObjectiveConfig:
    config = model_monitoring.DriftDetectionConfig(drift_thresholds=thresholds)
    return model_monitoring.ObjectiveConfig(drift_detection_config=config)


@pytest.fixture
def job(monitoring: MonitoringClient) -> aiplatform.ModelDeploymentMonitoringJob:
    """A job that looks for drift, and runs."""
    sample = json.dumps(ROWS[0])
    made = monitoring.create(objective_configs=drift(miles=0.2), sample_predict_instance=sample)
    assert monitoring.waits(lambda: made.state == JobState.JOB_STATE_RUNNING)
    return made


def windows(monitoring: MonitoringClient, job: Any, *requests: list[Any]) -> None:
    """Have each of these requested in an hour of its own."""
    for instances in requests:
        if instances:
            monitoring.ask(instances)
        monitoring.pass_an_hour(job)


def test_a_window_is_compared_with_the_one_before(
    monitoring: MonitoringClient, job: aiplatform.ModelDeploymentMonitoringJob
) -> None:
    windows(monitoring, job, ROWS, ROWS, FAR, [], FAR)  # an empty window is none
    assert monitoring.distances(job, DRIFT) == {"miles": [0, 0, pytest.approx(1), 0]}
    stats = monitoring.search(job, DRIFT)
    assert stats.anomaly_count == 1
    assert [bool(each.anomaly_uri) for each in stats.feature_stats[0].prediction_stats] == [
        False,
        False,
        True,
        False,
    ]
    assert monitoring.search(job, SKEW) is None

    ends = [each.end_time for each in stats.feature_stats[0].prediction_stats]
    later = monitoring.search(job, DRIFT, start_time=ends[1], end_time=ends[2])
    assert [each.end_time for each in later.feature_stats[0].prediction_stats] == ends[1:3]
    assert monitoring.search(job, DRIFT, feature_display_name="other") is None
    request = {
        "model_deployment_monitoring_job": job.resource_name,
        "deployed_model_id": monitoring.deployed_model,
        "objectives": [{"type_": DRIFT}],
        "page_size": 3,
    }
    pager = monitoring.jobs.search_model_deployment_monitoring_stats_anomalies(request=request)
    sizes = [
        len(page.monitoring_stats[0].feature_stats[0].prediction_stats) for page in pager.pages
    ]
    assert sizes == [3, 1]
    for wrong in ({"deployed_model_id": "7"}, {"objectives": []}):
        with refuses(InvalidArgument, "is required|use one"):
            monitoring.search(job, **wrong)


def test_a_paused_job_does_not_run_until_it_is_resumed(
    monitoring: MonitoringClient, job: aiplatform.ModelDeploymentMonitoringJob
) -> None:
    windows(monitoring, job, ROWS)
    job.pause()
    assert job.state == JobState.JOB_STATE_PAUSED
    with refuses(FailedPrecondition, "paused already"):
        job.pause()
    monitoring.ask(FAR)
    monitoring.clock.advance(2 * HOUR)
    job.resume()
    assert job.state == JobState.JOB_STATE_RUNNING
    with refuses(FailedPrecondition, "not paused"):
        job.resume()
    due = monitoring.get(job).next_schedule_time
    now = monitoring.clock.now()
    assert now < datetime.fromtimestamp(due.timestamp(), UTC) <= now + HOUR
    windows(monitoring, job, ROWS)
    assert monitoring.distances(job, DRIFT) == {"miles": [0, 0]}  # nothing of the pause


def test_updates_count_from_the_next_run(
    monitoring: MonitoringClient, job: aiplatform.ModelDeploymentMonitoringJob
) -> None:
    windows(monitoring, job, ROWS, FAR)
    job.update(
        display_name="other",
        objective_configs=drift(miles=0, company=0.5),
        schedule_config=model_monitoring.ScheduleConfig(monitor_interval=2),
        alert_config=model_monitoring.EmailAlertConfig(["c@example.com"]),
        logging_sampling_strategy=model_monitoring.RandomSampleConfig(sample_rate=0.5),
        bigquery_tables_log_ttl=3,
        labels={"team": "taxi"},
    )
    kept = monitoring.get(job)
    assert (kept.display_name, kept.labels, kept.log_ttl.days) == ("other", {"team": "taxi"}, 3)
    assert kept.logging_sampling_strategy.random_sample_config.sample_rate == 0.5
    assert list(kept.model_monitoring_alert_config.email_alert_config.user_emails) == [
        "c@example.com"
    ]
    job.update(logging_sampling_strategy=model_monitoring.RandomSampleConfig(sample_rate=1.0))
    monitoring.clock.advance(HOUR)
    windows(monitoring, job, ROWS)
    stats = monitoring.search(job, DRIFT)
    company, miles = stats.feature_stats
    assert (company.threshold.value, miles.threshold.value) == (0.5, 0)
    last = miles.prediction_stats[-1]
    assert last.end_time - last.start_time == 2 * HOUR
    assert (last.distribution_deviation, last.anomaly_uri) == (pytest.approx(1), "")  # no threshold
    assert stats.anomaly_count == 1  # the one that was found with the old threshold


def test_a_deleted_job_is_gone_and_its_endpoint_can_have_another(
    monitoring: MonitoringClient, job: aiplatform.ModelDeploymentMonitoringJob
) -> None:
    with refuses(FailedPrecondition, "is monitored by"):
        monitoring.create()
    listed = aiplatform.ModelDeploymentMonitoringJob.list(
        filter='state="JOB_STATE_RUNNING" AND display_name="watch"'
    )
    assert job.resource_name in [each.resource_name for each in listed]
    job.delete()
    with pytest.raises(NotFound):
        monitoring.get(job)
    other = monitoring.create(stats_anomalies_base_directory=None)
    assert other.resource_name != job.resource_name
    directory = other.gca_resource.stats_anomalies_base_directory.output_uri_prefix
    assert re.fullmatch(
        rf"gs://cloud-ai-platform-[0-9a-f-]{{36}}/model_monitoring/job-{other.name}", directory
    )
