"""Datasets, tables, queries and jobs through google-cloud-bigquery."""

# ruff: noqa: S608 - the statements are put together from names that the tests made

import uuid
from datetime import UTC, date, datetime
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import bigquery
from google.cloud.bigquery import QueryJobConfig

from tests.bigquery_client import PROJECT, columns, detect, rows
from tests.bigquery_client import client as client
from tests.bigquery_client import dataset as dataset
from tests.bigquery_client import home as home
from tests.bigquery_client import trips as trips

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


def test_dataframe_over_the_storage_api(client: bigquery.Client, trips: str) -> None:
    for found in (
        client.list_rows(trips),
        client.query(f"SELECT * FROM `{trips}`").result(),
        client.query_and_wait(f"SELECT * FROM `{trips}`", page_size=1),
    ):
        frame = found.to_dataframe().sort_values("id")
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
