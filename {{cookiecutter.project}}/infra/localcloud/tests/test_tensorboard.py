"""TensorBoards, runs and their data through Google's own client."""

from collections.abc import Iterator
from typing import Any

import pytest
from google.api_core.exceptions import Aborted, AlreadyExists, InvalidArgument, NotFound
from google.cloud import aiplatform
from google.cloud.aiplatform_v1 import TensorboardServiceClient
from google.cloud.aiplatform_v1.types import TensorboardTimeSeries, TimeSeriesData

from tests.vertex import OPTIONS, PARENT, connect, refuses, unique

SCALAR = TensorboardTimeSeries.ValueType.SCALAR
TENSOR = TensorboardTimeSeries.ValueType.TENSOR
BLOBS = TensorboardTimeSeries.ValueType.BLOB_SEQUENCE


@pytest.fixture(params=["grpc", "rest"])
def transport(request: pytest.FixtureRequest, cloud_environment: object) -> str:
    connect(request.param)
    return str(request.param)


@pytest.fixture
def client(transport: str) -> Iterator[TensorboardServiceClient]:
    with TensorboardServiceClient(client_options=OPTIONS, transport=transport) as client:
        yield client


@pytest.fixture
def run(client: TensorboardServiceClient) -> str:
    """The name of a new run."""
    board = client.create_tensorboard(parent=PARENT, tensorboard={"display_name": "board"}).result()
    experiment = client.create_tensorboard_experiment(
        parent=board.name, tensorboard_experiment_id="experiment"
    )
    return str(
        client.create_tensorboard_run(
            parent=experiment.name,
            tensorboard_run={"display_name": "run"},
            tensorboard_run_id="run",
        ).name
    )


def board_of(run: str) -> str:
    return run.partition("/experiments/")[0]


def add_series(client: TensorboardServiceClient, run: str, **fields: Any) -> str:
    series = {"display_name": "loss", "value_type": SCALAR, **fields}
    return str(
        client.create_tensorboard_time_series(parent=run, tensorboard_time_series=series).name
    )


def points(series: str, values: dict[int, dict[str, Any]], **fields: Any) -> dict[str, Any]:
    return {
        "tensorboard_time_series_id": series.rpartition("/")[2],
        "values": [
            {"step": step, "wall_time": {"seconds": 1000 + step}, **value}
            for step, value in values.items()
        ],
        **fields,
    }


def write_scalars(client: TensorboardServiceClient, series: str, values: dict[int, float]) -> None:
    scalars = {step: {"scalar": {"value": value}} for step, value in values.items()}
    client.write_tensorboard_run_data(
        tensorboard_run=series.rpartition("/timeSeries/")[0],
        time_series_data=[points(series, scalars, value_type=SCALAR)],
    )


def scalars(data: TimeSeriesData) -> dict[int, float]:
    return {point.step: point.scalar.value for point in data.values}


def read(client: TensorboardServiceClient, series: str, **request: Any) -> dict[int, float]:
    response = client.read_tensorboard_time_series_data(
        request={"tensorboard_time_series": series, **request}
    )
    return scalars(response.time_series_data)


def test_a_tensorboard_is_created_changed_and_deleted(transport: str) -> None:
    board = aiplatform.Tensorboard.create(display_name="board", labels={"team": "a"})
    read = aiplatform.Tensorboard(board.resource_name)
    assert (read.display_name, read.labels, read.gca_resource.run_count) == (
        "board",
        {"team": "a"},
        0,
    )
    read.update(display_name="renamed", description="new", labels={"team": "b"})
    again = aiplatform.Tensorboard(board.resource_name)
    assert (again.display_name, again.gca_resource.description) == ("renamed", "new")
    assert again.labels == {"team": "b"}
    again.delete()
    with pytest.raises(NotFound):
        aiplatform.Tensorboard(board.resource_name)


def test_one_tensorboard_is_the_default(transport: str) -> None:
    boards = [
        aiplatform.Tensorboard.create(display_name=unique(), is_default=True) for _ in range(2)
    ]
    (default,) = aiplatform.Tensorboard.list(filter="is_default=true")
    assert default.resource_name == boards[1].resource_name
    boards[0].update(is_default=True)
    (default,) = aiplatform.Tensorboard.list(filter="is_default=true")
    assert default.resource_name == boards[0].resource_name


