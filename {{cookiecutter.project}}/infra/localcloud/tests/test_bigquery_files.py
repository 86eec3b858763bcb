"""Load, extract and export through google-cloud-bigquery."""

# ruff: noqa: S608 - the statements are put together from names that the tests made

import io
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from google.api_core import exceptions
from google.cloud import bigquery
from google.cloud.bigquery import QueryJobConfig

from localcloud.home import Home
from tests.bigquery_client import SCHEMA, columns, detect, rows
from tests.bigquery_client import client as client
from tests.bigquery_client import dataset as dataset
from tests.bigquery_client import home as home
from tests.bigquery_client import trips as trips

# Loading


def test_load_dataframe(client: bigquery.Client, dataset: str) -> None:
    frame = pd.DataFrame(
        {"id": [1, 2], "name": ["x", None], "at": pd.to_datetime(["2020-01-01"] * 2, utc=True)}
    )
    job = client.load_table_from_dataframe(frame, f"{dataset}.frame")
    assert job.result().output_rows == 2
    assert columns(client, f"{dataset}.frame") == [
        ("id", "INTEGER"),
        ("name", "STRING"),
        ("at", "TIMESTAMP"),
    ]


def test_load_large_binary_content_intact(client: bigquery.Client, dataset: str) -> None:
    frame = pd.DataFrame({"id": range(300_000), "name": "abc\r\n--==x"})
    frame["name"] += frame["id"].astype(str)
    client.load_table_from_dataframe(frame, f"{dataset}.large").result()
    sql = f"SELECT SUM(id), COUNT(DISTINCT name), MIN(name) FROM {dataset}.large"
    assert rows(client, sql) == [(300_000 * 299_999 // 2, 300_000, "abc\r\n--==x0")]


@pytest.mark.parametrize("known_size", [True, False])
def test_load_csv_with_a_schema(client: bigquery.Client, dataset: str, known_size: bool) -> None:
    content = b'ID;PRICE;NAME;PAID;AT\n1;1.5;"a;b";true;2020-01-02 03:04:05 UTC\n2;;;;\n'
    job = client.load_table_from_file(
        io.BytesIO(content),
        f"{dataset}.csv",
        size=len(content) if known_size else None,
        job_config=bigquery.LoadJobConfig(
            schema=SCHEMA, skip_leading_rows=1, field_delimiter=";", source_format="CSV"
        ),
    )
    assert job.result().output_rows == 2
    assert rows(client, f"SELECT * FROM {dataset}.csv ORDER BY id") == [
        (1, 1.5, "a;b", True, datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)),
        (2, None, None, None, None),
    ]


def test_load_csv_that_is_to_be_detected(client: bigquery.Client, dataset: str) -> None:
    content = io.BytesIO(b"id,price,at,name\n1,1.5,2020-01-02 03:04:05,x\n2,,,\n")
    config = detect(skip_leading_rows=1, source_format="CSV")
    client.load_table_from_file(content, f"{dataset}.csv", job_config=config).result()
    assert columns(client, f"{dataset}.csv") == [
        ("id", "INTEGER"),
        ("price", "FLOAT"),
        ("at", "TIMESTAMP"),
        ("name", "STRING"),
    ]


def test_load_without_any_schema_is_refused(client: bigquery.Client, dataset: str) -> None:
    config = bigquery.LoadJobConfig(source_format="CSV")
    with pytest.raises(exceptions.BadRequest, match="No schema"):
        client.load_table_from_file(io.BytesIO(b"1"), f"{dataset}.csv", job_config=config).result()


def test_bad_data_changes_nothing(client: bigquery.Client, trips: str) -> None:
    for bad in ([{"id": 7}, {"id": "seven"}], [{"id": 7, "unknown": 1}]):
        with pytest.raises(exceptions.BadRequest):
            client.load_table_from_json(
                bad, trips, job_config=bigquery.LoadJobConfig(schema=SCHEMA)
            ).result()
    truncate = bigquery.LoadJobConfig(schema=SCHEMA, write_disposition="WRITE_TRUNCATE")
    with pytest.raises(exceptions.BadRequest):
        client.load_table_from_json([{"id": "seven"}], trips, job_config=truncate).result()
    assert client.get_table(trips).num_rows == 3
    assert rows(client, f"SELECT COUNT(*) FROM `{trips}`") == [(3,)]


def test_write_dispositions(client: bigquery.Client, trips: str) -> None:
    def load(disposition: str) -> int:
        config = bigquery.LoadJobConfig(schema=SCHEMA, write_disposition=disposition)
        client.load_table_from_json([{"id": 9}], trips, job_config=config).result()
        return client.get_table(trips).num_rows

    assert load("WRITE_APPEND") == 4
    assert load("WRITE_TRUNCATE") == 1
    with pytest.raises(exceptions.Conflict):
        load("WRITE_EMPTY")


# To and from Cloud Storage


def test_export_writes_parquet_of_bigquerys_types(
    client: bigquery.Client, trips: str, home: Home
) -> None:
    job = client.query(
        "EXPORT DATA OPTIONS (uri='gs://bucket/export/part-*.parquet', format='PARQUET',"
        " overwrite=true) AS SELECT *, IF(price > 2, 1, 0) AS label, COUNT(*) OVER () AS n,"
        f" SUM(id) OVER () AS total, SAFE_DIVIDE(id, 2) AS half FROM `{trips}` WHERE id < @limit"
        " ORDER BY id",
        job_config=QueryJobConfig(
            query_parameters=[bigquery.ScalarQueryParameter("limit", "INT64", 100)]
        ),
    )
    job.result()
    assert job.statement_type == "EXPORT_DATA"
    (file,) = (home.storage / "bucket" / "export").iterdir()
    table = pq.ParquetFile(file).read()
    assert {field.name: str(field.type) for field in table.schema} == {
        "id": "int64",
        "price": "double",
        "name": "string",
        "paid": "bool",
        "at": "timestamp[us, tz=UTC]",
        "label": "int64",
        "n": "int64",
        "total": "int64",
        "half": "double",
    }
    assert table.column("price").to_pylist() == [1.5, 2.5, None]
    assert table.column("label").to_pylist() == [0, 1, 0]


def test_export_again_needs_overwrite(client: bigquery.Client) -> None:
    export = "EXPORT DATA OPTIONS (uri='gs://bucket/again/*.csv', format='CSV'{}) AS SELECT 1 AS x"
    client.query_and_wait(export.format(""))
    with pytest.raises(exceptions.BadRequest, match="overwrite"):
        client.query_and_wait(export.format(""))
    client.query_and_wait(export.format(", overwrite=true"))


def test_export_to_a_missing_bucket_is_refused(client: bigquery.Client, home: Home) -> None:
    with pytest.raises(exceptions.NotFound, match="Bucket"):
        client.query_and_wait(
            "EXPORT DATA OPTIONS (uri='gs://missing/*.csv', format='CSV') AS SELECT 1 AS x"
        )
    assert not (home.storage / "missing").exists()


def test_load_from_storage(client: bigquery.Client, trips: str, dataset: str) -> None:
    for number in (1, 2):
        client.extract_table(
            trips,
            f"gs://bucket/load/{number}/t-*.parquet",
            job_config=bigquery.ExtractJobConfig(destination_format="PARQUET"),
        ).result()
    config = bigquery.LoadJobConfig(source_format="PARQUET")
    target = f"{dataset}.loaded"
    uri = "gs://bucket/load/*.parquet"
    assert client.load_table_from_uri(uri, target, job_config=config).result().output_rows == 6
    assert [kind for _, kind in columns(client, target)] == [
        "INTEGER",
        "FLOAT",
        "STRING",
        "BOOLEAN",
        "TIMESTAMP",
    ]
    with pytest.raises(exceptions.NotFound, match="URI"):
        client.load_table_from_uri("gs://bucket/none/*", target, job_config=config).result()


def test_extract_csv(client: bigquery.Client, trips: str, home: Home) -> None:
    config = bigquery.ExtractJobConfig(print_header=False, field_delimiter=";")
    client.extract_table(trips, "gs://bucket/new/folder/t.csv", job_config=config).result()
    text = (home.storage / "bucket/new/folder/t.csv").read_text()
    assert text.splitlines()[-1] == "3;;;;"


@pytest.mark.parametrize(
    "sql",
    ["SELECT * FROM read_text('{path}')", "SELECT * FROM read_csv('{path}')"],
)
def test_other_files_are_out_of_reach(
    client: bigquery.Client, tmp_path: Path, dataset: str, sql: str
) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    with pytest.raises(exceptions.BadRequest):
        client.query_and_wait(sql.format(path=secret))
    for uri in (f"file://{secret}", "gs://../server.json", "gs://bucket/../../server.json"):
        with pytest.raises((exceptions.BadRequest, exceptions.NotFound)):
            client.load_table_from_uri(uri, f"{dataset}.t", job_config=detect()).result()
