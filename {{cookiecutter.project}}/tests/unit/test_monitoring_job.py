"""The monitoring job is made once, also by two who make it at the same time."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from google.api_core.exceptions import FailedPrecondition, NotFound
from google.cloud import aiplatform, storage
from google.cloud.aiplatform_v1.types import Endpoint, ModelDeploymentMonitoringJob

from mlops.monitoring import job
from mlops.settings import Settings, load_settings

PARENT = "projects/p/locations/l"
NAME = f"{PARENT}/modelDeploymentMonitoringJobs/1"


class Vertex:
    """Stands where Vertex AI's clients would, with one endpoint and one model on it."""

    location, project = "l", "p"
    resource_name, display_name = f"{PARENT}/endpoints/2", "e"

    def __init__(self) -> None:
        self.job: ModelDeploymentMonitoringJob | None = None
        self.updates: list[list[str]] = []
        self.is_slow = False  # another makes the job meanwhile
        self.refuses = False

    @property
    def api_client(self) -> Vertex:
        return self

    def list_models(self) -> list[Any]:
        return [SimpleNamespace(id="7", model=f"{PARENT}/models/3@1", model_version_id="1")]

    def get_endpoint(self, name: str) -> Endpoint:
        log = {"enabled": True, "bigquery_destination": {"output_uri": "bq://p.d.t"}}
        return Endpoint(
            name=name,
            model_deployment_monitoring_job=self.job.name if self.job else "",
            predict_request_response_logging_config=log,
        )

    def get_model_deployment_monitoring_job(self, name: str) -> ModelDeploymentMonitoringJob:
        assert self.job
        assert self.job.name == name
        return self.job

    def create_model_deployment_monitoring_job(
        self, parent: str, model_deployment_monitoring_job: ModelDeploymentMonitoringJob
    ) -> None:
        assert parent == PARENT
        if not self.refuses:
            self.job = ModelDeploymentMonitoringJob(model_deployment_monitoring_job)
            self.job.name = NAME
        if self.refuses or self.is_slow:
            raise FailedPrecondition("it cannot be")

    def update_model_deployment_monitoring_job(
        self, model_deployment_monitoring_job: Any, update_mask: Any
    ) -> Any:
        self.updates.append(update_mask["paths"])
        return SimpleNamespace(result=lambda: model_deployment_monitoring_job)


@pytest.fixture
def vertex(monkeypatch: pytest.MonkeyPatch) -> Vertex:
    def refuse(*_: Any, **__: Any) -> None:
        raise NotFound("the model")

    made = Vertex()
    blob = SimpleNamespace(upload_from_string=lambda *_, **__: None)
    files = SimpleNamespace(bucket=lambda _: SimpleNamespace(blob=lambda _: blob))
    monkeypatch.setattr(job, "find_endpoint", lambda _: made)
    monkeypatch.setattr(job, "job_client", lambda _: made)
    monkeypatch.setattr(storage, "Client", lambda **_: files)
    monkeypatch.setattr(aiplatform, "Model", refuse)
    return made


@pytest.fixture
def settings(config: Path) -> Settings:
    return load_settings("local", config)


def apply(settings: Settings, **changes: Any) -> list[str]:
    monitoring = settings.monitoring.model_copy(update={"enabled": True, **changes})
    told = list(job.apply_monitoring("e", settings.features, monitoring, "bucket"))
    return [line for line in told if line.startswith("monitoring: ")]


def test_a_job_is_made_and_then_left_alone(vertex: Vertex, settings: Settings) -> None:
    changes = [apply(settings), apply(settings), apply(settings, interval_hours=6)]
    assert [line.partition(",")[0] for [line] in changes] == [
        "monitoring: created",
        "monitoring: unchanged",
        "monitoring: updated",
    ]
    assert vertex.updates == [["model_deployment_monitoring_schedule_config"]]


def test_of_two_who_make_it_at_once_the_slower_finds_it(vertex: Vertex, settings: Settings) -> None:
    vertex.is_slow = True
    assert apply(settings)[0].startswith("monitoring: unchanged, 1 deployed model(s)")


def test_a_refusal_is_told(vertex: Vertex, settings: Settings) -> None:
    vertex.refuses = True
    with pytest.raises(FailedPrecondition, match="it cannot be"):
        apply(settings)
