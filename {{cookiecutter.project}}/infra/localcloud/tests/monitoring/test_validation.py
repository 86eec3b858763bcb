"""What is refused when a monitoring job is created."""

from collections.abc import Callable
from typing import Any

import pytest
from google.api_core.exceptions import InvalidArgument, MethodNotImplemented, NotFound
from google.cloud.aiplatform_v1.types import ModelDeploymentMonitoringJob

from tests.monitoring.monitoring_client import MonitoringClient
from tests.vertex import LOCATION, PARENT, PROJECT, refuses

TABLE = f"bq://{PROJECT}.nowhere.nothing"
Job = ModelDeploymentMonitoringJob


def valid(client: MonitoringClient) -> Any:
    """A request's job as a mapping."""
    return {
        "display_name": "watch",
        "endpoint": client.endpoint.resource_name,
        "model_deployment_monitoring_objective_configs": [
            {
                "deployed_model_id": client.deployed_model,
                "objective_config": {
                    "prediction_drift_detection_config": {"drift_thresholds": {"a": {"value": 0.1}}}
                },
            }
        ],
        "model_deployment_monitoring_schedule_config": {"monitor_interval": {"seconds": 3600}},
        "logging_sampling_strategy": {"random_sample_config": {"sample_rate": 1}},
    }


def objective(**config: Any) -> Callable[[Any], None]:
    """Replaces the objective of the deployed model."""

    def change(job: Any) -> None:
        job["model_deployment_monitoring_objective_configs"][0]["objective_config"] = config

    return change


def skew(**dataset: Any) -> Callable[[Any], None]:
    """Replaces the objective by skew from this training dataset."""
    return objective(
        training_dataset=dataset,
        training_prediction_skew_detection_config={"default_skew_threshold": {"value": 0.1}},
    )


def model(**changes: Any) -> Callable[[Any], None]:
    return lambda job: job["model_deployment_monitoring_objective_configs"][0].update(changes)


def field(**changes: Any) -> Callable[[Any], None]:
    return lambda job: job.update(changes)


def rate(value: float) -> Any:
    return {"random_sample_config": {"sample_rate": value}}


def drift(value: float) -> Any:
    return {"drift_thresholds": {"a": {"value": value}}}


def twice(job: Any) -> None:
    job["model_deployment_monitoring_objective_configs"] *= 2


@pytest.mark.parametrize(
    ("change", "error", "match"),
    [
        (field(display_name=""), InvalidArgument, "display_name is required"),
        (field(labels={"A": ""}), InvalidArgument, "labels has 'A'"),
        (field(endpoint=""), InvalidArgument, "endpoint is required"),
        (field(endpoint=f"projects/x/locations/{LOCATION}/endpoints/1"), InvalidArgument, PARENT),
        (field(endpoint=f"{PARENT}/endpoints/1"), NotFound, "endpoints/1 was not found"),
        (field(logging_sampling_strategy=rate(0)), InvalidArgument, "sample_rate is 0"),
        (field(logging_sampling_strategy=rate(1.5)), InvalidArgument, "sample_rate is 1.5"),
        (
            field(
                model_deployment_monitoring_schedule_config={"monitor_interval": {"seconds": 60}}
            ),
            InvalidArgument,
            "less than an hour",
        ),
        (field(log_ttl={"seconds": -1}), InvalidArgument, "log_ttl is negative"),
        (
            field(model_monitoring_alert_config={"email_alert_config": {"user_emails": ["me"]}}),
            InvalidArgument,
            r"user_emails\[0\] is no e-mail address",
        ),
        (
            field(model_monitoring_alert_config={"notification_channels": ["pager"]}),
            InvalidArgument,
            "notification_channels has 'pager'",
        ),
        (
            field(stats_anomalies_base_directory={"output_uri_prefix": "results"}),
            InvalidArgument,
            "Cloud Storage URI",
        ),
        (
            field(stats_anomalies_base_directory={"output_uri_prefix": "gs://buc/../.."}),
            InvalidArgument,
            "Cloud Storage URI",
        ),
        (
            field(stats_anomalies_base_directory={"output_uri_prefix": "gs://no-such-bucket/x"}),
            NotFound,
            "Bucket no-such-bucket was not found",
        ),
        (field(predict_instance_schema_uri="gs://no/file"), InvalidArgument, "Schema gs://no/file"),
        (field(sample_predict_instance="no json"), InvalidArgument, "sample_predict_instance"),
        (
            field(model_deployment_monitoring_objective_configs=[]),
            InvalidArgument,
            "objective_configs is empty",
        ),
        (model(deployed_model_id="7"), InvalidArgument, "has no deployed model 7; use one of"),
        (twice, InvalidArgument, "has 2 objective configs"),
        (objective(), InvalidArgument, "has no objective"),
        (
            objective(prediction_drift_detection_config=drift(1.5)),
            InvalidArgument,
            "threshold of a is 1.5",
        ),
        (
            objective(
                prediction_drift_detection_config=drift(0.1),
                explanation_config={"enable_feature_attributes": True},
            ),
            MethodNotImplemented,
            "does not monitor feature attributions",
        ),
        (skew(), InvalidArgument, "training_dataset is required"),
        (
            skew(
                bigquery_source={"input_uri": TABLE},
                logging_sampling_strategy={"random_sample_config": {"sample_rate": 2}},
            ),
            InvalidArgument,
            "sample_rate is 2",
        ),
        (skew(bigquery_source={"input_uri": "table"}), InvalidArgument, "'table' is not a table"),
        (skew(bigquery_source={"input_uri": TABLE}), NotFound, "nowhere.nothing was not found"),
        (
            skew(gcs_source={"uris": ["gs://no/x"]}, data_format="xls"),
            InvalidArgument,
            "data_format is 'xls'; use one of csv, jsonl, tf-record",
        ),
        (
            skew(gcs_source={"uris": ["gs://no/x"]}, data_format="csv"),
            NotFound,
            "gs://no/x",
        ),
        (skew(dataset=f"{PARENT}/datasets/1"), NotFound, "datasets/1 was not found"),
    ],
)
def test_what_cannot_be_monitored_is_refused(
    monitoring: MonitoringClient, change: Callable[[Any], None], error: Any, match: str
) -> None:
    job = valid(monitoring)
    change(job)
    with refuses(error, match):
        monitoring.jobs.create_model_deployment_monitoring_job(
            parent=PARENT, model_deployment_monitoring_job=Job(job)
        )
