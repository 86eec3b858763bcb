"""Experiments as users of the SDK track them: runs, parameters, metrics, time series."""

from collections.abc import Iterator

import pytest
from google.api_core.exceptions import AlreadyExists, InvalidArgument, NotFound
from google.cloud import aiplatform
from google.cloud.aiplatform.metadata import context, metadata

from tests.vertex import connect, refuses, unique

both_transports = pytest.mark.parametrize("transport", ["grpc", "rest"])


@pytest.fixture
def transport() -> str:
    """What a test is run over that does not ask for both: the SDK's REST calls are slow."""
    return "grpc"


@pytest.fixture
def experiment(transport: str, cloud_environment: object) -> Iterator[str]:
    """A new experiment, which calls of the SDK use by default."""
    connect(transport)
    name = unique()
    aiplatform.init(experiment=name, experiment_description="tips", api_transport=transport)
    yield name
    metadata._experiment_tracker.reset()


@both_transports
def test_runs_are_compared_in_a_data_frame(experiment: str) -> None:
    for run, rate in (("first", 0.1), ("second", 0.2)):
        with aiplatform.start_run(run):
            aiplatform.log_params({"rate": rate, "layers": 2, "kind": "wide"})
            aiplatform.log_metrics({"auc": 0.5 + rate})
            aiplatform.log_metrics({"loss": rate})
    frame = aiplatform.get_experiment_df().sort_values("run_name").reset_index(drop=True)
    assert list(frame["run_name"]) == ["first", "second"]
    assert list(frame["state"]) == ["COMPLETE", "COMPLETE"]
    assert list(frame["run_type"]) == ["system.ExperimentRun"] * 2
    assert list(frame["experiment_name"]) == [experiment] * 2
    assert list(frame["param.rate"]) == [0.1, 0.2]
    assert list(frame["param.layers"]) == [2, 2]
    assert list(frame["param.kind"]) == ["wide", "wide"]
    assert list(frame["metric.auc"]) == [0.6, 0.7]
    assert list(frame["metric.loss"]) == [0.1, 0.2]


def test_a_run_is_resumed_and_a_failed_one_says_so(experiment: str) -> None:
    aiplatform.start_run("run")
    aiplatform.log_params({"rate": 1})
    aiplatform.end_run()
    aiplatform.start_run("run", resume=True)
    assert aiplatform.ExperimentRun.get("run").get_state() == "RUNNING"
    aiplatform.log_params({"layers": 3})
    aiplatform.end_run()
    assert aiplatform.ExperimentRun("run", experiment).get_params() == {"rate": 1, "layers": 3}
    with pytest.raises(ZeroDivisionError), aiplatform.start_run("broken"):
        raise ZeroDivisionError
    assert aiplatform.ExperimentRun("broken", experiment).get_state() == "FAILED"
    with pytest.raises(NotFound):
        aiplatform.start_run("missing", resume=True)


def test_a_run_that_another_process_has_changed_is_logged_to(experiment: str) -> None:
    """The SDK sees by the etag that it is behind, reads again and repeats (over gRPC only)."""
    aiplatform.start_run("run")
    other = aiplatform.ExperimentRun("run", experiment)
    other.log_params({"theirs": 1})
    aiplatform.log_params({"ours": 2})
    assert aiplatform.ExperimentRun("run", experiment).get_params() == {"theirs": 1, "ours": 2}


def test_time_series_go_to_the_backing_tensorboard(experiment: str) -> None:
    aiplatform.start_run("run")
    for loss in (0.9, 0.5, 0.2):
        aiplatform.log_time_series_metrics({"loss": loss, "auc": 1 - loss})
    aiplatform.log_time_series_metrics({"loss": 0.4}, step=2)  # replaces
    run = aiplatform.ExperimentRun("run", experiment)
    frame = run.get_time_series_data_frame()
    assert dict(zip(frame["step"], frame["loss"], strict=True)) == {1: 0.9, 2: 0.4, 3: 0.2}
    assert aiplatform.get_experiment_df().loc[0, "time_series_metric.loss"] == 0.2
    board = aiplatform.Experiment(experiment).get_backing_tensorboard_resource()
    assert board.gca_resource.is_default
    (tensorboard_run,) = aiplatform.TensorboardRun.list(experiment, board.name)
    assert tensorboard_run.display_name == "run"


