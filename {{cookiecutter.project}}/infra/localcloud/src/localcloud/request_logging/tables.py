"""The tables that endpoints log into: their names, and their schema as Vertex makes it."""

import re

from google.api_core.exceptions import InvalidArgument
from google.cloud.aiplatform_v1.types import Endpoint, PredictRequestResponseLoggingConfig

from localcloud.bigquery.client import BigQuery, Field, Table

SCHEMA: tuple[Field, ...] = (
    {"name": "endpoint", "type": "STRING"},
    {"name": "deployed_model_id", "type": "STRING"},
    {"name": "logging_time", "type": "TIMESTAMP"},
    {"name": "request_id", "type": "NUMERIC"},
    {"name": "request_payload", "type": "STRING", "mode": "REPEATED"},
    {"name": "response_payload", "type": "STRING", "mode": "REPEATED"},
)
_DESTINATION = re.compile(r"bq://(?P<project>[^.]+)(\.(?P<dataset>[^.]+)(\.(?P<table>[^.]+))?)?")
_TABLE = "request_response_logging"


def complete(endpoint: Endpoint) -> None:
    """Check how an endpoint is to log, and name its table in full where that is left to Vertex.

    `bq://PROJECT`, or nothing, stands for the dataset `logging_DISPLAY_NAME_ID` and the table
    `request_response_logging`.

    Raises:
        InvalidArgument: the sampling rate or the destination cannot be used.
    """
    config = endpoint.predict_request_response_logging_config
    if not config.enabled:
        return
    _check_rate(config)
    _, project, _, _, _, endpoint_id = endpoint.name.split("/")
    uri = config.bigquery_destination.output_uri or f"bq://{project}"
    match = _DESTINATION.fullmatch(uri)
    if match is None:
        raise InvalidArgument(
            f"predict_request_response_logging_config.bigquery_destination.output_uri is {uri!r};"
            " write bq://PROJECT, bq://PROJECT.DATASET or bq://PROJECT.DATASET.TABLE."
        )
    dataset = match["dataset"] or re.sub(
        r"\W", "_", f"logging_{endpoint.display_name}_{endpoint_id}", flags=re.ASCII
    )
    table = match["table"] or _TABLE
    config.bigquery_destination.output_uri = f"bq://{match['project']}.{dataset}.{table}"


def create(bigquery: BigQuery, uri: str) -> None:
    """Make the table, and its dataset, unless they are there.

    Raises:
        FailedPrecondition: BigQuery refuses to.
    """
    table = Table.parse(uri)
    if bigquery.exists(table):
        return
    bigquery.create_dataset(table.project, table.dataset)
    bigquery.create(table, SCHEMA)


def _check_rate(config: PredictRequestResponseLoggingConfig) -> None:
    if not 0 < config.sampling_rate <= 1:
        raise InvalidArgument(
            "predict_request_response_logging_config.sampling_rate is"
            f" {config.sampling_rate:g}; give a share of the requests above 0 and up to 1."
        )
