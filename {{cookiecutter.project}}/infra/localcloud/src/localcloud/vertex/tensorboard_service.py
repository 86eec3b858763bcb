"""TensorboardService: TensorBoards, experiments, runs, time series and their data."""

from google.api_core.exceptions import InvalidArgument
from google.cloud.aiplatform_v1 import types
from google.protobuf.empty_pb2 import Empty

from localcloud.cloud import Cloud
from localcloud.operations import Operation
from localcloud.vertex.resources import location, new_id, operation_metadata
from localcloud.vertex.tensorboard import boards, resources
from localcloud.vertex.tensorboard.data_handlers import (  # noqa: F401 - handlers are found here by name
    batch_read_tensorboard_time_series_data,
    export_tensorboard_time_series_data,
    read_tensorboard_blob_data,
    read_tensorboard_time_series_data,
    write_tensorboard_experiment_data,
    write_tensorboard_run_data,
)

_TENSORBOARD_FIELDS = ("display_name", "description", "labels", "is_default")
_EXPERIMENT_FIELDS = ("display_name", "description", "labels")
_RUN_FIELDS = ("display_name", "description", "labels")
_SERIES_FIELDS = ("display_name", "description", "plugin_data")
_MOST_CREATED = 1000  # of one batch


def create_tensorboard(cloud: Cloud, request: types.CreateTensorboardRequest) -> Operation:
    """Keep a new TensorBoard, with a bucket for its blobs.

    Partly: `encryption_spec` has no effect.
    """
    tensorboard = types.Tensorboard(request.tensorboard)
    tensorboard.blob_storage_path_prefix = boards.new_blob_bucket(cloud.home.storage)
    with cloud.store.transaction():
        name = f"{request.parent}/tensorboards/{new_id()}"
        created = resources.create(cloud.store, name, tensorboard)
        boards.keep_one_default(cloud.store, created)
    metadata = types.CreateTensorboardOperationMetadata(generic_metadata=operation_metadata())
    return cloud.operations.done(name, created, metadata)


def get_tensorboard(cloud: Cloud, request: types.GetTensorboardRequest) -> types.Tensorboard:
    """One TensorBoard."""
    return boards.with_run_count(cloud.store, cloud.store.get(request.name, types.Tensorboard))


def list_tensorboards(
    cloud: Cloud, request: types.ListTensorboardsRequest
) -> types.ListTensorboardsResponse:
    """The TensorBoards of a location that a filter selects."""
    collection = f"{request.parent}/tensorboards"
    shown, token = resources.listed(
        cloud.store, collection, types.Tensorboard, request, ["is_default"], (100, 100)
    )
    return types.ListTensorboardsResponse(tensorboards=shown, next_page_token=token)


def update_tensorboard(cloud: Cloud, request: types.UpdateTensorboardRequest) -> Operation:
    """Change a TensorBoard's fields."""
    with cloud.store.transaction():
        updated = resources.update(
            cloud.store, request.tensorboard, request.update_mask, _TENSORBOARD_FIELDS
        )
        boards.keep_one_default(cloud.store, updated)
    metadata = types.UpdateTensorboardOperationMetadata(generic_metadata=operation_metadata())
    return cloud.operations.done(updated.name, updated, metadata)


def delete_tensorboard(cloud: Cloud, request: types.DeleteTensorboardRequest) -> Operation:
    """Forget a TensorBoard and all that is in it."""
    return _delete(cloud, request.name)


def read_tensorboard_size(
    cloud: Cloud, request: types.ReadTensorboardSizeRequest
) -> types.ReadTensorboardSizeResponse:
    """How many bytes the data of a TensorBoard takes, blobs not counted."""
    cloud.store.get(request.tensorboard, types.Tensorboard)
    return types.ReadTensorboardSizeResponse(
        storage_size_byte=cloud.points.size(request.tensorboard)
    )