def test_another_tensorboard_backs_an_experiment(experiment: str) -> None:
    board = aiplatform.Tensorboard.create(display_name="own", is_default=False)
    created = aiplatform.Experiment.create(unique())
    created.assign_backing_tensorboard(board)
    read = aiplatform.Experiment(created.name)
    assert read.backing_tensorboard_resource_name == board.resource_name
    run = aiplatform.ExperimentRun.create("run", experiment=read)
    run.log_time_series_metrics({"loss": 1.5})
    assert len(aiplatform.TensorboardRun.list(created.name, board.name)) == 1


def test_classification_metrics_are_an_artifact_of_the_run(experiment: str) -> None:
    with aiplatform.start_run("run") as run:
        aiplatform.log_classification_metrics(
            display_name="test-set",
            labels=["tip", "no tip"],
            matrix=[[9, 1], [2, 8]],
            fpr=[0.1, 0.5],
            tpr=[0.4, 0.9],
            threshold=[0.9, 0.1],
        )
    (metrics,) = run.get_classification_metrics()
    assert metrics["display_name"] == "test-set"
    assert metrics["labels"] == ["tip", "no tip"]
    assert metrics["matrix"] == [[9, 1], [2, 8]]
    assert (metrics["fpr"], metrics["tpr"]) == ([0.1, 0.5], [0.4, 0.9])
    assert metrics["threshold"] == [0.9, 0.1]


def test_executions_and_artifacts_of_a_run(experiment: str) -> None:
    with aiplatform.start_run("run") as run:
        data = aiplatform.Artifact.create("system.Dataset", uri="gs://bucket/data")
        with aiplatform.start_execution(
            schema_title="system.ContainerExecution", display_name="train"
        ) as execution:
            execution.assign_input_artifacts([data])
            model = aiplatform.Artifact.create("system.Model", uri="gs://bucket/model")
            execution.assign_output_artifacts([model])
    names = {data.resource_name, model.resource_name}
    artifacts = [each for each in run.get_artifacts() if each.schema_title.startswith("system.")]
    assert {each.resource_name for each in artifacts} == names
    (read,) = run.get_executions()
    assert (read.display_name, read.state.name) == ("train", "COMPLETE")
    assert [each.uri for each in read.get_input_artifacts()] == ["gs://bucket/data"]
    assert [each.uri for each in read.get_output_artifacts()] == ["gs://bucket/model"]


def test_runs_are_listed_and_deleted(experiment: str) -> None:
    for name in ("one", "two"):
        with aiplatform.start_run(name):
            pass
    runs = aiplatform.ExperimentRun.list(experiment=experiment)
    assert {run.name for run in runs} == {"one", "two"}
    runs[0].delete(delete_backing_tensorboard_run=True)
    assert [run.name for run in aiplatform.ExperimentRun.list(experiment=experiment)] == [
        runs[1].name
    ]
    assert aiplatform.ExperimentRun.get(runs[0].name, experiment=experiment) is None


def test_an_experiment_is_deleted_with_its_runs(experiment: str) -> None:
    with aiplatform.start_run("run"):
        aiplatform.log_params({"rate": 1})
    run = context.Context(f"{experiment}-run")
    assert [each.name for each in aiplatform.Experiment.list(filter=f'display_name="{experiment}"')]
    aiplatform.Experiment(experiment).delete(delete_backing_tensorboard_runs=True)
    assert aiplatform.Experiment.get(experiment) is None
    with pytest.raises(NotFound):
        context.Context(run.resource_name)
    assert not aiplatform.Experiment.list(filter=f'display_name="{experiment}"')


@both_transports
def test_a_bad_or_used_name_is_refused(experiment: str) -> None:
    with refuses(InvalidArgument, "context_id 'Bad Name' is malformed"):
        aiplatform.Experiment.create("Bad Name")
    with refuses(InvalidArgument, "malformed"):
        aiplatform.start_run("Bad_Run")
    with refuses(AlreadyExists, f"Context with name .*/{experiment} already exists"):
        aiplatform.Experiment.create(experiment)
