"""Where training data can be, and which forms instances can have."""

import base64
import json
from typing import Any

import pytest
import yaml
from google.cloud import aiplatform, bigquery
from google.cloud.aiplatform import model_monitoring
from google.cloud.aiplatform_v1.types import JobState

from tests.monitoring.monitoring_client import CSV, FAR, ROWS, MonitoringClient
from tests.vertex import PROJECT, unique

# One tf.train.Example, written by TensorFlow: miles 5.0, company "a", passengers 3
RECORD = base64.b64decode(
    "PAAAAAAAAADIt6NSCjoKEAoHY29tcGFueRIFCgMKAWEKEQoFbWlsZXMSCBIGCgQAAKBAChMKCnBhc3NlbmdlcnMSBRoDCgED"
    "5Q4Hmg=="
)


@pytest.fixture
def table(monitoring: MonitoringClient) -> str:
    """A table with the training rows."""
    client = bigquery.Client(project=PROJECT)
    dataset = client.create_dataset(unique())
    name = f"{PROJECT}.{dataset.dataset_id}.trips"
    fields = [("miles", "FLOAT"), ("company", "STRING"), ("tips", "INTEGER")]
    schema = [bigquery.SchemaField(*field) for field in fields]
    client.create_table(bigquery.Table(name, schema=schema))
    rows = [{**row, "tips": 1} for row in ROWS]
    client.load_table_from_json(rows, name).result()
    return f"bq://{name}"


def test_training_data_of_all_kinds(monitoring: MonitoringClient, table: str) -> None:
    lines = "".join(json.dumps(row) + "\n" for row in ROWS)
    dataset = aiplatform.TabularDataset.create(
        display_name="trips", gcs_source=[monitoring.upload(CSV, "trips.csv")]
    )
    sources: list[dict[str, Any]] = [
        {"data_source": table, "data_format": None},
        {"data_source": monitoring.upload(lines), "data_format": "jsonl"},
        {"data_source": dataset.resource_name, "data_format": None},
    ]
    job = monitoring.create(sample_predict_instance=json.dumps(ROWS[0]))
    for number, source in enumerate(sources, start=1):
        job.update(objective_configs=monitoring.skew(**source))
        monitoring.ask(FAR)
        run = monitoring.pass_an_hour(job)
        assert run.latest_monitoring_pipeline_metadata.status.message == ""
        assert monitoring.distances(job) == {
            "company": [0] * number,
            "miles": [pytest.approx(1)] * number,
        }
    record = {"data_source": monitoring.upload(RECORD * 9), "data_format": "tf-record"}
    job.update(objective_configs=monitoring.skew(**record))
    monitoring.ask([{"miles": 5, "company": "b"}])
    monitoring.pass_an_hour(job)
    assert {name: each[-1] for name, each in monitoring.distances(job).items()} == {
        "company": 1,
        "miles": 0,
    }


def test_a_sample_of_the_training_data_is_enough(monitoring: MonitoringClient) -> None:
    job = monitoring.create(sample_predict_instance=json.dumps(ROWS[0]))
    resource = monitoring.get(job)
    (config,) = resource.model_deployment_monitoring_objective_configs
    training = config.objective_config.training_dataset
    training.logging_sampling_strategy = {"random_sample_config": {"sample_rate": 0.5}}
    field = "model_deployment_monitoring_objective_configs.objective_config.training_dataset"
    monitoring.jobs.update_model_deployment_monitoring_job(
        model_deployment_monitoring_job=resource, update_mask={"paths": [field]}
    )
    monitoring.ask(ROWS)
    monitoring.pass_an_hour(job)
    distances = monitoring.distances(job)
    assert 0 < distances["miles"][0] < 0.2
    assert monitoring.search(job).anomaly_count == 0


def test_instances_that_are_arrays_have_the_names_of_the_schema(
    monitoring: MonitoringClient,
) -> None:
    schema = monitoring.upload(
        "type: object\nproperties:\n  company: {type: string}\n  miles: {type: number}\n"
        "required: [company, miles]\n"
    )
    job = monitoring.create(analysis_instance_schema_uri=schema)
    assert monitoring.waits(lambda: job.state == JobState.JOB_STATE_RUNNING)
    monitoring.ask([[row["company"], row["miles"]] for row in FAR])
    monitoring.pass_an_hour(job)
    assert monitoring.distances(job) == {"company": [0], "miles": [pytest.approx(1)]}


def test_the_analysis_schema_overrides_how_values_are_sent(monitoring: MonitoringClient) -> None:
    """Vertex's own models take numbers as texts, which are to be analysed as numbers."""
    analysis = monitoring.upload(
        "type: object\nproperties:\n  miles: {type: number}\n  company: {type: string}\n"
    )
    predict = monitoring.upload(
        "type: object\nproperties:\n  miles: {type: string}\n  company: {type: string}\n"
    )
    job = monitoring.create(
        predict_instance_schema_uri=predict, analysis_instance_schema_uri=analysis
    )
    monitoring.ask([{**row, "miles": f"{row['miles']:.2f}"} for row in ROWS])
    monitoring.pass_an_hour(job)
    assert monitoring.distances(job) == {"company": [0], "miles": [0]}


def test_enough_requests_tell_the_schema(unasked: MonitoringClient) -> None:
    config = model_monitoring.DriftDetectionConfig()
    objectives = model_monitoring.ObjectiveConfig(drift_detection_config=config)
    job = unasked.create(objective_configs=objectives)
    instances = [{"day": 1, "tags": ["a", "b"], "nested": {"a": 1}, "paid": True, "tip": None}]
    unasked.ask(instances * 100)
    assert unasked.waits(lambda: job.state == JobState.JOB_STATE_RUNNING)
    uri = unasked.get(job).analysis_instance_schema_uri
    assert uri == f"gs://{unasked.bucket.name}/instance_schemas/job-{job.name}/analysis"
    assert yaml.safe_load(unasked.read(uri))["properties"] == {
        "day": {"type": "number"},
        "paid": {"type": "string"},
        "tags": {"type": "string"},
    }
