"""A line for each change of a task's state, and the failure in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.cloud.aiplatform_v1.types import Artifact, PipelineTaskDetail
from google.rpc.status_pb2 import Status

from mlops.pipelines.progress import Progress
from mlops.pipelines.runs import follow

START = datetime(2026, 11, 23, tzinfo=UTC)


def detail(name: str, state: str, **fields: Any) -> PipelineTaskDetail:
    return PipelineTaskDetail(task_name=name, state=state, parent_task_id=1, **fields)


def test_each_change_is_told_once() -> None:
    progress = Progress()
    ended = {"start_time": START, "end_time": START + timedelta(seconds=8.1)}
    running = [detail("validate-data", "RUNNING", start_time=START)]
    assert list(progress.update(running)) == ["00:00  validate-data      RUNNING"]
    assert list(progress.update(running)) == []
    done = [detail("validate-data", "SUCCEEDED", **ended)]
    assert list(progress.update(done)) == ["00:00  validate-data      SUCCEEDED 8.1 s"]


def test_a_result_from_the_cache_is_called_so() -> None:
    (line,) = Progress().update([detail("train-model", "SKIPPED")])
    assert line.endswith("train-model        SKIPPED (cached)")


@pytest.mark.parametrize(("state", "lines"), [("SUCCEEDED", 0), ("NOT_TRIGGERED", 1)])
def test_a_condition_is_told_when_it_does_not_hold(state: str, lines: int) -> None:
    assert len(list(Progress().update([detail("condition-1", state)]))) == lines


@pytest.mark.parametrize("outer", ["condition-branches-1", "condition-4"])
def test_a_branch_or_an_option_is_not_told_when_it_is_not_taken(outer: str) -> None:
    choice = detail(outer, "SUCCEEDED", task_id=7)
    other = PipelineTaskDetail(task_name="condition-3", state="NOT_TRIGGERED", parent_task_id=7)
    assert list(Progress().update([choice, other])) == []


def test_neither_the_job_nor_what_waits_is_a_step() -> None:
    job = PipelineTaskDetail(task_name="training-1", state="RUNNING")
    assert list(Progress().update([job, detail("train-model", "PENDING")])) == []


def test_the_failure_names_the_task_and_its_error() -> None:
    progress = Progress()
    assert progress.failure() is None
    error = Status(code=9, message="trip_miles: out of range")
    list(progress.update([detail("validate-data", "FAILED", error=error)]))
    told = "validate-data failed: trip_miles: out of range"
    assert progress.failure() == told
    list(progress.update([detail("transform-data", "FAILED", error=Status(message="no miles"))]))
    assert progress.failure() == f"{told}\ntransform-data failed: no miles"


def test_artifacts_are_found_by_task_and_output() -> None:
    metrics = Artifact(uri="gs://bucket/metrics", metadata={"auc": 0.69})
    outputs = {"metrics": PipelineTaskDetail.ArtifactList(artifacts=[metrics])}
    progress = Progress()
    list(progress.update([detail("evaluate-model", "SUCCEEDED", outputs=outputs)]))
    expected = ("gs://bucket/metrics", {"auc": 0.69})
    assert progress.artifact("evaluate-model", "metrics") == expected
    assert progress.artifact("evaluate-model", "model") == ("", {})
    assert progress.artifact("train-model", "model") == ("", {})


def test_a_step_is_found_in_the_branch_that_ran() -> None:
    outputs = {"model": PipelineTaskDetail.ArtifactList(artifacts=[Artifact(uri="gs://b/model")])}
    progress = Progress()
    list(progress.update([detail("train-model-2", "SUCCEEDED", outputs=outputs)]))
    assert progress.artifact("train-model", "model") == ("gs://b/model", {})


def test_who_stops_to_follow_is_told_that_the_job_goes_on() -> None:
    class Job:
        resource_name = "projects/p/locations/l/pipelineJobs/training-1"

        @property
        def api_client(self) -> Any:
            raise KeyboardInterrupt

    lines: list[str] = []
    job: Any = Job()
    with pytest.raises(KeyboardInterrupt):
        follow(job, lines.append)
    assert lines == [f"The pipeline job goes on: {Job.resource_name}"]
