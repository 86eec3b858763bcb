"""What a pipeline job leaves in ML Metadata, read as users of the SDK read it."""

from pathlib import Path
from typing import Any

import pytest
from google.api_core.exceptions import AlreadyExists
from google.cloud import aiplatform
from google.cloud.aiplatform.metadata.context import Context
from google.cloud.aiplatform_v1 import MetadataServiceClient
from google.cloud.aiplatform_v1.types import Event
from kfp import compiler, dsl

from tests.pipelines.pipeline_client import IMAGE, PipelineClient
from tests.vertex import OPTIONS, PARENT, refuses, unique

STORE = f"{PARENT}/metadataStores/default"
component = dsl.component(base_image=IMAGE, install_kfp_package=False)


@component
def extract(text: str, data: dsl.Output[dsl.Dataset]):
    from pathlib import Path

    Path(data.path).write_text(text)
    data.metadata["rows"] = len(text)


@component
def train(
    rate: float,
    data: dsl.Input[dsl.Dataset],
    model: dsl.Output[dsl.Model],
    metrics: dsl.Output[dsl.Metrics],
):
    from pathlib import Path

    Path(model.path).write_text(Path(data.path).read_text())
    metrics.log_metric("auc", 0.75)
    if rate < 0:
        raise ValueError(rate)


def training(name: str) -> Any:
    @dsl.pipeline(name=name)
    def pipeline(text: str, rate: float = 0.1) -> dsl.Metrics:
        return train(rate=rate, data=extract(text=text).outputs["data"]).outputs["metrics"]

    return pipeline


@pytest.fixture
def client(pipelines: PipelineClient) -> MetadataServiceClient:
    return MetadataServiceClient(client_options=OPTIONS)


@pytest.fixture
def name() -> str:
    return f"train-{unique()}"


def display_names(resources: Any) -> set[str]:
    return {resource.display_name for resource in resources}


def test_lineage_leads_from_the_model_back_to_the_data(
    pipelines: PipelineClient, client: MetadataServiceClient, name: str
) -> None:
    result = pipelines.run(training(name), {"text": name})
    assert result.state == "SUCCEEDED", result.error
    model = result.tasks["train"].outputs["model"].artifacts[0].name
    graph = client.query_artifact_lineage_subgraph(artifact=model)
    assert display_names(graph.artifacts) == {"model", "metrics", "data"}
    executions = {each.name: each for each in graph.executions}
    containers = {
        each.display_name: each
        for each in graph.executions
        if each.schema_title == "system.ContainerExecution"
    }
    assert {key: each.state.name for key, each in containers.items()} == {
        "extract": "COMPLETE",
        "train": "COMPLETE",
    }
    assert dict(containers["train"].metadata) == {"input:rate": 0.1}
    artifacts = {each.name: each for each in graph.artifacts}
    edges = {
        (artifacts[event.artifact].display_name, event.type_, event.execution)
        for event in graph.events
        if executions[event.execution] in containers.values()
    }
    assert edges == {
        ("data", Event.Type.OUTPUT, containers["extract"].name),
        ("data", Event.Type.INPUT, containers["train"].name),
        ("model", Event.Type.OUTPUT, containers["train"].name),
        ("metrics", Event.Type.OUTPUT, containers["train"].name),
    }
    data = next(each for each in graph.artifacts if each.display_name == "data")
    assert (data.schema_title, data.metadata["rows"]) == ("system.Dataset", len(name))
    assert result.tasks["extract"].execution.name == containers["extract"].name


def test_contexts_of_the_pipeline_and_its_runs(
    pipelines: PipelineClient, client: MetadataServiceClient, name: str
) -> None:
    runs = [pipelines.run(training(name), {"text": text}).message for text in ("a", "b")]
    pipeline = Context(name)
    assert (pipeline.schema_title, pipeline.display_name) == ("system.Pipeline", name)
    for run in runs:
        job_id = run.name.rpartition("/")[2]
        context = Context(job_id)
        assert (context.schema_title, context.display_name) == ("system.PipelineRun", job_id)
        assert context.parent_contexts == [pipeline.resource_name]
        assert run.job_detail.pipeline_context.name == pipeline.resource_name
        assert run.job_detail.pipeline_run_context.name == context.resource_name
        assert display_names(context.get_artifacts()) == {"data", "model", "metrics"}
        assert display_names(context.get_executions()) == {job_id, "extract", "train"}
    assert len(pipeline.get_executions()) == 6


