"""Plays releases under live traffic on localcloud, faster than real time, and draws what happened.

Run by `make rehearse`. A good version is promoted; three bad ones (errors, latency, a silent drop
of quality) are rolled back. The controller, the rule and what they read are those of the cloud;
only the clock is driven: when the controller waits for a minute, users send a minute's requests,
and localcloud's clock moves on.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from google.api_core.exceptions import GoogleAPICallError
from google.cloud import aiplatform, bigquery, storage
from google.cloud.aiplatform import gapic, initializer
from google.protobuf import json_format
from google.protobuf.struct_pb2 import Value
from localcloud.clock import Clock
from localcloud.home import Home

from mlops.registry.evaluations import record_evaluation
from mlops.release.controller import Controller, Ports
from mlops.release.deployment import deploy_champion
from mlops.release.endpoint import turn_on_log
from mlops.release.page import Look, Play, write_page
from mlops.release.state import Phase
from mlops.release.vertex import connect_ports
from mlops.session import connect
from mlops.settings import Settings, load_settings

SERVER = Path(__file__).with_name("model_server.py")
PAGE = Path("build/rehearsal/releases.html")
REQUESTS = 200  # a minute
USERS = 8
PLAYS = (
    ("a good version", "", Phase.PROMOTED),
    ("errors: requests of one row fail", "errors", Phase.ROLLED_BACK),
    ("latency: answers take too long", "latency", Phase.ROLLED_BACK),
    ("quality: well-formed predictions, but wrong", "quality", Phase.ROLLED_BACK),
)


@dataclass
class Users:
    """Ask the endpoint, and tell what came out.

    Attributes:
        endpoint: resource name.
        labels: table of outcomes.
        clock: of localcloud.
    """

    endpoint: str
    labels: str
    clock: Clock
    random: random.Random = field(default_factory=lambda: random.Random(17))  # noqa: S311 - no secret

    def __post_init__(self) -> None:
        """Opens the connection that they share."""
        self._client = initializer.global_config.create_client(gapic.PredictionServiceClient)
        self._bigquery = bigquery.Client()
        self._pool = ThreadPoolExecutor(USERS)

    def now(self) -> int:
        """Seconds since 1970, by localcloud's clock."""
        return int(self.clock.now().timestamp())

    def sleep(self, seconds: float) -> None:
        """The users' requests of that time, and then the time itself."""
        end = self.clock.now() + timedelta(seconds=seconds)
        values = [self.random.random() for _ in range(int(REQUESTS * seconds / 60))]
        list(self._pool.map(self._ask, values))
        self._tell(values)
        left = end - self.clock.now()
        if left > timedelta(0):
            self.clock.advance(left)

    def _ask(self, x: float) -> None:
        instance = json_format.ParseDict({"x": x}, Value())
        try:
            self._client.predict(endpoint=self.endpoint, instances=[instance], retry=None)
        except GoogleAPICallError:
            return  # as users see it; the metrics tell

    def _tell(self, values: list[float]) -> None:
        """Labels are the values, but one in ten is something else."""
        rows = [
            {
                "instance": f'{{"x": {x!r}}}',
                "label": self.random.random() if self.random.random() < 0.1 else x,
                "labelled_at": self.clock.now().isoformat(),
            }
            for x in values
        ]
        errors = self._bigquery.insert_rows_json(self.labels, rows)
        if errors:
            raise RuntimeError(f"The labels were refused: {errors[:1]}")


def rehearse(settings: Settings) -> Iterator[Play]:
    """Plays all releases on an endpoint of their own; a bad one follows a good one."""
    name = f"rehearsal-{int(time.time())}"
    print(f"Endpoint and model: {name}", flush=True)
    labels = f"{settings.project}.rehearsal.{name.replace('-', '_')}"
    settings = _adapt(settings, labels)
    connect(settings)
    client = bigquery.Client(project=settings.project)
    _make_bucket(settings)
    client.create_dataset(labels.rpartition(".")[0], exists_ok=True)
    client.create_table(bigquery.Table(labels, _SCHEMA))
    champion = _upload(settings, name, "")
    endpoint = deploy_champion(name, champion, settings.serving)
    turn_on_log(endpoint, settings.project)
    users = Users(endpoint.resource_name, labels, Clock(Home.from_environment().clock))
    ports = connect_ports(settings, name, users)
    users.sleep(120)  # what the champion predicts, before any release
    for title, fault, expected in PLAYS:
        yield _play(settings, ports, _upload(settings, name, fault).version_id, title, expected)


def _play(settings: Settings, ports: Ports, version: str, title: str, expected: Phase) -> Play:
    looks: list[Look] = []
    controller = Controller(
        settings.release, ports, lambda *look: looks.append(Look.of(*look, settings.release))
    )
    controller.start(version)
    ended = controller.run(lambda line: None)
    return Play(title, ended == expected, controller.history(), tuple(looks))


def _adapt(settings: Settings, labels: str) -> Settings:
    """Steps and rule as configured; what a laptop's traffic allows for the rest."""
    release = settings.release.model_copy(
        update={
            "labels": labels,
            "wrong_by": 0.25,
            "slow_ms": 500.0,
            "tolerated_error_rate": 0.02,
            "bake_minutes": 2.0,
            "lag_seconds": 60.0,
        }
    )
    return settings.model_copy(update={"release": release})


def _make_bucket(settings: Settings) -> None:
    client = storage.Client(project=settings.project)
    if client.lookup_bucket(settings.bucket) is None:
        client.create_bucket(settings.bucket, location=settings.location)


def _upload(settings: Settings, name: str, fault: str) -> aiplatform.Model:
    """Registers a version with files and an evaluation of its own, as the pipeline does."""
    models = aiplatform.Model.list(filter=f'display_name="{name}"')
    client = storage.Client(project=settings.project)
    folder = f"rehearsal/{name}/{fault or 'good'}-{time.time_ns()}"
    uri = f"gs://{settings.bucket}/{folder}/model"
    source = SERVER.read_text(encoding="utf-8")
    evaluation = {"subject": {"model": uri}, "metrics": {"accuracy": 0.9}}
    bucket = client.bucket(settings.bucket)
    bucket.blob(f"{folder}/model/server.py").upload_from_string(source)
    bucket.blob(f"{folder}/evaluation.json").upload_from_string(json.dumps(evaluation))
    model = aiplatform.Model.upload(
        display_name=name,
        parent_model=models[0].resource_name if models else None,
        is_default_version=not models,
        artifact_uri=uri,
        serving_container_image_uri="python:3.11",
        serving_container_command=["python", "-c", source],
        serving_container_environment_variables={"FAULT": fault},
        serving_container_predict_route="/predict",
        serving_container_health_route="/health",
        serving_container_ports=[8080],
    )
    record_evaluation(client, model, f"gs://{settings.bucket}/{folder}/evaluation.json", "none")
    return model


_SCHEMA: list[Any] = [
    bigquery.SchemaField("instance", "STRING"),
    bigquery.SchemaField("label", "FLOAT64"),
    bigquery.SchemaField("labelled_at", "TIMESTAMP"),
]


def main() -> int:
    """Rehearses, tells each end in a line, and writes the page."""
    plays = []
    for play in rehearse(load_settings()):
        plays.append(play)
        print(play.summary, flush=True)
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(write_page(plays), encoding="utf-8")
    print(f"\nThe timeline of each release: {PAGE}")
    return 0 if all(play.is_as_expected for play in plays) else 1


if __name__ == "__main__":
    sys.exit(main())
