import time
from typing import Any

import pytest
from google.api_core.exceptions import (
    AlreadyExists,
    FailedPrecondition,
    InvalidArgument,
    MethodNotImplemented,
    NotFound,
)
from google.cloud import aiplatform
from google.cloud.aiplatform_v1.types import PipelineJob
from kfp import dsl

from tests.pipelines.pipeline_client import IMAGE, PipelineClient
from tests.vertex import PARENT, unique

component = dsl.component(base_image=IMAGE, install_kfp_package=False)


@component
def write(text: str, data: dsl.Output[dsl.Dataset]) -> str:
    from pathlib import Path

    Path(data.path).write_text(text)
    return text


@component
def length(data: dsl.Input[dsl.Dataset]) -> int:
    from pathlib import Path

    return len(Path(data.path).read_text())


@component
def sleep(seconds: float):
    import time

    time.sleep(seconds)


@dsl.pipeline(name="two-steps")
def two_steps(text: str = "hello", number: int = 1):
    length(data=write(text=text).outputs["data"])


@dsl.pipeline(name="waiting")
def waiting(seconds: float):
    sleep(seconds=seconds)


@pytest.fixture
def spec(pipelines: PipelineClient) -> dict[str, Any]:
    return pipelines.spec(two_steps)


def create(
    pipelines: PipelineClient, spec: dict[str, Any] | None = None, job_id: str = "", **config: Any
) -> PipelineJob:
    """Send a job past the SDK's own checks."""
    runtime = {"gcs_output_directory": pipelines.root, **config}
    job = PipelineJob(runtime_config=runtime)
    if spec is not None:
        job.pipeline_spec = spec
    return pipelines.service().create_pipeline_job(
        parent=PARENT, pipeline_job=job, pipeline_job_id=job_id or unique()
    )


def test_steps_whose_inputs_did_not_change_come_from_the_cache(pipelines: PipelineClient) -> None:
    text = unique()
    first = pipelines.run(two_steps, {"text": text})
    again = pipelines.run(two_steps, {"text": text})
    other = pipelines.run(two_steps, {"text": text + "!"})
    assert list(first.states().values()) == ["SUCCEEDED", "SUCCEEDED"]
    assert (again.state, *again.states().values()) == ("SUCCEEDED", "SKIPPED", "SKIPPED")
    assert list(other.states().values()) == ["SUCCEEDED", "SUCCEEDED"]
    assert again.uri("write", "data") == first.uri("write", "data")
    assert again.output("length") == len(text)


def test_caching_can_be_turned_off(pipelines: PipelineClient) -> None:
    text = unique()
    pipelines.run(two_steps, {"text": text})
    again = pipelines.run(two_steps, {"text": text}, enable_caching=False)
    assert list(again.states().values()) == ["SUCCEEDED", "SUCCEEDED"]


def test_an_artifact_that_is_gone_or_changed_is_made_again(pipelines: PipelineClient) -> None:
    text = unique()
    first = pipelines.run(two_steps, {"text": text})
    pipelines.path(first.uri("write", "data")).unlink()
    second = pipelines.run(two_steps, {"text": text})
    assert second.states() == {"write": "SUCCEEDED", "length": "SUCCEEDED"}
    pipelines.path(second.uri("write", "data")).write_text("changed by hand")
    third = pipelines.run(two_steps, {"text": text})
    assert third.states() == {"write": "SUCCEEDED", "length": "SUCCEEDED"}


def test_a_changed_imported_object_is_read_again(pipelines: PipelineClient) -> None:
    name = unique()

    @dsl.pipeline(name="importing")
    def importing(uri: str):
        length(data=dsl.importer(artifact_uri=uri, artifact_class=dsl.Dataset).output)

    file = pipelines.path(f"{pipelines.root}/{name}")
    file.parent.mkdir(exist_ok=True)
    for text, state in (("one", "SUCCEEDED"), ("one", "SKIPPED"), ("three", "SUCCEEDED")):
        if not file.exists() or file.read_text() != text:
            file.write_text(text)
        result = pipelines.run(importing, {"uri": f"{pipelines.root}/{name}"})
        assert result.states()["length"] == state
        assert result.output("length") == len(text)


