"""What jobs, pipeline tasks and deployed models write appears in Cloud Logging."""

import json

import pytest
from google.cloud import aiplatform, logging

from tests.conftest import Localcloud
from tests.vertex import IMAGE, LOCATION, PROJECT, connect, upload

RECORD = {"severity": "WARNING", "message": "half done", "step": 5, "time": "2024-05-01T12:00:00Z"}


@pytest.fixture
def client(cloud_environment: Localcloud) -> logging.Client:
    connect("grpc")
    return logging.Client(project=PROJECT)


def _entries(client: logging.Client, filter_: str) -> list[logging.LogEntry]:
    always = 'timestamp > "2000-01-01T00:00:00Z"'  # else the client asks for the last day
    return list(client.list_entries(filter_=f"{filter_} AND {always}"))


def test_a_custom_jobs_lines_are_entries(client: logging.Client) -> None:
    script = f"print('begins'); print('''{json.dumps(RECORD)}'''); print('no end', end='')"
    job = aiplatform.CustomJob(
        display_name="talks",
        worker_pool_specs=[
            {
                "machine_spec": {"machine_type": "n1-standard-4"},
                "replica_count": 1,
                "container_spec": {"image_uri": "python:3.11", "command": ["python", "-c", script]},
            }
        ],
        staging_bucket="gs://staging",
    )
    job.run()
    found = _entries(client, f'resource.type = "ml_job" AND resource.labels.job_id = "{job.name}"')
    told, *plain = found  # the record tells its own time, long ago
    assert [entry.payload for entry in plain] == ["begins", "no end"]
    assert told.payload == {"message": "half done", "step": 5}
    assert told.severity == "WARNING"
    assert told.timestamp.isoformat() == "2024-05-01T12:00:00+00:00"
    assert told.resource.labels["task_name"] == "workerpool0-0"
    assert told.log_name == f"projects/{PROJECT}/logs/workerpool0-0"


def test_a_model_servers_lines_name_endpoint_and_model(client: logging.Client) -> None:
    endpoint = aiplatform.Endpoint.create(display_name="talks")
    server = f"print('''{json.dumps(RECORD)}''', flush=True); import server"
    model = upload(
        serving_container_image_uri=IMAGE,
        serving_container_command=["python", "-c", server],
    )
    endpoint.deploy(model)
    [entry] = _entries(
        client,
        'resource.type = "aiplatform.googleapis.com/Endpoint" AND'
        f' resource.labels.endpoint_id = "{endpoint.name}"',
    )
    assert entry.payload == {"message": "half done", "step": 5}
    assert entry.labels["deployed_model_id"] == endpoint.list_models()[0].id
    assert entry.resource.labels["location"] == LOCATION
    endpoint.delete(force=True)
