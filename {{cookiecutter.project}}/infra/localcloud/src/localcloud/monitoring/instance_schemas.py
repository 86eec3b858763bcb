"""Finds the schema of an endpoint's instances: given, in a sample, or seen in its requests."""

import contextlib
import json
from typing import NamedTuple

from google.api_core.exceptions import InvalidArgument
from google.cloud.aiplatform_v1.types import ModelDeploymentMonitoringJob

from localcloud.bigquery.client import BigQuery
from localcloud.cloud import Cloud
from localcloud.monitoring import serving_logs
from localcloud.monitoring.features import InstanceSchema, Json
from localcloud.monitoring.result_files import ResultFiles
from localcloud.rpc import raw
from localcloud.storage.names import is_object_name
from localcloud.vertex.json_values import plain

ENOUGH = 100  # instances that tell the schema; Vertex waits for 1000 requests


class SchemaUris(NamedTuple):
    """The files with the schema of an instance as it is sent, and as it is analysed."""

    predict: str
    analysis: str


def find(
    cloud: Cloud, bigquery: BigQuery, job: ModelDeploymentMonitoringJob, is_due: bool
) -> SchemaUris | None:
    """The schemas of a job's instances, or None until enough requests have been logged.

    Those that are not given are written as `instance_schemas/job-ID/{predict,analysis}` in the
    bucket of the job's results.

    Args:
        cloud: where requests are logged.
        bigquery: where the log is.
        job: a job that is PENDING.
        is_due: whether its first run is due, for which any requests are enough.
    """
    given = SchemaUris(job.predict_instance_schema_uri, job.analysis_instance_schema_uri)
    if any(given):
        return SchemaUris(given.predict or given.analysis, given.analysis or given.predict)
    sample = sample_instance(job)
    if sample is not None:
        schema = InstanceSchema.infer([sample])
    else:
        cloud.request_logs.flush(job.endpoint)
        table = job.bigquery_tables[0].bigquery_table_path
        instances = serving_logs.first_instances(bigquery, table, ENOUGH)
        if len(instances) < (1 if is_due else ENOUGH):
            return None
        schema = InstanceSchema.infer(instances)
    return _write(cloud, job, schema)


def read(cloud: Cloud, job: ModelDeploymentMonitoringJob) -> InstanceSchema:
    """The schema by which a running job's instances are analysed.

    The analysis schema says how features are analysed; the predict schema names those that it
    leaves out, and the order of values in instances that are arrays.

    Raises:
        InvalidArgument: a file has gone, or is no schema.
    """
    predict = read_file(cloud, job.predict_instance_schema_uri)
    analysis = read_file(cloud, job.analysis_instance_schema_uri)
    return InstanceSchema({**predict.kinds, **analysis.kinds})


def read_file(cloud: Cloud, uri: str) -> InstanceSchema:
    """A schema in Cloud Storage.

    Raises:
        InvalidArgument: there is no such file, or it is no schema.
    """
    name = uri.removeprefix("gs://")
    path = cloud.home.storage / name
    if not uri.startswith("gs://") or not is_object_name(name) or not path.is_file():
        raise InvalidArgument(f"Schema {uri} was not found; upload it as YAML first.")
    return InstanceSchema.parse(path.read_text(errors="replace"), uri)


def sample_instance(job: ModelDeploymentMonitoringJob) -> Json:
    """The sample of an instance that a job gives, or None.

    The SDK takes it as a text, which is read as JSON, and sends null for none.

    Raises:
        InvalidArgument: it is neither an object nor an array.
    """
    sample: Json = plain(raw(job).sample_predict_instance)
    if isinstance(sample, str):
        with contextlib.suppress(ValueError):  # a text that is no JSON is refused below
            sample = json.loads(sample)
    if not isinstance(sample, dict | list | None):
        raise InvalidArgument(
            "sample_predict_instance is neither an object nor an array; give one instance."
        )
    return sample


def _write(cloud: Cloud, job: ModelDeploymentMonitoringJob, schema: InstanceSchema) -> SchemaUris:
    directory = job.stats_anomalies_base_directory.output_uri_prefix
    files = ResultFiles(cloud.home.storage, directory)
    bucket = "/".join(directory.split("/")[:3])
    folder = f"{bucket}/instance_schemas/job-{job.name.rpartition('/')[2]}"
    text = schema.to_yaml()
    return SchemaUris(
        files.write_schema(f"{folder}/predict", text),
        files.write_schema(f"{folder}/analysis", text),
    )