def test_runs_and_time_series_through_the_sdk(transport: str) -> None:
    board = aiplatform.Tensorboard.create(display_name=unique())
    experiment = aiplatform.TensorboardExperiment.create("experiment", board.name)
    run = aiplatform.TensorboardRun.create("run", experiment.resource_name)
    run.create_tensorboard_time_series("loss")
    run.create_tensorboard_time_series("auc")
    run.write_tensorboard_scalar_data({"loss": 0.5, "auc": 0.7}, step=1)
    run.write_tensorboard_scalar_data({"loss": 0.4}, step=2)
    found = run.read_time_series_data()
    assert {key: scalars(data) for key, data in found.items()} == {
        "loss": {1: 0.5, 2: 0.4},
        "auc": {1: 0.7},
    }
    assert [each.name for each in aiplatform.TensorboardExperiment.list(board.name)] == [
        "experiment"
    ]
    (listed,) = aiplatform.TensorboardTimeSeries.list(
        run.resource_name, filter='display_name = "auc"'
    )
    assert listed.gca_resource.metadata.max_step == 1
    assert aiplatform.Tensorboard(board.resource_name).gca_resource.run_count == 1
    experiment.delete()
    assert not aiplatform.TensorboardExperiment.list(board.name)


def test_points_are_read_thinned_filtered_and_exported(
    client: TensorboardServiceClient, run: str
) -> None:
    series = add_series(client, run)
    values = {step: float(step) for step in range(2500)}
    write_scalars(client, series, values)
    write_scalars(client, series, {2499: -1.0})  # replaces
    values[2499] = -1.0
    thinned = read(client, series)
    assert len(thinned) == 1000
    assert thinned.items() <= values.items()
    assert max(thinned) == 2499
    assert read(client, series, max_data_points=-1) == values
    assert len(read(client, series, max_data_points=7)) == 7
    assert read(client, series, filter="step >= 2498") == {2498: 2498.0, 2499: -1.0}
    late = 'wall_time > "1970-01-01T00:58:18Z"'
    assert read(client, series, filter=late) == {2499: -1.0}
    (batch,) = client.batch_read_tensorboard_time_series_data(
        request={"tensorboard": board_of(run), "time_series": [series]}
    ).time_series_data
    assert scalars(batch) == thinned
    exported = client.export_tensorboard_time_series_data(
        request={"tensorboard_time_series": series, "order_by": "step desc", "page_size": 2000}
    )
    assert len(exported.time_series_data_points) == 2000
    assert [point.step for point in exported] == list(range(2499, -1, -1))
    known = client.get_tensorboard_time_series(name=series).metadata
    assert (known.max_step, known.max_wall_time.timestamp()) == (2499, 3499)
    with refuses(InvalidArgument, "max_data_points"):
        read(client, series, max_data_points=-2)
    with refuses(InvalidArgument, "position 0"):
        read(client, series, filter="color=red")


def test_tensors_and_blobs(
    client: TensorboardServiceClient, run: str, cloud_environment: Any
) -> None:
    tensors = add_series(client, run, display_name="weights", value_type=TENSOR)
    blobs = add_series(client, run, display_name="images", value_type=BLOBS)
    bucket = client.get_tensorboard(name=board_of(run)).blob_storage_path_prefix
    ids = blobs.split("/")[5::2]
    folder = cloud_environment.home.joinpath("storage", bucket, f"tensorboard-{ids[0]}", *ids[1:])
    folder.mkdir(parents=True)
    (folder / "blob-1").write_bytes(b"\0picture")
    client.write_tensorboard_experiment_data(
        tensorboard_experiment=run.rpartition("/runs/")[0],
        write_run_data_requests=[
            {
                "tensorboard_run": run,
                "time_series_data": [
                    points(tensors, {1: {"tensor": {"value": b"\1\2", "version_number": 3}}}),
                    points(blobs, {1: {"blobs": {"values": [{"id": "blob-1"}]}}}),
                ],
            }
        ],
    )
    data = client.batch_read_tensorboard_time_series_data(
        request={"tensorboard": board_of(run), "time_series": [tensors, blobs]}
    ).time_series_data
    assert data[0].values[0].tensor.value == b"\1\2"
    assert data[1].values[0].blobs.values[0].id == "blob-1"
    request = {"time_series": blobs, "blob_ids": ["blob-1"]}
    received = [
        (blob.id, blob.data)
        for response in client.read_tensorboard_blob_data(request=request)
        for blob in response.blobs
    ]
    assert received == [("blob-1", b"\0picture")]
    assert client.get_tensorboard_time_series(name=blobs).metadata.max_blob_sequence_length == 1
    assert client.read_tensorboard_size(tensorboard=board_of(run)).storage_size_byte > 0
    with refuses(NotFound, "blob-2"):
        list(client.read_tensorboard_blob_data(request={**request, "blob_ids": ["blob-2"]}))
    with refuses(InvalidArgument, "blob_ids"):
        list(client.read_tensorboard_blob_data(request={**request, "blob_ids": ["../blob-1"]}))


