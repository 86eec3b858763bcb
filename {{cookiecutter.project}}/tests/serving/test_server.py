"""The container contract, over HTTP, around a real SavedModel in a process of its own."""

from __future__ import annotations

import http.server
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from mlops.serving.digest import hash_model
from tests.serving.models import GOOD, LARGEST, POISON, SLOW, save_trips
from tests.serving.servers import SOURCE, Server, read, start, wait_until_ready

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PERSON = "Maria Secret"


@pytest.fixture(scope="module")
def collector() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Where a collector of traces listens, and what it has got."""
    got: list[dict[str, Any]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", got
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return save_trips(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def server(
    model: str, collector: tuple[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A started server, whose health check passes."""
    server = start(
        tmp_path_factory.mktemp("server") / "log",
        AIP_STORAGE_URI=model,
        AIP_DEPLOYED_MODEL_ID="42",
        MODEL_HASH=hash_model(model),
        OTEL_TRACES_EXPORTER="otlp",
        OTEL_EXPORTER_OTLP_ENDPOINT=collector[0],
        OTEL_BSP_SCHEDULE_DELAY="50",
    )
    assert server.process
    try:
        wait_until_ready(server)
        yield server
    finally:
        server.process.terminate()
        server.process.communicate()


def post(server: Server, body: Any) -> tuple[int, Any]:
    return server.post(body)


def ask(server: Server, instance: dict[str, Any], name: str = "") -> tuple[int, Any]:
    return server.post({"instances": [instance]}, x_request_id=name or "any")


def until(condition: Callable[[], Any]) -> Any:
    """The first true value of a condition that becomes true soon."""
    for _ in range(600):
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError("it never became true")


def send_together(server: Server, instances: dict[str, dict[str, Any]]) -> list[HTTPConnection]:
    """Sends instances by name, a request each, while the model is busy with a slow one."""
    send(server, "slow", SLOW)
    return [send(server, name, instance) for name, instance in instances.items()]


def send(server: Server, name: str, instance: dict[str, Any]) -> HTTPConnection:
    body = json.dumps({"instances": [instance]}).encode()
    return server.send("POST", "/answer", body, {"x-request-id": name})


def test_it_is_ready_only_after_calls_of_all_sizes(server: Server) -> None:
    status, answer = ask(server, LARGEST)
    assert status == 200
    assert answer["predictions"] == [512.0]


def test_predictions_come_in_the_order_of_the_instances(server: Server) -> None:
    hours = [5, 1, 23, 0, 12]
    status, answer = post(server, {"instances": [GOOD | {"hour": hour} for hour in hours]})
    assert status == 200
    assert answer == {"predictions": [10.0 * hour - 97.5 for hour in hours]}


def test_no_instances_give_no_predictions(server: Server) -> None:
    assert post(server, {"instances": []}) == (200, {"predictions": []})


def test_null_takes_the_default(server: Server) -> None:
    instance = GOOD | {"miles": None, "company": None}
    assert post(server, {"instances": [instance]}) == (200, {"predictions": [-63.0]})


def test_a_whole_number_may_come_as_a_float(server: Server) -> None:
    assert post(server, {"instances": [GOOD | {"hour": 3.0, "miles": 2}]})[0] == 200


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"hour": None}, "instance 1: field hour must be an integer"),
        ({"hour": 3.5}, "instance 1: field hour must be an integer"),
        ({"hour": True}, "instance 1: field hour must be an integer"),
        ({"hour": 2**63}, "instance 1: field hour must be an integer"),
        ({"hour": [3]}, "instance 1: field hour must be an integer"),
        ({"miles": "far"}, "instance 1: field miles must be a number or null"),
        ({"miles": float("nan")}, "instance 1: field miles must be a number or null"),
        ({"miles": 1e39}, "instance 1: field miles must be a number or null"),
        ({"company": 7}, "instance 1: field company must be a string or null"),
        ({"shared": 1}, "instance 1: field shared must be a boolean"),
        ({"tips": 1}, "instance 1: field tips is unknown; leave it out"),
    ],
)
def test_a_wrong_field_is_named(server: Server, change: dict[str, Any], message: str) -> None:
    status, answer = post(server, {"instances": [GOOD, GOOD | change]})
    assert (status, answer) == (400, {"error": message})


def test_a_missing_field_is_named(server: Server) -> None:
    instance = {name: value for name, value in GOOD.items() if name != "miles"}
    status, answer = post(server, {"instances": [instance]})
    assert (status, answer) == (400, {"error": "instance 0: field miles is missing; add it"})


@pytest.mark.parametrize("body", [b"hours", b"\xff", {}, [], {"instances": GOOD}, {"instances": 1}])
def test_a_request_without_instances_is_refused(server: Server, body: Any) -> None:
    status, answer = post(server, body)
    assert status == 400
    assert '{"instances": [...]}' in answer["error"]


def test_an_instance_that_is_no_object_is_refused(server: Server) -> None:
    status, answer = post(server, {"instances": [GOOD, 3]})
    assert (status, answer) == (
        400,
        {"error": "instance 1 must be an object of fields and values"},
    )


def probe(port: int) -> int:
    variables = os.environ | {"AIP_HTTP_PORT": str(port), "AIP_HEALTH_ROUTE": "/ready"}
    command = [sys.executable, "-m", "mlops.serving.probe"]
    environment = variables | {"PYTHONPATH": str(SOURCE)}
    return subprocess.run(command, env=environment, check=False).returncode


def test_the_probe_of_the_image_finds_the_server(server: Server) -> None:
    assert probe(server.port) == 0