def create_tensorboard_experiment(
    cloud: Cloud, request: types.CreateTensorboardExperimentRequest
) -> types.TensorboardExperiment:
    """Keep a new experiment."""
    experiment_id = request.tensorboard_experiment_id
    resources.check_id("tensorboard_experiment_id", experiment_id)
    experiment = types.TensorboardExperiment(request.tensorboard_experiment)
    experiment.display_name = experiment.display_name or experiment_id
    cloud.store.get(request.parent, types.Tensorboard)
    created: types.TensorboardExperiment = resources.create(
        cloud.store, f"{request.parent}/experiments/{experiment_id}", experiment
    )
    return created


def get_tensorboard_experiment(
    cloud: Cloud, request: types.GetTensorboardExperimentRequest
) -> types.TensorboardExperiment:
    """One experiment."""
    return cloud.store.get(request.name, types.TensorboardExperiment)


def list_tensorboard_experiments(
    cloud: Cloud, request: types.ListTensorboardExperimentsRequest
) -> types.ListTensorboardExperimentsResponse:
    """The experiments of a TensorBoard that a filter selects."""
    cloud.store.get(request.parent, types.Tensorboard)
    collection = f"{request.parent}/experiments"
    shown, token = resources.listed(
        cloud.store, collection, types.TensorboardExperiment, request, ["source"]
    )
    return types.ListTensorboardExperimentsResponse(
        tensorboard_experiments=shown, next_page_token=token
    )


def update_tensorboard_experiment(
    cloud: Cloud, request: types.UpdateTensorboardExperimentRequest
) -> types.TensorboardExperiment:
    """Change an experiment's fields."""
    updated: types.TensorboardExperiment = resources.update(
        cloud.store, request.tensorboard_experiment, request.update_mask, _EXPERIMENT_FIELDS
    )
    return updated


def delete_tensorboard_experiment(
    cloud: Cloud, request: types.DeleteTensorboardExperimentRequest
) -> Operation:
    """Forget an experiment and all its runs."""
    return _delete(cloud, request.name)


def create_tensorboard_run(
    cloud: Cloud, request: types.CreateTensorboardRunRequest
) -> types.TensorboardRun:
    """Keep a new run."""
    resources.check_id("tensorboard_run_id", request.tensorboard_run_id)
    collection = f"{request.parent}/runs"
    with cloud.store.transaction():
        cloud.store.get(request.parent, types.TensorboardExperiment)
        resources.check_unused(cloud.store, collection, request.tensorboard_run)
        created: types.TensorboardRun = resources.create(
            cloud.store, f"{collection}/{request.tensorboard_run_id}", request.tensorboard_run
        )
    return created


def batch_create_tensorboard_runs(
    cloud: Cloud, request: types.BatchCreateTensorboardRunsRequest
) -> types.BatchCreateTensorboardRunsResponse:
    """Keep several new runs of one experiment, or none if one of them is refused."""
    _check_batch(len(request.requests))
    with cloud.store.transaction():
        for each in request.requests:
            if each.parent != request.parent:
                raise InvalidArgument(f"parent of a run is {each.parent}; it is {request.parent}.")
        created = [create_tensorboard_run(cloud, each) for each in request.requests]
    return types.BatchCreateTensorboardRunsResponse(tensorboard_runs=created)


def get_tensorboard_run(
    cloud: Cloud, request: types.GetTensorboardRunRequest
) -> types.TensorboardRun:
    """One run."""
    return cloud.store.get(request.name, types.TensorboardRun)


def list_tensorboard_runs(
    cloud: Cloud, request: types.ListTensorboardRunsRequest
) -> types.ListTensorboardRunsResponse:
    """The runs of an experiment that a filter selects."""
    cloud.store.get(request.parent, types.TensorboardExperiment)
    collection = f"{request.parent}/runs"
    shown, token = resources.listed(cloud.store, collection, types.TensorboardRun, request)
    return types.ListTensorboardRunsResponse(tensorboard_runs=shown, next_page_token=token)


