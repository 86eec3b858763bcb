"""BigQuery through google-cloud-bigquery, on a child process of its own."""

# ruff: noqa: S608 - the statements are put together from names that the tests made

import io
import os
import signal
import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import grpc
import pandas as pd
import pyarrow.parquet as pq
import pytest
from google.api_core import exceptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery, bigquery_storage
from google.cloud.bigquery import QueryJobConfig
from loopback import serve

from localcloud.bigquery.emulator import BigQuery
from localcloud.home import Home

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


def make_home(root: Path) -> Home:
    home = Home(root)
    home.create()
    (home.storage / "bucket").mkdir()
    return home


def connect(address: str) -> bigquery.Client:
    return bigquery.Client(
        project=PROJECT,
        credentials=AnonymousCredentials(),
        client_options={"api_endpoint": address},
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return make_home(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def emulator(home: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BigQuery]:
    emulator = BigQuery(home, tmp_path_factory.mktemp("scratch"))
    emulator.start()
    try:
        yield emulator
    finally:
        emulator.stop()


@pytest.fixture(scope="module")
def client(emulator: BigQuery) -> Iterator[bigquery.Client]:
    with serve(emulator.rest_app) as address:
        yield connect(address)


@pytest.fixture(scope="module")
def storage_client(emulator: BigQuery) -> bigquery_storage.BigQueryReadClient:
    transport = bigquery_storage.BigQueryReadClient.get_transport_class("grpc")
    channel = grpc.insecure_channel(emulator.grpc_address)
    return bigquery_storage.BigQueryReadClient(transport=transport(channel=channel))


@pytest.fixture
def dataset(client: bigquery.Client) -> str:
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
    config = QueryJobConfig(query_parameters=list(parameters))
    return [tuple(row.values()) for row in client.query_and_wait(sql, job_config=config)]


def columns(client: bigquery.Client, table: str) -> list[tuple[str, str]]:
    return [(field.name, field.field_type) for field in client.get_table(table).schema]


# Datasets and tables


def test_dataset_lives_from_creation_to_deletion(client: bigquery.Client, dataset: str) -> None:
    assert dataset in [found.dataset_id for found in client.list_datasets()]
    with pytest.raises(exceptions.Conflict):
        client.create_dataset(dataset)
    client.delete_dataset(dataset)
    with pytest.raises(exceptions.NotFound):
        client.get_dataset(dataset)


def test_bad_dataset_name_is_refused(client: bigquery.Client) -> None:
    with pytest.raises(exceptions.BadRequest, match="bad-name"):
        client.create_dataset("bad-name")


def test_tables_of_another_project(client: bigquery.Client) -> None:
    public = bigquery.DatasetReference("bigquery-public-data", "chicago_taxi_trips")
    client.create_dataset(public, exists_ok=True)
    table = public.table("taxi_trips")
    client.load_table_from_json([{"fare": 5.5}], table, job_config=detect()).result()
    sql = "SELECT fare FROM `bigquery-public-data.chicago_taxi_trips.taxi_trips`"
    assert rows(client, sql) == [(5.5,)]


def test_table_tells_when_its_data_changed(client: bigquery.Client, trips: str) -> None:
    states = [client.get_table(trips)]
    client.load_table_from_json([{"id": 4}], trips).result()
    states.append(client.get_table(trips))
    client.query_and_wait(f"DELETE FROM `{trips}` WHERE id = 4")
    states.append(client.get_table(trips))
    client.insert_rows_json(trips, [{"id": 5}])
    states.append(client.get_table(trips))
    assert [state.num_rows for state in states] == [3, 4, 3, 4]
    assert len({state.etag for state in states}) == 4
    assert sorted(state.modified for state in states) == [state.modified for state in states]
    client.query_and_wait(f"SELECT * FROM `{trips}`")
    assert client.get_table(trips).etag == states[-1].etag


def test_missing_and_existing_things(client: bigquery.Client, trips: str, dataset: str) -> None:
    for missing in (
        lambda: client.get_table(f"{dataset}.nothing"),
        lambda: client.delete_table(f"{dataset}.nothing"),
        lambda: client.create_table(f"{PROJECT}.nowhere.t"),
        lambda: rows(client, f"SELECT * FROM {dataset}.nothing"),
        lambda: client.query(f"SELECT * FROM {dataset}.nothing").result(),
        lambda: client.load_table_from_json([{"a": 1}], "nowhere.t").result(),
        lambda: client.get_job("nothing"),
    ):
        with pytest.raises(exceptions.NotFound):
            missing()
    for existing in (
        lambda: client.create_table(trips),
        lambda: rows(client, f"CREATE TABLE `{trips}` (a INT64)"),
    ):
        with pytest.raises(exceptions.Conflict):
            existing()


# Queries


def test_parameters(client: bigquery.Client) -> None:
    found = rows(
        client,
        "SELECT @number + 1, 'b' IN UNNEST(@list), @time, @nothing IS NULL",
        bigquery.ScalarQueryParameter("number", "INT64", 2),
        bigquery.ArrayQueryParameter("list", "STRING", ["a", "b"]),
        bigquery.ScalarQueryParameter("time", "TIMESTAMP", datetime(2020, 1, 1, tzinfo=UTC)),
        bigquery.ScalarQueryParameter("nothing", "STRING", None),
    )
    assert found == [(3, True, datetime(2020, 1, 1, tzinfo=UTC), True)]


def test_fingerprint_is_googles(client: bigquery.Client) -> None:
    # The values of BigQuery's documentation of FARM_FINGERPRINT.
    found = rows(
        client,
        "WITH example AS (SELECT 1 AS x, 'foo' AS y, true AS z"
        " UNION ALL SELECT 2, 'apple', false UNION ALL SELECT 3, '', true)"
        " SELECT FARM_FINGERPRINT(CONCAT(CAST(x AS STRING), y, CAST(z AS STRING)))"
        " FROM example ORDER BY x",
    )
    expected = [-1541654101129638711, 2794438866806483259, -4880158226897771312]
    assert [value for (value,) in found] == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("EXTRACT(HOUR FROM at)", 3),
        ("EXTRACT(DAYOFWEEK FROM at)", 5),
        ("EXTRACT(MONTH FROM at)", 1),
        ("CASE WHEN price > 1 THEN 'high' ELSE 'low' END", "high"),
        ("SAFE_DIVIDE(price, 0)", None),
        ("SAFE_DIVIDE(id, 2)", 0.5),
        ("7 / 2", 3.5),
        ("MOD(ABS(FARM_FINGERPRINT('foo')), 10)", 1),
        ("TIMESTAMP_DIFF(TIMESTAMP '2020-01-03', at, SECOND)", 75355),
        ("TIMESTAMP_TRUNC(at, MONTH)", datetime(2020, 1, 1, tzinfo=UTC)),
        ("TIMESTAMP_ADD(at, INTERVAL 1 DAY)", datetime(2020, 1, 3, 3, 4, 5, tzinfo=UTC)),
        ("TIMESTAMP_SECONDS(100)", datetime(1970, 1, 1, 0, 1, 40, tzinfo=UTC)),
        ("UNIX_SECONDS(at)", 1577934245),
        ("FORMAT_TIMESTAMP('%Y-%m', at)", "2020-01"),
        ("DATE(at)", date(2020, 1, 2)),
        ("SAFE_CAST(name AS INT64)", None),
        ("IF(paid, 1, 0)", 1),
    ],
)
def test_functions(client: bigquery.Client, trips: str, expression: str, expected: Any) -> None:
    assert rows(client, f"SELECT {expression} FROM `{trips}` WHERE id = 1") == [(expected,)]


