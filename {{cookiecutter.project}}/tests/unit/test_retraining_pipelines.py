"""The pipelines that retrain are each started once, however often they are asked for."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from google.api_core.exceptions import AlreadyExists
from google.cloud import aiplatform

from mlops.pipelines import retraining
from mlops.pipelines.runs import PipelineRunError
from mlops.settings import Settings, load_settings

RUN = "retrain-1-202601050000"


class Vertex:
    """Stands where Vertex AI Pipelines would: it knows the id of a job once."""

    def __init__(self) -> None:
        self.runs: list[str] = []
        self.state = "PIPELINE_STATE_SUCCEEDED"
        self.dies = False

    def submit(self, _: Settings, __: str, ___: Path, ____: Any, run: str) -> Any:
        if run in self.runs:
            raise AlreadyExists(run)
        self.runs.append(run)
        return self.get(run)

    def get(self, name: str) -> Any:
        return SimpleNamespace(resource_name=name, state=SimpleNamespace(name=self.state))

    def follow(self, *_: Any) -> None:
        if self.dies:
            raise KeyboardInterrupt
        if self.state == "PIPELINE_STATE_FAILED":
            raise PipelineRunError


@pytest.fixture
def vertex(monkeypatch: pytest.MonkeyPatch) -> Vertex:
    made = Vertex()
    monkeypatch.setattr(retraining, "submit", made.submit)
    monkeypatch.setattr(retraining, "follow", made.follow)
    monkeypatch.setattr(aiplatform.PipelineJob, "get", made.get)
    return made


@pytest.fixture
def settings(config: Path) -> Settings:
    return load_settings("local", config).model_copy(update={"trainer": "both"})


def test_an_evaluation_that_was_killed_while_it_followed_starts_what_is_missing(
    vertex: Vertex, settings: Settings
) -> None:
    vertex.dies = True
    with pytest.raises(KeyboardInterrupt):
        retraining.submit_training(settings, Path, RUN)
    assert vertex.runs == [RUN]
    vertex.dies, vertex.state = False, "PIPELINE_STATE_RUNNING"
    assert retraining.submit_training(settings, Path, RUN) == ""
    vertex.state = "PIPELINE_STATE_SUCCEEDED"
    for _ in range(2):
        assert retraining.submit_training(settings, Path, RUN).endswith(f"/pipelineJobs/{RUN}")
    assert vertex.runs == [RUN, f"{RUN}-automl"]


def test_a_pipeline_that_failed_is_followed_by_no_other(vertex: Vertex, settings: Settings) -> None:
    vertex.state = "PIPELINE_STATE_FAILED"
    for _ in range(2):
        assert retraining.submit_training(settings, Path, RUN).endswith(f"/pipelineJobs/{RUN}")
    assert vertex.runs == [RUN]
