"""The prediction container beside BentoML and LitServe, and beside calling the model directly.

Run after `make run`, by `make benchmark-serving`. All serve the champion's SavedModel, call it by
the same code, and take turns in one run, so that ratios mean something on any machine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.processor_time import family_seconds
from benchmarks.serving.load import Request, closed_loop, make_request, open_loop
from benchmarks.serving.servers import (
    HERE,
    OURS,
    ROOT,
    running_servers,
    serving_python,
)

BATCH = 64  # rows of a large request
SINGLE, LARGE = "1 row", f"{BATCH} rows"
CONNECTIONS = {SINGLE: 32, LARGE: 8}  # of a closed loop
MEASURES = ("rows/s", "rows/CPU s", "p95 ms")
ALONE = ", one by one"
RATE = 40.0  # requests a second of an open loop
Measures = dict[tuple[str, str], list[float]]  # server and measure to the value of each round


def main() -> None:
    """Measures in rounds, and prints the median of each figure and of each ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each measurement")
    parser.add_argument("--model", help="folder of a SavedModel instead of the champion's")
    parser.add_argument("--instances", help="JSON file of as many instances as a batch has")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))  # so that no server is left behind
    with tempfile.TemporaryDirectory() as folder:
        model, instances = arguments.model, arguments.instances
        if model is None:
            model, instances = fetch_champion(Path(folder))
        body = json.loads(Path(instances).read_text(encoding="utf-8"))[:BATCH]
        with (
            running_servers(model, Path(folder)) as servers,
            calling_directly(model, instances) as direct,
        ):
            requests = {
                server.name: {
                    SINGLE: make_request(server.port, encode(body[:1]), 1),
                    LARGE: make_request(server.port, encode(body), BATCH),
                }
                for server in servers
            }
            processes = {server.name: server.pid for server in servers}
            measures: Measures = defaultdict(list)
            for turn in range(arguments.rounds + 1):
                found = measures if turn else defaultdict(list)  # the first one warms up
                measure(requests, processes, direct, arguments.seconds, turn, found)
    report(list(requests), measures)


def fetch_champion(folder: Path) -> tuple[str, str]:
    """The champion's SavedModel, and instances of the test split, as local files."""
    from google.cloud import aiplatform, bigquery, storage

    from mlops.registry.models import find_champion
    from mlops.release.prediction import read_rows
    from mlops.settings import load_settings

    settings = load_settings()
    aiplatform.init(project=settings.project, location=settings.location)
    champion = find_champion(settings.name)
    if champion is None:
        sys.exit("No model is registered yet: run `make run` first.")
    bucket, _, prefix = champion.uri.removeprefix("gs://").partition("/")
    blobs = storage.Client(project=settings.project).list_blobs(bucket, prefix=f"{prefix}/")
    for blob in (each for each in blobs if not each.name.endswith("/")):  # TensorFlow marks folders
        target = folder / "model" / blob.name.removeprefix(f"{prefix}/")
        target.parent.mkdir(parents=True, exist_ok=True)
        blob.download_to_filename(str(target))
    client = bigquery.Client(project=settings.project)
    names = [column.name for column in settings.features.inputs]
    rows = read_rows(client, settings.features, BATCH)
    instances = folder / "instances.json"
    instances.write_text(json.dumps([{name: row[name] for name in names} for row in rows]))
    return str(folder / "model"), str(instances)


@contextmanager
def calling_directly(model: str, instances: str) -> Iterator[subprocess.Popen[str]]:
    """A process that calls the model without a server, when it is told to."""
    process = subprocess.Popen(
        [serving_python(), str(HERE / "in_process.py"), model, instances],
        env={"PYTHONPATH": str(ROOT / "src"), "TF_NUM_INTEROP_THREADS": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        assert process.stdout  # noqa: S101 - it is a pipe
        process.stdout.readline()
        yield process
        process.terminate()


def encode(instances: list[dict[str, Any]]) -> bytes:
    """The body of a request."""
    return json.dumps({"instances": instances}, separators=(",", ":")).encode()


def measure(
    requests: dict[str, dict[str, Request]],
    processes: dict[str, int],
    direct: subprocess.Popen[str],
    seconds: float,
    turn: int,
    found: Measures,
) -> None:
    """One round: each measurement of each server, one after the other."""
    assert direct.stdin  # noqa: S101 - it is a pipe
    assert direct.stdout  # noqa: S101 - it is a pipe
    for kind in (SINGLE, LARGE):
        for name, sent in requests.items():
            before = family_seconds(processes[name], ended=False)
            rows, taken = asyncio.run(closed_loop(sent[kind], CONNECTIONS[kind], seconds))
            used = max(family_seconds(processes[name], ended=False) - before, 0.01)
            found[name, f"{kind}: rows/s"].append(rows / taken)
            found[name, f"{kind}: rows/CPU s"].append(rows / used)
    print(seconds, file=direct.stdin, flush=True)
    found["in process", f"{LARGE}: rows/s"].append(float(direct.stdout.readline()))
    for kind in (SINGLE, LARGE):
        rows, elapsed = asyncio.run(closed_loop(requests[OURS][kind], 1, seconds))
        found[OURS, f"{kind}: rows/s{ALONE}"].append(rows / elapsed)
    for name, sent in requests.items():
        for kind in (SINGLE, LARGE):
            latencies = asyncio.run(open_loop(sent[kind], RATE, 2 * seconds, turn))
            found[name, f"{kind}: p95 ms"].append(statistics.quantiles(latencies, n=20)[-1])


def report(names: list[str], measures: Measures) -> None:
    """Prints the medians."""
    columns = [f"{kind}: {what}" for what in MEASURES for kind in (SINGLE, LARGE)]
    print(f"{'':22}" + "".join(f"{column:>22}" for column in columns))
    for name in [*names, "in process"]:
        cells = [statistics.median(measures[name, column] or [float("nan")]) for column in columns]
        print(f"{name:22}" + "".join(f"{cell:22.1f}" for cell in cells))
    print(
        f"\np95 is of {RATE:.0f} requests a second in an open loop. Medians of the rounds' ratios:"
    )
    for other in names[1:]:
        for column in columns:
            ratio = _ratio(measures, (OURS, column), (other, column))
            print(f"  {column:20} {OURS} / {other}: {ratio:.2f}")
    rows, single = f"{LARGE}: rows/s", f"{SINGLE}: rows/s"
    ratios = {
        "rows/s of 64 rows / calling the model in process": ((OURS, rows), ("in process", rows)),
        "rows/s of 64 rows / 1 row, one by one": ((OURS, rows + ALONE), (OURS, single + ALONE)),
        "rows/s of 64 rows / 1 row, concurrently": ((OURS, rows), (OURS, single)),
        "p95 of 64 rows / 1 row": ((OURS, f"{LARGE}: p95 ms"), (OURS, f"{SINGLE}: p95 ms")),
    }
    for text, (above, below) in ratios.items():
        print(f"  {text}: {_ratio(measures, above, below):.2f}")


def _ratio(measures: Measures, above: tuple[str, str], below: tuple[str, str]) -> float:
    pairs = zip(measures[above], measures[below], strict=True)
    return statistics.median(a / b for a, b in pairs)


if __name__ == "__main__":
    main()
