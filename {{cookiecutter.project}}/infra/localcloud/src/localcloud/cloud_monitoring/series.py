"""Time series on disk: who measured what, and the points of it."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from google.api.metric_pb2 import Metric, MetricDescriptor
from google.api.monitored_resource_pb2 import MonitoredResource
from google.cloud.monitoring_v3.types import TypedValue

from localcloud.database import Database

_SCHEMA = """
pragma synchronous = off;
create table if not exists descriptors (
    project text not null, type text not null, data blob not null, primary key (project, type)
);
create table if not exists series (
    id integer primary key, project text not null, type text not null, key text not null,
    metric blob not null, resource blob not null, kind integer not null,
    value_type integer not null, unit text not null, unique (project, key)
);
create index if not exists series_by_type on series (project, type);
create table if not exists points (
    series integer not null, "end" integer not null, start integer not null, value blob not null,
    primary key (series, "end")
) without rowid;
"""
Value: TypeAlias = Any  # google.monitoring.v3.TypedValue as plain protobuf


@dataclass(frozen=True)
class Point:
    """A value of the time from `start` to `end`, in nanoseconds since 1970."""

    start: int
    end: int
    value: Value


@dataclass(frozen=True)
class Identity:
    """What one series measures; the numbers of kind and type are those of MetricDescriptor."""

    project: str
    metric: Metric
    resource: MonitoredResource
    kind: int
    value_type: int
    unit: str = ""

    @property
    def key(self) -> str:
        """The same for two series exactly if their metric and resource are the same."""
        parts = [[each.type, sorted(each.labels.items())] for each in (self.metric, self.resource)]
        return json.dumps(parts)


class TimeSeriesStore(Database):
    """Points by series. Writes outlive the process, but not the machine's loss of power."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, _SCHEMA)

    def write(self, points: Iterable[tuple[Identity, Point]]) -> None:
        """Add points; a point that ends when another one of its series does replaces it."""
        with self.transaction():
            for identity, point in points:
                self._connection.execute(
                    "insert or replace into points values (?, ?, ?, ?)",
                    (self._id(identity), point.end, point.start, point.value.SerializeToString()),
                )

    def series(self, project: str, metric_type: str) -> list[tuple[int, Identity]]:
        """The series of a project and metric, with their numbers."""
        with self._lock:
            rows = self._connection.execute(
                "select id, metric, resource, kind, value_type, unit from series"
                " where project = ? and type = ? order by id",
                (project, metric_type),
            ).fetchall()
        return [
            (
                number,
                Identity(
                    project, Metric.FromString(metric), MonitoredResource.FromString(where), *rest
                ),
            )
            for number, metric, where, *rest in rows
        ]

    def points(self, series: int, after: int, until: int) -> list[Point]:
        """The points of a series that end after one time and not after another, oldest first."""
        with self._lock:
            rows = self._connection.execute(
                'select start, "end", value from points where series = ? and "end" > ?'
                ' and "end" <= ? order by "end"',
                (series, after, until),
            ).fetchall()
        return [_point(*row) for row in rows]

    def last(self, series: int, until: int) -> Point | None:
        """The latest point of a series that ends at a time or before."""
        with self._lock:
            row = self._connection.execute(
                'select start, "end", value from points where series = ? and "end" <= ?'
                ' order by "end" desc limit 1',
                (series, until),
            ).fetchone()
        return _point(*row) if row else None

    def find(self, identity: Identity) -> int | None:
        """The number of a series that has points, or None."""
        with self._lock:
            row = self._connection.execute(
                "select id from series where project = ? and key = ?",
                (identity.project, identity.key),
            ).fetchone()
        return row[0] if row else None

    def save_descriptor(self, project: str, descriptor: MetricDescriptor) -> None:
        """Add or replace the descriptor of a project's own metric."""
        with self._lock:
            self._connection.execute(
                "insert or replace into descriptors values (?, ?, ?)",
                (project, descriptor.type, descriptor.SerializeToString()),
            )

    def descriptors(self, project: str) -> Sequence[MetricDescriptor]:
        """The descriptors of a project's own metrics, by type."""
        with self._lock:
            rows = self._connection.execute(
                "select data from descriptors where project = ? order by type", (project,)
            ).fetchall()
        return [MetricDescriptor.FromString(data) for (data,) in rows]

    def delete_metric(self, project: str, metric_type: str) -> None:
        """Forget a project's own metric and all its points."""
        where = "where project = ? and type = ?"
        with self.transaction():
            self._connection.execute(
                f"delete from points where series in (select id from series {where})",  # noqa: S608
                (project, metric_type),
            )
            for table in ("series", "descriptors"):
                self._connection.execute(
                    f"delete from {table} {where}",  # noqa: S608 - no input
                    (project, metric_type),
                )

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def _id(self, identity: Identity) -> int:
        known = self.find(identity)
        if known is not None:
            return known
        cursor = self._connection.execute(
            "insert into series (project, type, key, metric, resource, kind, value_type, unit)"
            " values (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                identity.project,
                identity.metric.type,
                identity.key,
                identity.metric.SerializeToString(),
                identity.resource.SerializeToString(),
                identity.kind,
                identity.value_type,
                identity.unit,
            ),
        )
        return int(cursor.lastrowid or 0)


def _point(start: int, end: int, value: bytes) -> Point:
    return Point(start, end, TypedValue.pb().FromString(value))
