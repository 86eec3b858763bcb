"""Requests and responses that endpoints log into BigQuery."""

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from google.api_core.exceptions import InvalidArgument, NotFound
from google.cloud import aiplatform, bigquery
from google.cloud.aiplatform_v1 import EndpointServiceClient

from tests.conftest import Localcloud
from tests.vertex import PARENT, PROJECT, eventually, refuses, unique, upload

SCHEMA = {
    "endpoint": ("STRING", "NULLABLE"),
    "deployed_model_id": ("STRING", "NULLABLE"),
    "logging_time": ("TIMESTAMP", "NULLABLE"),
    "request_id": ("NUMERIC", "NULLABLE"),
    "request_payload": ("STRING", "REPEATED"),
    "response_payload": ("STRING", "REPEATED"),
}
MASK = {"paths": ["predict_request_response_logging_config"]}


@pytest.fixture
def tables(transport: str) -> bigquery.Client:
    return bigquery.Client(project=PROJECT)


def logged(tables: bigquery.Client, destination: str, count: int) -> list[bigquery.Row]:
    """The rows of a table, in their order, once there are so many."""
    table = destination.removeprefix("bq://")
    query = f"select * from `{table}` order by logging_time"  # noqa: S608 - names of this file
    rows: list[bigquery.Row] = []

    def complete() -> bool:
        with suppress(NotFound):
            rows[:] = tables.query_and_wait(query)
        return len(rows) >= count

    assert eventually(complete, seconds=30), f"{len(rows)} rows of {count} in {destination}"
    return rows


def destination(endpoint: aiplatform.Endpoint) -> str:
    config = aiplatform.Endpoint(endpoint.resource_name).gca_resource
    uri: str = config.predict_request_response_logging_config.bigquery_destination.output_uri
    return uri


def test_requests_and_responses_are_logged(
    tables: bigquery.Client, model: aiplatform.Model
) -> None:
    endpoint = aiplatform.Endpoint.create(
        display_name="Taxi-tips v1",
        enable_request_response_logging=True,
        request_response_logging_sampling_rate=1.0,
    )
    uri = destination(endpoint)
    assert uri == f"bq://{PROJECT}.logging_Taxi_tips_v1_{endpoint.name}.request_response_logging"
    table = tables.get_table(uri.removeprefix("bq://"))
    assert {field.name: (field.field_type, field.mode) for field in table.schema} == SCHEMA
    endpoint.deploy(model)
    endpoint.predict([{"miles": 3, "company": "ü"}, {"miles": 0.5}], parameters={"p": 1})
    endpoint.raw_predict(b'{"instances": [7]}', {"Content-Type": "application/json"})
    with refuses(InvalidArgument):
        endpoint.predict([{"fail": 400}])
    first, second = logged(tables, uri, 2)
    assert (first.endpoint, first.deployed_model_id) == (
        endpoint.name,
        endpoint.list_models()[0].id,
    )
    assert [json.loads(each) for each in first.request_payload] == [
        {"miles": 3, "company": "ü"},
        {"miles": 0.5},
    ]
    assert first.response_payload == first.request_payload
    assert (second.request_payload, second.response_payload) == (["7"], ["7"])
    assert first.request_id != second.request_id
    endpoint.delete(force=True)


def test_logging_is_switched_on_off_and_elsewhere(
    client: EndpointServiceClient, serving: aiplatform.Endpoint, tables: bigquery.Client
) -> None:
    dataset = unique()

    def log(enabled: bool, table: str) -> None:
        config = {
            "enabled": enabled,
            "sampling_rate": 1,
            "bigquery_destination": {"output_uri": f"bq://{PROJECT}.{dataset}{table}"},
        }
        changed = {"name": serving.resource_name, MASK["paths"][0]: config}
        client.update_endpoint(endpoint=changed, update_mask=MASK)

    serving.predict(["before"])
    log(True, "")
    serving.predict(["one"])
    log(True, ".other")
    serving.predict(["two"])
    log(False, ".other")
    serving.predict(["after"])
    for table, payload in {"request_response_logging": '"one"', "other": '"two"'}.items():
        (row,) = logged(tables, f"bq://{PROJECT}.{dataset}.{table}", 1)
        assert row.request_payload == [payload]