def update_tensorboard_run(
    cloud: Cloud, request: types.UpdateTensorboardRunRequest
) -> types.TensorboardRun:
    """Change a run's fields."""
    updated: types.TensorboardRun = resources.update(
        cloud.store, request.tensorboard_run, request.update_mask, _RUN_FIELDS
    )
    return updated


def delete_tensorboard_run(cloud: Cloud, request: types.DeleteTensorboardRunRequest) -> Operation:
    """Forget a run and its time series."""
    return _delete(cloud, request.name)


def create_tensorboard_time_series(
    cloud: Cloud, request: types.CreateTensorboardTimeSeriesRequest
) -> types.TensorboardTimeSeries:
    """Keep a new time series without points."""
    series = types.TensorboardTimeSeries(request.tensorboard_time_series)
    series.metadata = None
    series_id = request.tensorboard_time_series_id or new_id()
    resources.check_id("tensorboard_time_series_id", series_id)
    if not series.value_type:
        raise InvalidArgument("value_type is required; say what the time series holds.")
    collection = f"{request.parent}/timeSeries"
    with cloud.store.transaction():
        cloud.store.get(request.parent, types.TensorboardRun)
        resources.check_unused(cloud.store, collection, series)
        created: types.TensorboardTimeSeries = resources.create(
            cloud.store, f"{collection}/{series_id}", series
        )
    return created


def batch_create_tensorboard_time_series(
    cloud: Cloud, request: types.BatchCreateTensorboardTimeSeriesRequest
) -> types.BatchCreateTensorboardTimeSeriesResponse:
    """Keep several new time series of one experiment, or none if one of them is refused."""
    _check_batch(len(request.requests))
    with cloud.store.transaction():
        for each in request.requests:
            resources.check_below(f"{request.parent}/runs", each.parent)
        created = [create_tensorboard_time_series(cloud, each) for each in request.requests]
    return types.BatchCreateTensorboardTimeSeriesResponse(tensorboard_time_series=created)


def get_tensorboard_time_series(
    cloud: Cloud, request: types.GetTensorboardTimeSeriesRequest
) -> types.TensorboardTimeSeries:
    """One time series without its points."""
    return cloud.store.get(request.name, types.TensorboardTimeSeries)


def list_tensorboard_time_series(
    cloud: Cloud, request: types.ListTensorboardTimeSeriesRequest
) -> types.ListTensorboardTimeSeriesResponse:
    """The time series of a run that a filter selects."""
    cloud.store.get(request.parent, types.TensorboardRun)
    shown, token = resources.listed(
        cloud.store,
        f"{request.parent}/timeSeries",
        types.TensorboardTimeSeries,
        request,
        ["plugin_name", "value_type"],
    )
    return types.ListTensorboardTimeSeriesResponse(
        tensorboard_time_series=shown, next_page_token=token
    )


def update_tensorboard_time_series(
    cloud: Cloud, request: types.UpdateTensorboardTimeSeriesRequest
) -> types.TensorboardTimeSeries:
    """Change a time series' fields."""
    updated: types.TensorboardTimeSeries = resources.update(
        cloud.store, request.tensorboard_time_series, request.update_mask, _SERIES_FIELDS
    )
    return updated


def delete_tensorboard_time_series(
    cloud: Cloud, request: types.DeleteTensorboardTimeSeriesRequest
) -> Operation:
    """Forget a time series and its points."""
    return _delete(cloud, request.name)


def _delete(cloud: Cloud, name: str) -> Operation:
    cloud.store.delete(name)
    metadata = types.DeleteOperationMetadata(generic_metadata=operation_metadata())
    return cloud.operations.done(location(name), Empty(), metadata)


def _check_batch(size: int) -> None:
    if not 0 < size <= _MOST_CREATED:
        raise InvalidArgument(f"requests has {size} entries; give 1 to {_MOST_CREATED}.")
