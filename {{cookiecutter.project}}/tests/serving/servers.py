"""Servers to ask, as processes and in this one."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops.serving.app import App
from mlops.serving.batching import Batcher
from mlops.serving.model import ServingModel
from mlops.serving.server import DrainingServer

SOURCE = Path(__file__).parents[2] / "src"


@dataclass(frozen=True)
class Server:
    """Where a server answers, and its process and log if it has one of its own."""

    port: int
    process: subprocess.Popen[bytes] | None = None
    log: Path | None = None

    def post(self, body: Any, **headers: str) -> tuple[int, Any]:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.request("POST", "/answer", data, headers)

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, Any]:
        return read(self.send(method, path, body, headers))

    def send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> http.client.HTTPConnection:
        """Sends a request and waits for nothing; `read` gives the answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        names = {name.replace("_", "-"): value for name, value in (headers or {}).items()}
        connection.request(method, path, body, names)
        return connection

    def entries(self, **fields: Any) -> list[dict[str, Any]]:
        """The lines of the log that have these fields."""
        assert self.log
        lines = [json.loads(line) for line in self.log.read_text().splitlines()]
        return [line for line in lines if fields.items() <= line.items()]


def read(connection: http.client.HTTPConnection) -> tuple[int, Any]:
    with closing(connection):
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())


def find_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(log: Path, **variables: str) -> Server:
    """A process of its own; its log is what it writes to the standard output."""
    port = find_port()
    environment = os.environ | {
        "AIP_HTTP_PORT": str(port),
        "AIP_HEALTH_ROUTE": "/ready",
        "AIP_PREDICT_ROUTE": "/answer",
        "AIP_HTTP_HOST": "127.0.0.1",
        "PYTHONPATH": str(SOURCE),
        **variables,
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "mlops.serving"],
            env=environment,
            stdout=output,
            stderr=subprocess.PIPE,
        )
    return Server(port, process, log)


def wait_until_ready(server: Server) -> None:
    for _ in range(1200):
        if server.process is not None and server.process.poll() is not None:
            raise AssertionError(f"the server ended: {server.process.communicate()[1].decode()}")
        try:
            status, _ = server.request("GET", "/ready")
        except ConnectionRefusedError:
            time.sleep(0.1)
        else:
            assert status == 200
            return
    raise AssertionError("the server did not get ready")


@contextmanager
def serve(folder: str) -> Iterator[Server]:
    """A server in a thread of this process, which has TensorFlow already."""
    model = ServingModel(folder)
    model.warm_up(4)
    app = App(
        model, Batcher(model.run, 512, 4096), "/ready", "/answer", {"model_version": "1"}, None
    )
    server = Server(find_port())
    running = DrainingServer(app, "127.0.0.1", server.port, 1)
    thread = threading.Thread(target=running.run)
    thread.start()
    try:
        wait_until_ready(server)
        yield server
    finally:
        running.should_exit = True
        thread.join()
