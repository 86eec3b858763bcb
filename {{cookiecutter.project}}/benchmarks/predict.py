"""What Endpoint.predict costs over the wire, against calling the serving process directly.

Run after `make run`, by `make benchmark`. Both ways ask the same model, in turn, in one run, so
that the ratio means something on any machine.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from google.cloud import aiplatform, bigquery

from mlops.registry.models import CHAMPION, get_version
from mlops.release.deployment import find_endpoint
from mlops.release.prediction import read_rows
from mlops.settings import Settings, load_settings

BATCHES = (1, 10, 64)  # rows a request
REQUESTS = 200
WARM_UP = 10
PATIENCE = 60.0  # seconds for the serving process to get ready


@contextmanager
def serving_process(model_uri: str) -> Iterator[http.client.HTTPConnection]:
    """A serving process of its own for a SavedModel, in the environment of its image."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    localcloud = str(Path(sys.executable).with_name("localcloud"))
    command = [localcloud, "run", "--image", "serving", "--", "python", "-m", "mlops.serving"]
    variables = {"AIP_STORAGE_URI": model_uri, "AIP_HTTP_PORT": str(port)}
    process = subprocess.Popen(
        command,
        env={**os.environ, **variables},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    connection = http.client.HTTPConnection("127.0.0.1", port)
    try:
        wait_until_healthy(connection)
        yield connection
    finally:
        connection.close()
        process.terminate()
        process.wait()


def wait_until_healthy(connection: http.client.HTTPConnection) -> None:
    """Asks until the answer is 200.

    Raises:
        TimeoutError: it never was.
    """
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            connection.request("GET", "/health")
            response = connection.getresponse()
            response.read()
            if response.status == http.client.OK:
                return
        except OSError:
            connection.close()
        time.sleep(0.2)
    raise TimeoutError(f"The serving process was not healthy after {PATIENCE:.0f} seconds.")


def ask(connection: http.client.HTTPConnection, instances: list[dict[str, Any]]) -> None:
    """One prediction request to the serving process."""
    body = json.dumps({"instances": instances})
    connection.request("POST", "/predict", body, {"Content-Type": "application/json"})
    response = connection.getresponse()
    answer = response.read()
    if response.status != http.client.OK:
        raise RuntimeError(f"The serving process answered {response.status}: {answer.decode()}")


def measure(*calls: Callable[[], object]) -> list[float]:
    """The median milliseconds of each call; they take turns."""
    times: list[list[float]] = [[] for _ in calls]
    for turn in range(WARM_UP + REQUESTS):
        for call, taken in zip(calls, times, strict=True):
            start = time.perf_counter()
            call()
            if turn >= WARM_UP:
                taken.append((time.perf_counter() - start) * 1000)
    return [statistics.median(taken) for taken in times]


def read_instances(settings: Settings) -> list[dict[str, Any]]:
    """Inputs of the test split, as many as the largest batch."""
    client = bigquery.Client(project=settings.project)
    rows = read_rows(client, settings.features, max(BATCHES))
    return [{column.name: row[column.name] for column in settings.features.inputs} for row in rows]


def main() -> None:
    """Prints a line a batch size."""
    settings = load_settings()
    aiplatform.init(project=settings.project, location=settings.location)
    endpoint = find_endpoint(settings.name)
    if endpoint is None:
        sys.exit("No model is deployed yet: run `make run` first.")
    instances = read_instances(settings)
    print("rows  Endpoint.predict  serving process  ratio")
    with serving_process(get_version(settings.name, CHAMPION).uri) as connection:
        for rows in BATCHES:
            batch = instances[:rows]
            wire, direct = measure(
                lambda batch=batch: endpoint.predict(instances=batch),
                lambda batch=batch: ask(connection, batch),
            )
            print(f"{rows:4}  {wire:13.2f} ms  {direct:12.2f} ms  {wire / direct:5.1f}")


if __name__ == "__main__":
    main()
