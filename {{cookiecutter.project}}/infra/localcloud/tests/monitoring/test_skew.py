"""Skew between training data and requests, through the unmodified SDK."""

import json

import pytest
from google.cloud import aiplatform
from google.cloud.aiplatform import model_monitoring
from google.cloud.aiplatform_v1.types import JobState
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import anomalies_pb2, statistics_pb2

from tests.monitoring.monitoring_client import CSV, FAR, HOUR, ROWS, MonitoringClient
from tests.vertex import PROJECT


def test_requests_like_the_training_data_are_no_anomaly(unasked: MonitoringClient) -> None:
    job = unasked.create()
    assert job.state == JobState.JOB_STATE_PENDING  # until requests tell the schema
    unasked.ask(ROWS)
    assert unasked.waits(lambda: job.state == JobState.JOB_STATE_RUNNING)
    run = unasked.pass_an_hour(job)
    assert run.latest_monitoring_pipeline_metadata.status.code == 0
    assert unasked.distances(job) == {"company": [0], "miles": [0]}
    assert unasked.search(job).anomaly_count == 0
    endpoint = aiplatform.Endpoint(unasked.endpoint.resource_name).gca_resource
    assert endpoint.model_deployment_monitoring_job == job.resource_name
    (table,) = run.bigquery_tables
    assert table.bigquery_table_path == (
        f"bq://{PROJECT}.model_deployment_monitoring_{unasked.endpoint.name}.serving_predict"
    )


def test_the_shifted_feature_and_only_it_is_an_anomaly(monitoring: MonitoringClient) -> None:
    alerts = model_monitoring.EmailAlertConfig(["a@example.com", "b@example.com"], True)
    job = monitoring.create(alert_config=alerts)
    due = job.gca_resource.next_schedule_time
    monitoring.ask(FAR)
    monitoring.pass_an_hour(job)
    stats = monitoring.search(job)
    assert (stats.deployed_model_id, stats.anomaly_count) == (monitoring.deployed_model, 1)
    company, miles = stats.feature_stats
    assert (company.feature_display_name, miles.feature_display_name) == ("company", "miles")
    (found,) = miles.prediction_stats
    assert found.distribution_deviation == pytest.approx(1)
    assert found.anomaly_detection_threshold == miles.threshold.value == 0.3
    assert (found.start_time, found.end_time) == (due - HOUR, due)
    assert company.prediction_stats[0].distribution_deviation == 0
    assert not company.prediction_stats[0].anomaly_uri

    base = f"gs://{monitoring.bucket.name}/results/job-{job.name}"
    assert found.stats_uri.startswith(f"{base}/serving/")
    serving = statistics_pb2.FeatureNameStatistics.FromString(monitoring.read(found.stats_uri))
    assert (serving.name, serving.num_stats.min, serving.num_stats.max) == ("miles", 50, 59.9)
    uri = miles.training_stats.stats_uri
    training = statistics_pb2.FeatureNameStatistics.FromString(monitoring.read(uri))
    assert uri.startswith(f"{base}/training/")
    assert (training.num_stats.min, training.num_stats.max) == (0, 9.9)
    anomaly = anomalies_pb2.AnomalyInfo.FromString(monitoring.read(found.anomaly_uri))
    kind = anomalies_pb2.AnomalyInfo.COMPARATOR_JENSEN_SHANNON_DIVERGENCE_HIGH
    assert [reason.type for reason in anomaly.reason] == [kind]
    report = found.stats_uri.removesuffix("miles/stats")
    text = monitoring.read(f"{report}anomalies/training_prediction_skew_anomalies").decode()
    assert set(text_format.Parse(text, anomalies_pb2.Anomalies()).anomaly_info) == {"miles"}

    logs = monitoring.home.logs / "monitoring" / job.name
    (told,) = map(json.loads, (logs / "notifications.jsonl").read_text().splitlines())
    assert told["anomalies"] == {"miles": {"distance": pytest.approx(1), "threshold": 0.3}}
    assert (told["emails"], told["objective"]) == (2, "RAW_FEATURE_SKEW")
    (entry,) = map(json.loads, (logs / "cloud_logging.jsonl").read_text().splitlines())
    assert entry["logName"].endswith("aiplatform.googleapis.com%2Fmodel_monitoring_anomaly")
    assert entry["jsonPayload"]["featureStats"][0]["featureDisplayName"] == "miles"
    assert "example.com" not in (logs / "notifications.jsonl").read_text()


def test_without_thresholds_all_features_have_the_default(monitoring: MonitoringClient) -> None:
    job = monitoring.create(objective_configs=monitoring.skew(skew_thresholds=None))
    monitoring.ask([{**row, "company": "new"} for row in ROWS])
    monitoring.pass_an_hour(job)
    stats = monitoring.search(job)
    assert {feature.threshold.value for feature in stats.feature_stats} == {0.3}
    assert monitoring.distances(job) == {"company": [1], "miles": [0]}


def test_a_feature_that_requests_lack_is_an_anomaly(monitoring: MonitoringClient) -> None:
    job = monitoring.create(sample_predict_instance=json.dumps(ROWS[0]))
    monitoring.ask([{"miles": row["miles"]} for row in ROWS])
    monitoring.pass_an_hour(job)
    assert monitoring.distances(job) == {"company": [1], "miles": [0]}


def test_data_that_cannot_be_analysed_is_told(monitoring: MonitoringClient) -> None:
    training = monitoring.upload(CSV.replace("9.9,b", "far,b").replace("company", "firm"))
    job = monitoring.create(
        objective_configs=monitoring.skew(
            data_source=training, skew_thresholds={"miles": 0.3, "company": 0.3, "typo": 0.3}
        )
    )
    monitoring.ask(ROWS)
    run = monitoring.pass_an_hour(job)
    status = run.latest_monitoring_pipeline_metadata.status
    assert status.code == 3
    for problem in (
        "Feature miles is a number by its schema, and a value of it is none",
        "the training data has no column company",
        "no instance has the feature typo",
    ):
        assert problem in status.message
    assert "far" not in status.message
    assert run.state == JobState.JOB_STATE_RUNNING
    assert monitoring.distances(job) == {}


def test_a_window_without_requests_is_no_anomaly(monitoring: MonitoringClient) -> None:
    job = monitoring.create(sample_predict_instance=json.dumps(ROWS[0]))
    assert monitoring.waits(lambda: job.state == JobState.JOB_STATE_RUNNING)
    run = monitoring.pass_an_hour(job)
    status = run.latest_monitoring_pipeline_metadata.status
    assert (status.code, status.message) == (0, "No requests were logged in the window.")
    assert monitoring.search(job) is None
