"""Writing and reading the data of time series."""

from collections.abc import Iterable, Sequence

from google.api_core.exceptions import InvalidArgument
from google.cloud.aiplatform_v1.types import (
    TensorboardTimeSeries,
    TimeSeriesData,
    TimeSeriesDataPoint,
)

from localcloud.cloud import Cloud
from localcloud.rpc import raw
from localcloud.vertex import filters

ValueType = TensorboardTimeSeries.ValueType

POINT_FIELDS: filters.Fields = {
    "step": lambda point: point.step,
    "wall_time": lambda point: point.wall_time,
}
_MOST_WRITTEN = 5000  # points of one request
_MOST_READ = 10_000
_READ_BY_DEFAULT = 1000
_BATCH_LIMITS = {ValueType.SCALAR: 1000}
_OTHER_BATCH_LIMIT = 100  # tensors and blobs
_ONEOF = {ValueType.SCALAR: "scalar", ValueType.TENSOR: "tensor", ValueType.BLOB_SEQUENCE: "blobs"}


def write(cloud: Cloud, run: str, written: Sequence[TimeSeriesData]) -> None:
    """Add points to time series of a run; one of the same step is replaced.

    Raises:
        NotFound: a time series is not there.
        InvalidArgument: there are too many points, or some are of another type.
    """
    count = sum(len(data.values) for data in written)
    if count > _MOST_WRITTEN:
        raise InvalidArgument(
            f"time_series_data has {count} points; write at most {_MOST_WRITTEN} at a time."
        )
    for data in written:
        name = f"{run}/timeSeries/{data.tensorboard_time_series_id}"
        with cloud.store.editing(name, TensorboardTimeSeries) as series:
            _check(series, data)
            _note(series, data.values)
            cloud.points.write(name, data.values)


def read(cloud: Cloud, name: str, most: int, text: str) -> TimeSeriesData:
    """The points of a time series that a filter selects, by step.

    Args:
        cloud: where the time series is.
        name: the time series.
        most: how many points to read at most; 0 for 1000, -1 for all.
        text: the filter, which can name `step` and `wall_time`.

    Raises:
        NotFound: the time series is not there.
        InvalidArgument: the filter cannot be read, or too many points are wanted.
    """
    if not -1 <= most <= _MOST_READ:
        raise InvalidArgument(f"max_data_points is {most}; give 1 to {_MOST_READ}, or -1 for all.")
    series = cloud.store.get(name, TensorboardTimeSeries)
    selects = filters.predicate(text, POINT_FIELDS)
    points = [point for point in cloud.points.read(name) if selects(point)]
    return _data(series, points if most == -1 else _sample(points, most or _READ_BY_DEFAULT))


def read_batch(cloud: Cloud, names: Sequence[str]) -> list[TimeSeriesData]:
    """Points of several time series: of each up to 1000 scalars or 100 others.

    Raises:
        NotFound: one of the time series is not there.
    """
    found = [cloud.store.get(name, TensorboardTimeSeries) for name in names]
    return [
        _data(
            series,
            _sample(
                cloud.points.read(series.name),
                _BATCH_LIMITS.get(series.value_type, _OTHER_BATCH_LIMIT),
            ),
        )
        for series in found
    ]


def _check(series: TensorboardTimeSeries, data: TimeSeriesData) -> None:
    if data.value_type and data.value_type != series.value_type:
        raise InvalidArgument(
            f"value_type is {data.value_type.name}, but {series.name} is a time series of"
            f" {series.value_type.name}."
        )
    wanted = _ONEOF[series.value_type]
    for point in data.values:
        kind = raw(point).WhichOneof("value")
        if kind != wanted:
            raise InvalidArgument(
                f"the point of step {point.step} holds {kind or 'no value'}; {series.name} takes"
                f" {wanted} only."
            )


def _note(series: TensorboardTimeSeries, points: Iterable[TimeSeriesDataPoint]) -> None:
    """Keep the largest step, time and number of blobs."""
    known = raw(series).metadata
    for point in map(raw, points):
        known.max_step = max(known.max_step, point.step)
        known.max_blob_sequence_length = max(
            known.max_blob_sequence_length, len(point.blobs.values)
        )
        if point.wall_time.ToNanoseconds() > known.max_wall_time.ToNanoseconds():
            known.max_wall_time.CopyFrom(point.wall_time)


def _sample(points: list[TimeSeriesDataPoint], most: int) -> list[TimeSeriesDataPoint]:
    """At most so many points, evenly spread, the last one always among them.

    Vertex takes them at random; taking them evenly gives the same answer each time.
    """
    if len(points) <= most:
        return points
    step = len(points) / most
    return [points[int((index + 1) * step) - 1] for index in range(most)]


def _data(series: TensorboardTimeSeries, points: list[TimeSeriesDataPoint]) -> TimeSeriesData:
    return TimeSeriesData(
        tensorboard_time_series_id=series.name.rpartition("/")[2],
        value_type=series.value_type,
        values=points,
    )
