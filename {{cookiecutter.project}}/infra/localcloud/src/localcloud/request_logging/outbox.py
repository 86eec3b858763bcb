"""What has been logged and is not in BigQuery yet: on disk, so that `kill -9` loses none of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from localcloud.database import Database

_BATCH = 500  # rows that are written at once
_SCHEMA = """
pragma synchronous = off;
create table if not exists entries (
    id integer primary key, endpoint text not null, destination text not null, row text not null
);
"""


@dataclass(frozen=True)
class Entry:
    """A row, as JSON, and the table (`bq://…`) that it goes to."""

    id: int
    destination: str
    row: str


class Outbox(Database):
    """Rows in the order in which they came.

    It does not wait for the disk, so that logging costs a prediction nothing: rows outlive the
    process, but not the machine's loss of power.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, _SCHEMA)

    def add(self, endpoint: str, destination: str, row: str) -> None:
        """Keep a row that an endpoint has logged."""
        with self._lock:
            self._connection.execute(
                "insert into entries (endpoint, destination, row) values (?, ?, ?)",
                (endpoint, destination, row),
            )

    def oldest(self, endpoint: str = "") -> list[Entry]:
        """The oldest rows, of one endpoint or of all; those of one table, and not too many."""
        with self._lock:
            rows = self._connection.execute(
                "select id, destination, row from entries where ? in ('', endpoint)"
                " order by id limit ?",
                (endpoint, _BATCH),
            ).fetchall()
        entries = [Entry(*row) for row in rows]
        return [entry for entry in entries if entry.destination == entries[0].destination]

    def remove(self, entries: Sequence[Entry]) -> None:
        """Forget rows that are in BigQuery."""
        with self.transaction():
            self._connection.executemany(
                "delete from entries where id = ?", [(entry.id,) for entry in entries]
            )

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()