def test_a_sample_is_logged(tables: bigquery.Client, transport: str) -> None:
    if transport == "rest":
        pytest.skip("the draw is the same whatever the transport")
    endpoint = aiplatform.Endpoint.create(
        display_name="sampled",
        enable_request_response_logging=True,
        request_response_logging_sampling_rate=0.5,
    )
    endpoint.deploy(upload())
    for number in range(300):
        endpoint.predict([number])
    rows = logged(tables, destination(endpoint), 100)
    assert 100 <= len(rows) <= 200  # 0.5 of 300: six standard deviations are 52
    endpoint.delete(force=True)


def test_logging_never_fails_a_prediction(
    tables: bigquery.Client, serving: aiplatform.Endpoint, client: EndpointServiceClient
) -> None:
    name = f"{PROJECT}.{unique()}.wrong"
    tables.create_dataset(name.rpartition(".")[0])
    tables.create_table(bigquery.Table(name, [bigquery.SchemaField("id", "INT64", "REQUIRED")]))
    config = {
        "enabled": True,
        "sampling_rate": 1,
        "bigquery_destination": {"output_uri": f"bq://{name}"},
    }
    changed = {"name": serving.resource_name, MASK["paths"][0]: config}
    client.update_endpoint(endpoint=changed, update_mask=MASK)
    assert serving.predict([1]).predictions == [1]
    config["bigquery_destination"] = {"output_uri": f"bq://{name}2"}
    client.update_endpoint(endpoint=changed, update_mask=MASK)
    tables.delete_table(f"{name}2")
    assert serving.predict([2]).predictions == [2]
    (row,) = logged(tables, f"{name}2", 1)  # the table is made again
    assert row.request_payload == ["2"]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"enabled": True}, "sampling_rate is 0"),
        ({"enabled": True, "sampling_rate": 1.5}, r"sampling_rate is 1\.5"),
        (
            {
                "enabled": True,
                "sampling_rate": 1,
                "bigquery_destination": {"output_uri": "gs://bucket"},
            },
            "output_uri is 'gs://bucket'",
        ),
    ],
)
def test_wrong_logging_is_refused(
    client: EndpointServiceClient, config: dict[str, Any], message: str
) -> None:
    endpoint = {"display_name": "a", "predict_request_response_logging_config": config}
    with refuses(InvalidArgument, match=message):
        client.create_endpoint({"parent": PARENT, "endpoint": endpoint})


def test_what_was_logged_before_a_kill_is_written_after_it(
    start_localcloud: Callable[[], Localcloud], transport: str
) -> None:
    if transport == "rest":
        pytest.skip("the outbox is the same whatever the transport")
    made = start_localcloud()
    log_and_die = f"""
        import os, signal, json, pathlib
        from google.cloud import aiplatform
        aiplatform.init(project="{PROJECT}", location="us-central1")
        endpoint = aiplatform.Endpoint.create(
            display_name="e",
            endpoint_id="killed",
            enable_request_response_logging=True,
            request_response_logging_sampling_rate=1.0,
        )
        endpoint.deploy(aiplatform.Model.upload(
            display_name="m",
            serving_container_image_uri="us-docker.pkg.dev/p/r/toy",
        ))
        for number in range(20):
            endpoint.predict([number])
        state = json.loads(pathlib.Path({str(made.home)!r}, "server.json").read_text())
        os.kill(state["pid"], signal.SIGKILL)
    """
    made.run(log_and_die)
    made.up()
    count = f"""
        import time
        from google.cloud import bigquery
        tables = bigquery.Client(project="{PROJECT}")
        def numbers():
            rows = tables.list_rows("{PROJECT}.logging_e_killed.request_response_logging")
            return {{row.request_payload[0] for row in rows}}
        deadline = time.monotonic() + 30
        while len(numbers()) < 20:
            assert time.monotonic() < deadline, numbers()
            time.sleep(0.1)
    """
    made.run(count)