def test_the_sdk_waits_and_tells_the_error(
    pipelines: PipelineClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("google.cloud.aiplatform.pipeline_jobs._JOB_WAIT_TIME", 0.1, raising=False)
    job = pipelines.submit(waiting, {"seconds": 0.01})
    job.wait()
    assert job.state.name == "PIPELINE_STATE_SUCCEEDED"
    bad = pipelines.submit(waiting, {"seconds": -1.0})
    with pytest.raises(RuntimeError, match="sleep exited with 1"):
        bad.wait()


def test_jobs_are_listed_newest_first_by_filter_in_pages(
    pipelines: PipelineClient, spec: dict[str, Any]
) -> None:
    run = unique()
    names = []
    for number in range(3):
        job = pipelines.submit(spec, {"number": number}, labels={"run": run})
        names.append(pipelines.wait(job).message.name)
    mine = f'labels.run="{run}"'
    listed = aiplatform.PipelineJob.list(filter=f'{mine} AND state="PIPELINE_STATE_SUCCEEDED"')
    assert [job.resource_name for job in listed] == names[::-1]
    oldest_first = aiplatform.PipelineJob.list(filter=mine, order_by="create_time")
    assert [job.resource_name for job in oldest_first] == names
    assert not aiplatform.PipelineJob.list(filter=f'{mine} AND display_name="other"')
    job_id = names[1].rpartition("/")[2]
    [found] = aiplatform.PipelineJob.list(filter=f'pipeline_job_user_id="{job_id}"')
    assert found.resource_name == names[1]
    pages = pipelines.service().list_pipeline_jobs(
        request={"parent": PARENT, "filter": mine, "page_size": 2}
    )
    sizes = [len(page.pipeline_jobs) for page in pages.pages]
    assert sizes == [2, 1]
    with pytest.raises(InvalidArgument, match="filter"):
        aiplatform.PipelineJob.list(filter="colour=red")


def test_a_job_that_ended_is_deleted_and_neither_cancelled_nor_made_twice(
    pipelines: PipelineClient, spec: dict[str, Any]
) -> None:
    job_id = unique()
    job = pipelines.submit(spec, job_id=job_id)
    pipelines.wait(job)
    with pytest.raises(AlreadyExists):
        create(pipelines, spec, job_id)
    with pytest.raises(FailedPrecondition, match="ended already"):
        job.cancel()
    job.delete()
    with pytest.raises(NotFound):
        pipelines.get(job.resource_name)
    with pytest.raises(NotFound):
        pipelines.service().cancel_pipeline_job(name=job.resource_name)


def test_a_running_job_is_not_deleted(pipelines: PipelineClient) -> None:
    job = pipelines.submit(waiting, {"seconds": 600.0})
    with pytest.raises(FailedPrecondition, match="still runs"):
        pipelines.service().delete_pipeline_job(name=job.resource_name)
    job.cancel()
    assert pipelines.wait(job).state == "CANCELLED"


def test_several_jobs_are_cancelled_and_deleted_at_once(pipelines: PipelineClient) -> None:
    jobs = [pipelines.submit(waiting, {"seconds": 600.0 + extra}) for extra in range(2)]
    names = [job.resource_name for job in jobs]
    service = pipelines.service()
    service.batch_cancel_pipeline_jobs(parent=PARENT, names=names).result(timeout=30)
    assert [pipelines.wait(job).state for job in jobs] == ["CANCELLED", "CANCELLED"]
    service.batch_delete_pipeline_jobs(parent=PARENT, names=names).result(timeout=30)
    for name in names:
        with pytest.raises(NotFound):
            pipelines.get(name)


@pytest.mark.parametrize("job_id", ["Upper", "1digit", "under_score", "a" * 129, "-a"])
def test_malformed_ids_are_refused(
    pipelines: PipelineClient, spec: dict[str, Any], job_id: str
) -> None:
    with pytest.raises(InvalidArgument, match="pipeline_job_id"):
        create(pipelines, spec, job_id)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"unknown": 1}, "has no parameter unknown"),
        ({"number": "one"}, "number must be of type NUMBER_INTEGER"),
        ({"number": 1.5}, "number must be of type NUMBER_INTEGER"),
        ({"number": True}, "number must be of type NUMBER_INTEGER"),
        ({"text": 1}, "text must be of type STRING"),
    ],
)
def test_wrong_parameters_are_refused(
    pipelines: PipelineClient, spec: dict[str, Any], parameters: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidArgument, match=message):
        create(pipelines, spec, parameter_values=parameters)


