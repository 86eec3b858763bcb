"""The container contract, over HTTP, around a real SavedModel."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

SPECS = {
    "miles": tf.TensorSpec([None], tf.float32, "miles"),
    "hour": tf.TensorSpec([None], tf.int64, "hour"),
    "company": tf.TensorSpec([None], tf.string, "company"),
    "shared": tf.TensorSpec([None], tf.bool, "shared"),
}
SOURCES = str(Path(__file__).parents[2] / "src")
GOOD = {"miles": 2.5, "hour": 3, "company": "none", "shared": False}


def serving_default(raw: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """Miles and ten times the hour; a hundred less when the company is called none."""
    known = tf.cast(tf.not_equal(raw["company"], "none"), tf.float32)
    total = raw["miles"] + 10.0 * tf.cast(raw["hour"], tf.float32) - 100.0 * (1.0 - known)
    return {"prediction": total + 1000.0 * tf.cast(raw["shared"], tf.float32)}


def defaults() -> dict[str, tf.Tensor]:
    return {"company": tf.constant("none"), "miles": tf.constant(7.0)}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a started server; waits until its health check passes."""
    folder = str(tmp_path_factory.mktemp("model"))
    signatures = {
        "serving_default": tf.function(serving_default, input_signature=[SPECS]),
        "defaults": tf.function(defaults, input_signature=[]),
    }
    tf.saved_model.save(tf.Module(), folder, signatures=signatures)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {
        "AIP_STORAGE_URI": folder,
        "AIP_HTTP_PORT": str(port),
        "AIP_HEALTH_ROUTE": "/ready",
        "AIP_PREDICT_ROUTE": "/answer",
        "AIP_HTTP_HOST": "127.0.0.1",
        "PYTHONPATH": SOURCES,
    }
    address = f"127.0.0.1:{port}"
    with subprocess.Popen([sys.executable, "-m", "mlops.serving"], env=environment) as process:
        try:
            wait_until_ready(address, process)
            yield address
        finally:
            process.terminate()


def wait_until_ready(address: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        assert process.poll() is None, "the server ended"
        try:
            status, _ = request(address, "GET", "/ready")
        except ConnectionRefusedError:
            time.sleep(0.1)
        else:
            assert status == 200
            return
    pytest.fail("the server did not get ready")


def request(address: str, method: str, path: str, body: bytes | None = None) -> tuple[int, Any]:
    connection = http.client.HTTPConnection(address, timeout=30)
    connection.request(method, path, body)
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


def post(address: str, body: Any) -> tuple[int, Any]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return request(address, "POST", "/answer", data)


def probe(port: str) -> int:
    variables = os.environ | {"AIP_HTTP_PORT": port, "AIP_HEALTH_ROUTE": "/ready"}
    command = [sys.executable, "-m", "mlops.serving.probe"]
    return subprocess.run(command, env=variables | {"PYTHONPATH": SOURCES}, check=False).returncode


def test_the_probe_of_the_image_finds_the_server(server: str) -> None:
    assert probe(server.partition(":")[2]) == 0


def test_the_probe_of_the_image_fails_without_a_server() -> None:
    assert probe("1") == 1


def test_predictions_come_in_the_order_of_the_instances(server: str) -> None:
    hours = [5, 1, 23, 0, 12]
    status, answer = post(server, {"instances": [GOOD | {"hour": hour} for hour in hours]})
    assert status == 200
    assert answer == {"predictions": [10.0 * hour - 97.5 for hour in hours]}


def test_no_instances_give_no_predictions(server: str) -> None:
    assert post(server, {"instances": []}) == (200, {"predictions": []})


def test_null_takes_the_default(server: str) -> None:
    instance = GOOD | {"miles": None, "company": None}
    assert post(server, {"instances": [instance]}) == (200, {"predictions": [-63.0]})


def test_a_whole_number_may_come_as_a_float(server: str) -> None:
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
def test_a_wrong_field_is_named(server: str, change: dict[str, Any], message: str) -> None:
    status, answer = post(server, {"instances": [GOOD, GOOD | change]})
    assert (status, answer) == (400, {"error": message})


def test_a_missing_field_is_named(server: str) -> None:
    instance = {name: value for name, value in GOOD.items() if name != "miles"}
    status, answer = post(server, {"instances": [instance]})
    assert (status, answer) == (400, {"error": "instance 0: field miles is missing; add it"})


@pytest.mark.parametrize("body", [b"hours", b"\xff", {}, [], {"instances": GOOD}, {"instances": 1}])
def test_a_request_without_instances_is_refused(server: str, body: Any) -> None:
    status, answer = post(server, body)
    assert status == 400
    assert '{"instances": [...]}' in answer["error"]


def test_an_instance_that_is_no_object_is_refused(server: str) -> None:
    status, answer = post(server, {"instances": [GOOD, 3]})
    assert (status, answer) == (
        400,
        {"error": "instance 1 must be an object of fields and values"},
    )