def test_the_probe_of_the_image_fails_without_a_server() -> None:
    assert probe(1) == 1


def test_a_wrong_path_or_method_is_refused(server: Server) -> None:
    assert server.request("GET", "/answer")[0] == 405
    assert server.request("POST", "/elsewhere", b"{}")[0] == 404


def test_many_rows_in_one_call_equal_as_many_calls(server: Server) -> None:
    rows = [
        GOOD | {"miles": i / 7 if i % 5 else None, "hour": i % 24, "shared": i % 3 == 0}
        for i in range(64)
    ]
    _, together = post(server, {"instances": rows})
    alone = [post(server, {"instances": [row]})[1]["predictions"][0] for row in rows]
    assert together["predictions"] == alone


def test_concurrent_requests_are_gathered_into_few_calls(server: Server) -> None:
    instances = {f"gathered-{i}": GOOD | {"hour": i} for i in range(20)}
    answers = [read(sent) for sent in send_together(server, instances)]
    assert answers == [(200, {"predictions": [10.0 * i - 97.5]}) for i in range(20)]
    entries = [entry for name in instances for entry in server.entries(request_id=name)]
    assert sum(1 / entry["batch_rows"] for entry in entries) <= 3  # calls of the model


def test_a_request_that_the_model_fails_on_fails_alone(server: Server) -> None:
    instances = {f"isolated-{i}": GOOD | {"hour": i} for i in range(8)} | {"isolated-3": POISON}
    answers = [read(sent) for sent in send_together(server, instances)]
    assert [status for status, _ in answers] == [500 if i == 3 else 200 for i in range(8)]
    assert answers[7] == (200, {"predictions": [-27.5]})
    (entry,) = server.entries(request_id="isolated-3")
    assert (entry["severity"], entry["error"]) == ("ERROR", "InvalidArgumentError")


def test_a_request_leaves_one_line_in_the_log(server: Server, model: str) -> None:
    server.post({"instances": [GOOD | {"company": PERSON, "miles": 31.25}] * 3}, x_request_id="one")
    server.post({"instances": [GOOD | {"company": 7, PERSON: PERSON}]}, x_request_id="two")
    server.post({"instances": []}, x_request_id=f"{PERSON} {{}}")
    (entry,) = server.entries(request_id="one")
    assert entry.pop("latency_ms") > 0
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\S+\+00:00", entry.pop("time"))
    assert len(entry.pop("logging.googleapis.com/trace")) == 32
    assert entry == {
        "severity": "INFO",
        "message": "predict",
        "request_id": "one",
        "model_version": hash_model(model)[:12],
        "deployed_model": "42",
        "status": 200,
        "instances": 3,
        "batch_rows": 3,
    }
    (refused,) = server.entries(request_id="two")
    assert (refused["severity"], refused["status"]) == ("WARNING", 400)
    assert server.log
    assert not {"Maria", "31.25", "company"} & set(re.split(r"[\s\"]", server.log.read_text()))


def test_a_request_is_a_trace_with_the_call_of_the_model_in_it(
    server: Server, collector: tuple[str, list[dict[str, Any]]]
) -> None:
    server.post({"instances": [GOOD] * 2}, traceparent=f"00-{TRACE}-00f067aa0ba902b7-01")

    def find_spans() -> list[dict[str, Any]]:
        return [
            span
            for export in collector[1]
            for resource in export["resourceSpans"]
            for scope in resource["scopeSpans"]
            for span in scope["spans"]
            if span["traceId"] == TRACE
        ]

    until(lambda: len(find_spans()) == 2)
    spans = {span["name"]: span for span in find_spans()}
    assert spans["predict"]["parentSpanId"] == "00f067aa0ba902b7"
    assert spans["model"]["parentSpanId"] == spans["predict"]["spanId"]
    first, last = "startTimeUnixNano", "endTimeUnixNano"
    times = [(spans["predict"], first), (spans["model"], first)]
    times += [(spans["model"], last), (spans["predict"], last)]
    nanoseconds = [int(span[end]) for span, end in times]
    assert nanoseconds == sorted(nanoseconds)


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"MODEL_HASH": "0" * 64}, "was changed since it was trained"),
        ({"AIP_STORAGE_URI": "/nowhere"}, "There is no SavedModel at /nowhere"),
        ({"AIP_HTTP_PORT": "http"}, "AIP_HTTP_PORT is 'http': set it to a whole number above 0"),
    ],
)
def test_what_must_not_be_served_is_not(
    model: str, tmp_path: Path, variables: dict[str, str], message: str
) -> None:
    refused = start(tmp_path / "log", **{"AIP_STORAGE_URI": model, **variables})
    assert refused.process
    _, errors = refused.process.communicate(timeout=60)
    assert refused.process.returncode == 1
    (sentence,) = errors.decode().splitlines()
    assert sentence.startswith("Error: ")
    assert message in sentence


def test_a_server_that_is_to_end_loses_no_request(server: Server) -> None:
    """The last test: it ends the server of all others."""
    assert server.process
    under_way = send_together(server, {f"early-{i}": GOOD | {"hour": i} for i in range(20)})
    server.process.terminate()
    until(lambda: server.request("GET", "/ready") == (503, {"ready": False}))
    late = [send(server, f"late-{i}", GOOD | {"hour": i}) for i in range(20)]
    expected = [(200, {"predictions": [10.0 * i - 97.5]}) for i in range(20)]
    assert [read(sent) for sent in under_way + late] == expected * 2
    assert server.process.wait(30) == 0
    assert server.entries(message="ended")
