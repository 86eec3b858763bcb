"""Fixtures of the BigQuery tests: Google's client, with a dataset and a table of its own."""

import uuid
from typing import Any

import pytest
from google.cloud import bigquery
from google.cloud.bigquery import QueryJobConfig

from localcloud.home import Home
from tests.conftest import Localcloud

PROJECT = "demo-project"
SCHEMA = [
    bigquery.SchemaField("id", "INT64"),
    bigquery.SchemaField("price", "FLOAT64"),
    bigquery.SchemaField("name", "STRING"),
    bigquery.SchemaField("paid", "BOOL"),
    bigquery.SchemaField("at", "TIMESTAMP"),
]
ROWS = [
    {"id": 1, "price": 1.5, "name": "a\nb", "paid": True, "at": "2020-01-02T03:04:05Z"},
    {"id": 2, "price": 2.5, "name": "é", "paid": False, "at": "2020-02-29T12:00:00Z"},
    {"id": 3},
]


@pytest.fixture(scope="session")
def home(cloud_environment: Localcloud) -> Home:
    """The state folder, with a bucket named `bucket`."""
    home = Home(cloud_environment.home)
    (home.storage / "bucket").mkdir(exist_ok=True)
    return home


@pytest.fixture(scope="session")
def client(home: Home) -> bigquery.Client:
    """Google's client, as it comes; of a localcloud with that bucket."""
    return bigquery.Client(project=PROJECT)


@pytest.fixture
def dataset(client: bigquery.Client) -> str:
    """A new dataset's name."""
    name = f"d_{uuid.uuid4().hex[:8]}"
    client.create_dataset(name)
    return name


@pytest.fixture
def trips(client: bigquery.Client, dataset: str) -> str:
    """A table of three rows, the last of which is NULL but for its id."""
    table = f"{PROJECT}.{dataset}.trips"
    client.create_table(bigquery.Table(table, schema=SCHEMA))
    client.load_table_from_json(ROWS, table).result()
    return table


def rows(client: bigquery.Client, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
    """What a query finds."""
    config = QueryJobConfig(query_parameters=list(parameters))
    return [tuple(row.values()) for row in client.query_and_wait(sql, job_config=config)]


def columns(client: bigquery.Client, table: str) -> list[tuple[str, str]]:
    """Names and types of a table's columns."""
    return [(field.name, field.field_type) for field in client.get_table(table).schema]


def detect(**options: Any) -> bigquery.LoadJobConfig:
    """A load job that finds the schema in the data."""
    return bigquery.LoadJobConfig(autodetect=True, **options)