def test_a_missing_parameter_is_refused(pipelines: PipelineClient) -> None:
    with pytest.raises(InvalidArgument, match="seconds is required"):
        create(pipelines, pipelines.spec(waiting))


@pytest.mark.parametrize("root", ["", "bucket/folder", "gs://", "gs:///x", "gs://no-such-bucket/x"])
def test_a_root_that_is_no_bucket_is_refused(
    pipelines: PipelineClient, spec: dict[str, Any], root: str
) -> None:
    with pytest.raises(InvalidArgument, match="gcs_output_directory"):
        create(pipelines, spec, gcs_output_directory=root)


def change(spec: dict[str, Any], path: str, value: Any) -> None:
    """Set what stands at a path such as `root.dag`; None removes it."""
    *folders, last = path.split("/")
    for folder in folders:
        spec = spec[folder]
    if value is None:
        del spec[last]
    else:
        spec[last] = value


_INPUT = "root/dag/tasks/length/inputs/artifacts/data/taskOutputArtifact"


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("schemaVersion", None, "schemaVersion is missing"),
        ("root", None, "root is missing"),
        ("root/dag", None, "neither a dag nor an executorLabel"),
        ("pipelineInfo", {}, "pipelineInfo.name is missing"),
        ("components", {}, "refers to comp-(write|length), which does not exist"),
        ("components/comp-write/executorLabel", "none", "executor none, which does not exist"),
        ("deploymentSpec/executors/exec-write/container/image", "", "has no image"),
        ("root/dag/tasks/write/componentRef", {}, "has no componentRef"),
        ("root/dag/tasks/write/dependentTasks", ["length"], "in a ring"),
        ("root/dag/tasks/write/dependentTasks", ["nothing"], "nothing, which does not exist"),
        ("root/dag/tasks/length/inputs", {}, "gives no value for data"),
        ("root/dag/tasks/write/triggerPolicy", {"condition": "1 +"}, "cannot be read"),
        (f"{_INPUT}/producerTask", "nothing", "nothing, which does not exist"),
        (f"{_INPUT}/outputArtifactKey", "nothing", "has no such output"),
        ("root/dag/tasks/write/inputs/parameters/text", {}, "has no source"),
        ("root/dag/tasks/write/retryPolicy", {"backoffDuration": "soon"}, "not a duration"),
        ("root/dag/tasks", [1], "wrong type"),
    ],
)
def test_invalid_specs_are_refused(
    pipelines: PipelineClient, spec: dict[str, Any], path: str, value: Any, message: str
) -> None:
    change(spec, path, value)
    with pytest.raises(InvalidArgument, match=message):
        create(pipelines, spec)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("schemaVersion", "2.0.0", "schemaVersion 2.0.0"),
        ("deploymentSpec/executors/exec-write", {"resolver": {}}, "comp-write is run by resolver"),
        (
            "root/dag/tasks/write/inputs/parameters/text",
            {"runtimeValue": {"constant": "{{$.workspace_path}}/file"}},
            "Input text of task write of component root uses a workspace",
        ),
    ],
)
def test_what_cannot_be_run_here_is_unimplemented(
    pipelines: PipelineClient, spec: dict[str, Any], path: str, value: Any, message: str
) -> None:
    change(spec, path, value)
    with pytest.raises(MethodNotImplemented, match=message):
        create(pipelines, spec)


def test_a_job_without_a_spec_is_refused(pipelines: PipelineClient) -> None:
    with pytest.raises(InvalidArgument, match="pipeline_spec is required"):
        create(pipelines)


def test_a_submission_is_quick(pipelines: PipelineClient, spec: dict[str, Any]) -> None:
    start = time.monotonic()
    job = pipelines.submit(spec)
    assert time.monotonic() - start < 5
    pipelines.wait(job)