def test_aggregates(client: bigquery.Client, trips: str) -> None:
    sql = f"SELECT COUNT(*), SUM(id), AVG(price), COUNTIF(paid), MAX(at) FROM `{trips}`"
    assert rows(client, sql) == [(3, 6, 2.0, 1, datetime(2020, 2, 29, 12, tzinfo=UTC))]


def test_bad_sql_is_refused_with_a_message(client: bigquery.Client, trips: str) -> None:
    for sql, message in (
        ("SELEC 1", "Syntax error"),
        (f"SELECT nothing FROM `{trips}`", "nothing"),
        ("SELECT ERROR('boom')", "boom"),
        ("SELECT 1/0", "division by zero"),
    ):
        for run in (client.query_and_wait, lambda text: client.query(text).result()):
            with pytest.raises(exceptions.BadRequest, match=message):
                run(sql)


def test_what_the_emulator_cannot_do_fails_at_once(client: bigquery.Client, trips: str) -> None:
    with pytest.raises(exceptions.MethodNotImplemented, match=r"bigquery\.log"):
        client.query_and_wait(f"SELECT ARRAY_AGG(STRUCT(id, name)) FROM `{trips}`")


def test_table_from_a_query(client: bigquery.Client, trips: str, dataset: str) -> None:
    target = f"{dataset}.target"
    client.query_and_wait(f"CREATE TABLE {target} AS SELECT *, 1 AS one, [1] AS l FROM `{trips}`")
    assert client.get_table(target).num_rows == 3
    client.query_and_wait(f"UPDATE {target} SET one = 10000000000, l = [10000000000] WHERE id = 1")
    assert rows(client, f"SELECT one, l FROM {target} WHERE id = 1") == [(10**10, [10**10])]