def test_runs_are_compared_in_a_data_frame(pipelines: PipelineClient, name: str) -> None:
    jobs = [pipelines.submit(training(name), {"text": "a", "rate": rate}) for rate in (1, 2)]
    for job in jobs:
        pipelines.wait(job)
    frame = aiplatform.get_pipeline_df(pipeline=name).sort_values("param.input:rate")
    assert list(frame["pipeline_name"]) == [name] * 2
    assert list(frame["run_name"]) == [job.name for job in jobs]
    assert list(frame["param.input:rate"]) == [1, 2]
    assert list(frame["metric.auc"]) == [0.75, 0.75]


def test_a_job_is_a_run_of_an_experiment(
    pipelines: PipelineClient, name: str, tmp_path: Path
) -> None:
    experiment = f"exp-{unique()}"
    compiler.Compiler().compile(training(name), str(tmp_path / "pipeline.yaml"))
    job = aiplatform.PipelineJob(
        display_name=name,
        template_path=str(tmp_path / "pipeline.yaml"),
        pipeline_root=pipelines.root,
        parameter_values={"text": "a"},
    )
    job.submit(experiment=experiment)
    pipelines.wait(job)
    assert aiplatform.PipelineJob.get(job.name).get_associated_experiment().name == experiment
    frame = aiplatform.Experiment(experiment).get_data_frame()
    assert list(frame["run_name"]) == [job.name]
    assert list(frame["run_type"]) == ["system.PipelineRun"]
    assert list(frame["state"]) == ["COMPLETE"]
    assert list(frame["param.text"]) == ["a"]
    assert list(frame["metric.auc"]) == [0.75]


def test_a_job_is_logged_to_a_run_of_an_experiment(pipelines: PipelineClient, name: str) -> None:
    experiment = aiplatform.Experiment.create(f"exp-{unique()}")
    run = aiplatform.ExperimentRun.create("run", experiment=experiment)
    job = pipelines.submit(training(name), {"text": "a"})
    pipelines.wait(job)
    run.log(pipeline_job=job)
    (logged,) = run.get_logged_pipeline_jobs()
    assert logged.resource_name == job.resource_name


def test_what_comes_from_the_cache_is_the_same_artifact(
    pipelines: PipelineClient, client: MetadataServiceClient, name: str
) -> None:
    first = pipelines.run(training(name), {"text": name})
    model = first.tasks["train"].outputs["model"].artifacts[0].name
    client.update_artifact(artifact={"name": model, "description": "the best"})
    second = pipelines.run(training(name), {"text": name})
    assert second.states() == {"extract": "SKIPPED", "train": "SKIPPED"}
    assert client.get_artifact(name=model).description == "the best"
    assert second.tasks["train"].outputs["model"].artifacts[0].name == model
    graph = client.query_artifact_lineage_subgraph(request={"artifact": model, "max_hops": 1})
    trained = [each for each in graph.executions if each.display_name == "train"]
    assert {each.state.name for each in trained} == {"COMPLETE", "CACHED"}


def test_a_failed_task_is_a_failed_execution(pipelines: PipelineClient, name: str) -> None:
    result = pipelines.run(training(name), {"text": "a", "rate": -1})
    assert result.state == "FAILED"
    context = Context(result.message.name.rpartition("/")[2])
    states = {each.display_name: each.state.name for each in context.get_executions()}
    assert states == {context.name: "FAILED", "extract": "COMPLETE", "train": "FAILED"}
    assert display_names(context.get_artifacts()) == {"data"}


def test_a_pipeline_cannot_have_the_name_of_an_experiment(
    pipelines: PipelineClient, name: str
) -> None:
    aiplatform.Experiment.create(name)
    with refuses(AlreadyExists, "is a system.Experiment"):
        pipelines.submit(training(name), {"text": "a"})
