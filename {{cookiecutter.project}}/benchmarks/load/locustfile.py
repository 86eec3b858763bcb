"""The users of the load test; it runs in Locust's own environment (infra/tools/locust).

`Closed` users ask again as soon as they are answered, so that the server is as busy as it can be.
An `Open` one sends requests at a fixed rate whether or not earlier ones are answered, as users do
who know nothing of each other: latencies count waiting, too. Both send requests of one row and of
many, in turn, so that the two meet the same conditions.
"""

import itertools
import os
from pathlib import Path

import gevent
from locust import FastHttpUser, constant, task

BODIES = {path.stem: path.read_bytes() for path in Path(os.environ["LOAD_BODIES"]).glob("*.json")}
ROUTE = os.environ.get("LOAD_ROUTE", "/predict")
RATE = float(os.environ.get("LOAD_RATE", "20"))  # requests a second of each size, in open loop
HEADERS = {"Content-Type": "application/json"}


class _User(FastHttpUser):
    abstract = True

    def send(self, name: str) -> None:
        """Send a request and check that there is a prediction for it."""
        with self.client.post(
            ROUTE, data=BODIES[name], headers=HEADERS, name=name, catch_response=True
        ) as response:
            if response.status_code == 200 and b'"predictions"' not in response.content:
                response.failure("there are no predictions in the answer")


class Closed(_User):
    """Asks without a pause."""

    wait_time = constant(0)

    def on_start(self) -> None:
        """Take the sizes in turn."""
        self.names = itertools.cycle(sorted(BODIES))

    @task
    def ask(self) -> None:
        """Send the next size."""
        self.send(next(self.names))


class Open(_User):
    """Sends at a fixed rate."""

    fixed_count = 1
    wait_time = constant(0)
    concurrency = 500

    @task
    def ask(self) -> None:
        """Start a request of each size, without waiting for it, and pause until the next ones."""
        for name in sorted(BODIES):
            gevent.spawn(self.send, name)
            gevent.sleep(1 / RATE / len(BODIES))
