"""Skew between training data and requests, through the unmodified SDK."""

import json

from google.cloud import aiplatform
from google.cloud.aiplatform import model_monitoring
from google.cloud.aiplatform_v1.types import JobState
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import anomalies_pb2, statistics_pb2

from localcloud.home import Home
from tests.monitoring.monitoring_client import FAR, HOUR, ROWS, MonitoringClient


def test_requests_like_the_training_data_are_no_anomaly(monitoring: MonitoringClient) -> None:
    job = monitoring.create()
    assert job.state == JobState.JOB_STATE_PENDING  # until requests tell the schema
    monitoring.ask(ROWS)
    assert monitoring.waits(lambda: job.state == JobState.JOB_STATE_RUNNING)
    run = monitoring.pass_an_hour(job)
    assert run.latest_monitoring_pipeline_metadata.status.code == 0
    assert monitoring.distances(job) == {"company": [0], "miles": [0]}
    assert monitoring.search(job).anomaly_count == 0