def test_query_with_a_destination(client: bigquery.Client, trips: str, dataset: str) -> None:
    target = f"{PROJECT}.{dataset}.target"

    def write(disposition: str | None = None, sql: str = f"SELECT id FROM `{trips}`") -> int:
        config = QueryJobConfig(destination=target, write_disposition=disposition)
        job = client.query(sql, job_config=config)
        assert str(job.destination) == target
        return job.result().total_rows

    assert write() == 3
    with pytest.raises(exceptions.Conflict):
        write()
    assert write("WRITE_APPEND", "SELECT 10000000000 AS id") == 4
    assert rows(client, f"SELECT SUM(id) FROM {dataset}.target") == [(10**10 + 6,)]
    assert write("WRITE_TRUNCATE", "SELECT 'x' AS other") == 1
    assert columns(client, target) == [("other", "STRING")]


def test_dry_run_tells_the_schema_and_changes_nothing(
    client: bigquery.Client, trips: str, dataset: str
) -> None:
    config = QueryJobConfig(dry_run=True)
    job = client.query(f"SELECT id, at FROM `{trips}`", job_config=config)
    assert [field.field_type for field in job.schema] == ["INTEGER", "TIMESTAMP"]
    client.query(f"CREATE TABLE {dataset}.never AS SELECT 1 AS x", job_config=config)
    assert [table.table_id for table in client.list_tables(dataset)] == ["trips"]
    with pytest.raises(exceptions.BadRequest):
        client.query("SELEC 1", job_config=config)


def test_results_come_in_pages(client: bigquery.Client) -> None:
    sql = "SELECT x FROM UNNEST(GENERATE_ARRAY(1, 25000)) AS x"
    pages = [len(list(page)) for page in client.query(sql).result(page_size=10_000).pages]
    assert pages == [10_000, 10_000, 5_000]


def test_dataframe(client: bigquery.Client, trips: str) -> None:
    query = client.query_and_wait(f"SELECT * FROM `{trips}` ORDER BY id")
    frame = query.to_dataframe(create_bqstorage_client=False)
    assert frame.dtypes.astype(str).to_dict() == {
        "id": "Int64",
        "price": "float64",
        "name": "str",
        "paid": "boolean",
        "at": "datetime64[us, UTC]",
    }
    assert frame.isna().sum().to_dict() == {"id": 0, "price": 1, "name": 1, "paid": 1, "at": 1}


def test_dataframe_over_the_storage_api(
    client: bigquery.Client, storage_client: bigquery_storage.BigQueryReadClient, trips: str
) -> None:
    for rows in (
        client.list_rows(trips),
        client.query(f"SELECT * FROM `{trips}`").result(),
        client.query_and_wait(f"SELECT * FROM `{trips}`", page_size=1),
    ):
        frame = rows.to_dataframe(bqstorage_client=storage_client).sort_values("id")
        assert frame["id"].to_list() == [1, 2, 3]
        assert frame["at"].to_list()[0] == datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)


# Jobs


def test_job_is_found_again_under_its_id(client: bigquery.Client, trips: str) -> None:
    for job in (
        client.query("SELECT 1"),
        client.load_table_from_json([{"id": 1}], trips, job_id=f"mine-{uuid.uuid4()}"),
    ):
        job.result()
        found = client.get_job(job.job_id, location=job.location)
        assert (found.state, found.job_type) == ("DONE", job.job_type)
        assert found.self_link


def test_job_id_is_used_once(client: bigquery.Client) -> None:
    job_id = f"once-{uuid.uuid4()}"
    client.query("SELECT 1", job_id=job_id, job_retry=None).result()
    with pytest.raises(exceptions.Conflict):
        client.query("SELECT 1", job_id=job_id, job_retry=None)


# Loading


def detect(**options: Any) -> bigquery.LoadJobConfig:
    return bigquery.LoadJobConfig(autodetect=True, **options)


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
    table = pq.read_table(file)
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


# The process


def test_data_survives_a_kill(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home")
    emulator = BigQuery(home, tmp_path)
    emulator.start()
    with serve(emulator.rest_app) as address:
        client = connect(address)
        client.create_dataset("kept")
        client.load_table_from_json([{"x": 1}], "kept.t", job_config=detect()).result()
        client.query_and_wait("INSERT INTO kept.t (x) VALUES (2)")
        assert emulator.pid is not None
        os.kill(emulator.pid, signal.SIGKILL)
        with pytest.raises(exceptions.ServiceUnavailable, match="has ended"):
            client.query_and_wait("SELECT 1")
    emulator.stop()
    emulator.start()
    try:
        with serve(emulator.rest_app) as address:
            client = connect(address)
            assert rows(client, "SELECT SUM(x) FROM kept.t") == [(3,)]
            assert client.get_table("kept.t").num_rows == 2
    finally:
        emulator.stop()


def test_start_that_fails_names_the_log(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home")
    (home.bigquery / "bqemulator.duckdb").write_bytes(b"not a database" * 1000)
    with pytest.raises(RuntimeError, match=r"bigquery\.log"):
        BigQuery(home, tmp_path).start()
