"""Load the champion's server in closed and in open loop, print what came of it, and judge.

Run after `make run`, by `make load-test`. The server is a process of its own in the environment of
its image; LOAD_SECONDS sets how long each loop lasts (20), LOAD_HOST another server to load.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from google.cloud import aiplatform

from benchmarks.load.gate import Gate, Requests, latency_ratio, read, row_ratio
from benchmarks.predict import BATCHES, read_instances, serving_process
from mlops.registry.models import CHAMPION, find_champion, get_version
from mlops.settings import Settings, load_settings

ROOT = Path(__file__).parents[2]
LOCUST = ROOT / ".tools/locust/bin/locust"
USERS = 10
ROWS = {"single": 1, "large": max(BATCHES)}
WARM_UP = 3  # seconds


@contextlib.contextmanager
def server(settings: Settings) -> Iterator[str]:
    """The address of what is loaded."""
    if host := os.environ.get("LOAD_HOST"):
        yield host
        return
    with serving_process(get_version(settings.name, CHAMPION).uri) as connection:
        yield f"http://{connection.host}:{connection.port}"


def load(host: str, bodies: Path, user: str, users: int, seconds: float) -> list[Requests]:
    """Let users of a kind send requests, and read what Locust saw.

    Raises:
        RuntimeError: Locust ended without statistics.
    """
    command = [str(LOCUST), "-f", str(Path(__file__).with_name("locustfile.py")), user]
    options = ["--headless", "--json", "--loglevel", "ERROR", "--exit-code-on-error", "0"]
    numbers = ["--users", str(users), "--spawn-rate", str(users), "--run-time", f"{seconds:g}s"]
    done = subprocess.run(
        [*command, *options, *numbers, "--host", host],
        env={**os.environ, "LOAD_BODIES": str(bodies)},
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        statistics: list[dict[str, Any]] = json.loads(done.stdout)
    except ValueError:
        raise RuntimeError(f"Locust ended with {done.returncode}: {done.stderr[-2000:]}") from None
    return read(statistics, ROWS)


def describe(loop: str, sizes: list[Requests]) -> Iterator[str]:
    """A line for each size of request."""
    for each in sizes:
        times = f"{each.percentile(0.5):5.0f} {each.percentile(0.95):5.0f} ms"
        yield (
            f"{loop:6}  {each.rows:4}  {each.count:8}  {each.failures:8}  {each.rate:10.1f}"
            f"  {each.rate * each.rows:8.0f}  {times}"
        )


def main() -> None:
    """Prints the table; exits with 1 when the gate is not passed."""
    settings = load_settings()
    aiplatform.init(project=settings.project, location=settings.location)
    if find_champion(settings.name) is None:
        sys.exit("No model is registered yet: run `make run` first.")
    seconds = float(os.environ.get("LOAD_SECONDS", "20"))
    instances = read_instances(settings)
    with server(settings) as host, tempfile.TemporaryDirectory() as folder:
        for name, rows in ROWS.items():
            body = json.dumps({"instances": instances[:rows]})
            Path(folder, f"{name}.json").write_text(body, encoding="utf-8")
        load(host, Path(folder), "Closed", USERS, WARM_UP)
        closed = load(host, Path(folder), "Closed", USERS, seconds)
        opened = load(host, Path(folder), "Open", 1, seconds)
    print("loop    rows  requests  failures  requests/s    rows/s    p50   p95")
    print("\n".join([*describe("closed", closed), *describe("open", opened)]))
    print(f"rows/s, large to single: {row_ratio(closed):.1f} (closed loop)")
    print(f"p95, large to single: {latency_ratio(opened):.2f} (open loop)")
    problems = Gate().problems(closed, opened)
    if problems:
        sys.exit("The load test fails: " + "; ".join(problems) + ".")
    print("The load test is passed.")


if __name__ == "__main__":
    main()
