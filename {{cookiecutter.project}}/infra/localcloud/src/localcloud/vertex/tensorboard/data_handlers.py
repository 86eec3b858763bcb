"""The RPCs of TensorboardService that write and read data."""

from collections.abc import Iterator

from google.cloud.aiplatform_v1 import types

from localcloud.cloud import Cloud
from localcloud.vertex import filters
from localcloud.vertex.listing import page
from localcloud.vertex.tensorboard import boards, resources, time_series

_EXPORT_SIZES = (1000, 10_000)


def write_tensorboard_run_data(
    cloud: Cloud, request: types.WriteTensorboardRunDataRequest
) -> types.WriteTensorboardRunDataResponse:
    """Add points to time series of one run, or none if some are refused."""
    with cloud.store.transaction():
        cloud.store.get(request.tensorboard_run, types.TensorboardRun)
        time_series.write(cloud, request.tensorboard_run, request.time_series_data)
    return types.WriteTensorboardRunDataResponse()


def write_tensorboard_experiment_data(
    cloud: Cloud, request: types.WriteTensorboardExperimentDataRequest
) -> types.WriteTensorboardExperimentDataResponse:
    """Add points to time series of several runs, or none if some are refused."""
    with cloud.store.transaction():
        for each in request.write_run_data_requests:
            resources.check_below(f"{request.tensorboard_experiment}/runs", each.tensorboard_run)
            write_tensorboard_run_data(cloud, each)
    return types.WriteTensorboardExperimentDataResponse()


def read_tensorboard_time_series_data(
    cloud: Cloud, request: types.ReadTensorboardTimeSeriesDataRequest
) -> types.ReadTensorboardTimeSeriesDataResponse:
    """Points of one time series, thinned out if there are many."""
    data = time_series.read(
        cloud, request.tensorboard_time_series, request.max_data_points, request.filter
    )
    return types.ReadTensorboardTimeSeriesDataResponse(time_series_data=data)


def batch_read_tensorboard_time_series_data(
    cloud: Cloud, request: types.BatchReadTensorboardTimeSeriesDataRequest
) -> types.BatchReadTensorboardTimeSeriesDataResponse:
    """Points of several time series of one TensorBoard, thinned out if there are many."""
    for name in request.time_series:
        resources.check_below(request.tensorboard, name)
    data = time_series.read_batch(cloud, request.time_series)
    return types.BatchReadTensorboardTimeSeriesDataResponse(time_series_data=data)


def export_tensorboard_time_series_data(
    cloud: Cloud, request: types.ExportTensorboardTimeSeriesDataRequest
) -> types.ExportTensorboardTimeSeriesDataResponse:
    """All points of one time series that a filter selects, a page at a time."""
    name = request.tensorboard_time_series
    cloud.store.get(name, types.TensorboardTimeSeries)
    fields = time_series.POINT_FIELDS
    shown, token = page(
        cloud.points.read(name),
        request,
        order=tuple(fields),
        selects=filters.predicate(request.filter, fields),
        sizes=_EXPORT_SIZES,
    )
    return types.ExportTensorboardTimeSeriesDataResponse(
        time_series_data_points=shown, next_page_token=token
    )


def read_tensorboard_blob_data(
    cloud: Cloud, request: types.ReadTensorboardBlobDataRequest
) -> Iterator[types.ReadTensorboardBlobDataResponse]:
    """The blobs of a time series, each in a response of its own."""
    cloud.store.get(request.time_series, types.TensorboardTimeSeries)
    for blob in boards.read_blobs(cloud, request.time_series, request.blob_ids):
        yield types.ReadTensorboardBlobDataResponse(blobs=[blob])
