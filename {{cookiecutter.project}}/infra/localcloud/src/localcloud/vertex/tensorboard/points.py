"""Data points of TensorBoard time series, kept beside the resources."""

from collections.abc import Iterable

from google.cloud.aiplatform_v1.types import TimeSeriesDataPoint

from localcloud.rpc import raw
from localcloud.store import Store

_SCHEMA = (
    """create table if not exists tensorboard_points (
        series text not null, step integer not null, data blob not null,
        primary key (series, step)
    ) without rowid""",
    """create trigger if not exists tensorboard_points_end after delete on resources begin
        delete from tensorboard_points where series = old.name;
    end""",
)


class Points:
    """Data points by time series and step, durable; they go when the time series does."""

    def __init__(self, store: Store) -> None:
        self._store = store
        for statement in _SCHEMA:
            store.query(statement)

    def write(self, series: str, points: Iterable[TimeSeriesDataPoint]) -> None:
        """Add points; one of the same step is replaced."""
        for point in points:
            self._store.query(
                "insert or replace into tensorboard_points values (?, ?, ?)",
                series,
                point.step,
                raw(point).SerializeToString(),
            )

    def read(self, series: str) -> list[TimeSeriesDataPoint]:
        """All points of a time series, by step."""
        rows = self._store.query(
            "select data from tensorboard_points where series = ? order by step", series
        )
        return [TimeSeriesDataPoint.deserialize(data) for (data,) in rows]

    def size(self, tensorboard: str) -> int:
        """How many bytes the points of a TensorBoard take."""
        ((size,),) = self._store.query(
            "select total(length(data)) from tensorboard_points where substr(series, 1, ?) = ?",
            len(tensorboard) + 1,
            f"{tensorboard}/",
        )
        return int(size)
