"""Log entries on disk, and the files whose lines become some."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from google.cloud.logging_v2.types import LogEntry

from localcloud.database import Database

_SCHEMA = """
pragma synchronous = off;
create table if not exists entries (
    log text not null, time integer not null, insert_id text not null, project text not null,
    data blob not null, primary key (log, time, insert_id)
);
create index if not exists entries_by_time on entries (project, time, insert_id);
create table if not exists files (
    path text primary key, template blob not null, offset integer not null, open integer not null
);
"""
Entry: TypeAlias = Any  # google.logging.v2.LogEntry as plain protobuf
LATEST = 2**63 - 1  # nanoseconds since 1970


@dataclass(frozen=True)
class LogFile:
    """A file of which each line is an entry like the template; `offset` is where to read on."""

    path: Path
    template: Entry
    offset: int


class LogStore(Database):
    """Entries by project and time. Writes outlive the process, but not the machine's loss of power.

    Entries of one log, time and insert id are one, as Cloud Logging has it.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, _SCHEMA)

    def write(self, project: str, entries: Iterable[Entry]) -> None:
        """Add complete entries to a project, given by its number."""
        with self.transaction():
            self._connection.executemany(
                "insert or replace into entries values (?, ?, ?, ?, ?)",
                [
                    (
                        each.log_name,
                        each.timestamp.ToNanoseconds(),
                        each.insert_id,
                        project,
                        each.SerializeToString(),
                    )
                    for each in entries
                ],
            )

    def between(
        self, project: str, first: int, last: int, *, newest_first: bool
    ) -> Iterator[Entry]:
        """The entries of a project whose times lie in a range, both ends included."""
        order = "time desc, insert_id" if newest_first else "time, insert_id"
        with self._lock:
            rows = self._connection.execute(
                f"select data from entries where project = ? and time between ? and ? order by {order}",  # noqa: E501, S608
                (project, first, last),
            ).fetchall()
        for (data,) in rows:
            yield LogEntry.pb().FromString(data)

    def logs(self, project: str) -> list[str]:
        """The names of a project's logs."""
        with self._lock:
            rows = self._connection.execute(
                "select distinct log from entries where project = ? order by log", (project,)
            ).fetchall()
        return [log for (log,) in rows]

    def delete_log(self, project: str, log: str) -> bool:
        """Forget a log's entries; whether there were some."""
        with self._lock:
            cursor = self._connection.execute(
                "delete from entries where project = ? and log = ?", (project, log)
            )
        return cursor.rowcount > 0

    def follow(self, path: Path, template: Entry) -> None:
        """Take a file's lines as entries from now on; one that was followed goes on."""
        with self._lock:
            self._connection.execute(
                "insert into files values (?, ?, 0, 1) on conflict (path) do update set open = 1",
                (str(path), template.SerializeToString()),
            )

    def open_files(self) -> list[LogFile]:
        """The files that are followed."""
        with self._lock:
            rows = self._connection.execute(
                "select path, template, offset from files where open"
            ).fetchall()
        return [
            LogFile(Path(path), LogEntry.pb().FromString(template), offset)
            for path, template, offset in rows
        ]

    def take(
        self, file: LogFile, project: str, entries: Iterable[Entry], offset: int, *, last: bool
    ) -> None:
        """Add what was read of a file up to an offset; the last of it when it has ended."""
        with self.transaction():
            self.write(project, entries)
            self._connection.execute(
                "update files set offset = ?, open = ? where path = ?",
                (offset, not last, str(file.path)),
            )

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()
