"""The table into which the requests of a monitored endpoint are logged."""

import json
from collections.abc import Iterator
from datetime import datetime

from google.cloud.aiplatform_v1.types import ModelDeploymentMonitoringBigQueryTable

from localcloud.bigquery.client import BigQuery, Table
from localcloud.monitoring.features import Json

_SCHEMA_VERSION = "v1"


def describe(endpoint: str) -> ModelDeploymentMonitoringBigQueryTable:
    """The table of an endpoint, as a job's resource names it.

    Args:
        endpoint: its resource name.
    """
    kind = ModelDeploymentMonitoringBigQueryTable
    _, project, _, _, _, endpoint_id = endpoint.split("/")
    dataset = f"model_deployment_monitoring_{endpoint_id.replace('-', '_')}"
    return kind(
        log_source=kind.LogSource.SERVING,
        log_type=kind.LogType.PREDICT,
        bigquery_table_path=f"bq://{project}.{dataset}.serving_predict",
        request_response_logging_schema_version=_SCHEMA_VERSION,
    )


def first_instances(bigquery: BigQuery, uri: str, limit: int) -> list[Json]:
    """The instances of the first requests to an endpoint, at most so many."""
    table = Table.parse(uri)
    if not bigquery.exists(table):
        return []
    statement = f"select request_payload from `{table}` order by logging_time limit {limit}"  # noqa: S608 - the name is localcloud's own
    return [*_instances(bigquery, table, statement)][:limit]


def instances(
    bigquery: BigQuery, uri: str, deployed_model_id: str, window: tuple[datetime, datetime]
) -> list[Json]:
    """The instances that a deployed model was asked about in a window of time.

    Args:
        bigquery: where the table is.
        uri: the table, as `bq://PROJECT.DATASET.TABLE`.
        deployed_model_id: the model on the endpoint.
        window: its start, which belongs to it, and its end, which does not.

    Raises:
        FailedPrecondition: the table cannot be read.
    """
    table = Table.parse(uri)
    if not bigquery.exists(table):
        return []
    start, end = (f"timestamp '{time.isoformat()}'" for time in window)
    statement = (
        f"select request_payload from `{table}` where deployed_model_id = '{deployed_model_id}'"  # noqa: S608 - no names or ids of users' own
        f" and logging_time >= {start} and logging_time < {end} order by logging_time"
    )
    return [*_instances(bigquery, table, statement)]


def _instances(bigquery: BigQuery, table: Table, statement: str) -> Iterator[Json]:
    """The instances of rows; a body that held none is left out, since nothing can be told of it."""
    for row in bigquery.query(table.project, statement):
        for payload in row["request_payload"]:
            try:
                yield json.loads(payload)
            except ValueError:
                continue