def test_batches_are_created_all_or_none(client: TensorboardServiceClient, run: str) -> None:
    experiment = run.rpartition("/runs/")[0]

    def new(name: str) -> dict[str, Any]:
        shown = {"display_name": name}
        return {"parent": experiment, "tensorboard_run": shown, "tensorboard_run_id": name}

    created = client.batch_create_tensorboard_runs(
        parent=experiment, requests=[new("a"), new("b")]
    ).tensorboard_runs
    assert [each.display_name for each in created] == ["a", "b"]
    with refuses(InvalidArgument, "already exist"):
        client.batch_create_tensorboard_runs(parent=experiment, requests=[new("c"), new("a")])
    listed = client.list_tensorboard_runs(
        request={"parent": experiment, "order_by": "display_name"}
    )
    assert [each.display_name for each in listed] == ["a", "b", "run"]
    series = [
        {
            "parent": each.name,
            "tensorboard_time_series": {"display_name": "loss", "value_type": SCALAR},
        }
        for each in created
    ]
    made = client.batch_create_tensorboard_time_series(parent=experiment, requests=series)
    assert len(made.tensorboard_time_series) == 2
    with refuses(InvalidArgument, "requests is required"):
        client.batch_create_tensorboard_runs(parent=experiment, requests=[])
    with refuses(InvalidArgument, "is not below"):
        client.batch_create_tensorboard_time_series(
            parent=experiment, requests=[{**series[0], "parent": f"{board_of(run)}/x"}]
        )


def test_what_is_not_valid_is_refused(client: TensorboardServiceClient, run: str) -> None:
    experiment = run.rpartition("/runs/")[0]
    series = add_series(client, run)
    with refuses(InvalidArgument, "display_name"):
        client.create_tensorboard(parent=PARENT, tensorboard={})
    with refuses(AlreadyExists):
        client.create_tensorboard_experiment(
            parent=board_of(run), tensorboard_experiment_id="experiment"
        )
    with refuses(InvalidArgument, "tensorboard_experiment_id 'A' is malformed"):
        client.create_tensorboard_experiment(parent=board_of(run), tensorboard_experiment_id="A")
    with refuses(NotFound):
        client.create_tensorboard_run(
            parent=f"{experiment}-2",
            tensorboard_run={"display_name": "run"},
            tensorboard_run_id="run",
        )
    with refuses(InvalidArgument, "already exist"):
        add_series(client, run)
    with refuses(InvalidArgument, "value_type is required"):
        add_series(client, run, display_name="other", value_type=0)
    with refuses(NotFound, "timeSeries/none"):
        write_scalars(client, f"{run}/timeSeries/none", {1: 1.0})
    with refuses(InvalidArgument, "at most 5000"):
        write_scalars(client, series, dict.fromkeys(range(5001), 1.0))
    tensor = points(series, {1: {"tensor": {"value": b"1"}}})
    with refuses(InvalidArgument, "holds tensor"):
        client.write_tensorboard_run_data(tensorboard_run=run, time_series_data=[tensor])
    with refuses(InvalidArgument, "value_type is TENSOR"):
        client.write_tensorboard_run_data(
            tensorboard_run=run, time_series_data=[{**tensor, "value_type": TENSOR}]
        )
    with refuses(NotFound):
        client.batch_read_tensorboard_time_series_data(
            request={"tensorboard": board_of(run), "time_series": [f"{run}/timeSeries/none"]}
        )
    with refuses(NotFound):
        client.list_tensorboard_runs(parent=f"{experiment}-2")


def test_an_update_on_an_old_state_is_refused(client: TensorboardServiceClient, run: str) -> None:
    kept = client.get_tensorboard_run(name=run)
    mask = {"paths": ["description"]}
    client.update_tensorboard_run(
        tensorboard_run={"name": run, "description": "one"}, update_mask=mask
    )
    kept.description = "two"
    with refuses(Aborted, "has changed"):
        client.update_tensorboard_run(tensorboard_run=kept, update_mask=mask)
    assert client.get_tensorboard_run(name=run).description == "one"


def test_points_go_with_their_time_series(client: TensorboardServiceClient, run: str) -> None:
    series = add_series(client, run)
    write_scalars(client, series, {1: 1.0})
    assert client.read_tensorboard_size(tensorboard=board_of(run)).storage_size_byte > 0
    client.delete_tensorboard_experiment(name=run.rpartition("/runs/")[0]).result()
    assert client.read_tensorboard_size(tensorboard=board_of(run)).storage_size_byte == 0
    with refuses(NotFound):
        client.get_tensorboard_time_series(name=series)
