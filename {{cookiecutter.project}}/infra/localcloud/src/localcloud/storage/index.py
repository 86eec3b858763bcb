"""What the files themselves cannot say about objects and buckets, kept in one SQLite file."""

import json
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from localcloud.database import Database

_SCHEMA = """
create table if not exists objects (
    bucket text, name text, generation integer, data text, primary key (bucket, name)
) without rowid;
create table if not exists buckets (name text primary key, data text);
create table if not exists generations (last integer);
"""


@dataclass(frozen=True)
class Metadata:
    """What is kept about one object.

    `stamp` identifies the file's content (inode, size, time of change): when the file's own stamp
    differs, somebody else wrote it and this metadata no longer describes it. Times are RFC 3339.
    `fields` holds what the client may set: contentType, metadata, cacheControl and so on.
    """

    bucket: str
    name: str
    generation: int
    metageneration: int
    size: int
    md5: str
    crc32c: str
    created: str
    updated: str
    stamp: str
    fields: dict[str, Any] = field(default_factory=dict)


class Index(Database):
    """Durable metadata; one lock serialises writers."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, _SCHEMA)
        self._connection.execute("pragma synchronous = normal")

    def next_generation(self) -> int:
        """A generation above every earlier one: microseconds since 1970, as Google's look."""
        with self.transaction():
            row = self._connection.execute("select last from generations").fetchone()
            generation = max(time.time_ns() // 1000, row[0] + 1 if row else 0)
            self._connection.execute("delete from generations")
            self._connection.execute("insert into generations values (?)", (generation,))
            return generation

    def get(self, bucket: str, name: str) -> Metadata | None:
        """What is kept about an object, whether or not its file is still there."""
        with self._lock:
            row = self._connection.execute(
                "select data from objects where bucket = ? and name = ?", (bucket, name)
            ).fetchone()
        return Metadata(**json.loads(row[0])) if row else None

    def put(self, metadata: Metadata) -> None:
        """Add or replace the metadata of an object."""
        with self._lock:
            self._connection.execute(
                "insert or replace into objects values (?, ?, ?, ?)",
                (
                    metadata.bucket,
                    metadata.name,
                    metadata.generation,
                    json.dumps(asdict(metadata)),
                ),
            )

    def delete(self, bucket: str, name: str) -> None:
        """Forget an object."""
        with self._lock:
            self._connection.execute(
                "delete from objects where bucket = ? and name = ?", (bucket, name)
            )

    def folder_markers(self, bucket: str) -> set[str]:
        """Names of the folder markers of a bucket; each ends in `/`."""
        with self._lock:
            rows = self._connection.execute(
                "select name from objects where bucket = ? and name like '%/'", (bucket,)
            ).fetchall()
        return {name for (name,) in rows}

    def bucket(self, name: str) -> dict[str, Any]:
        """What a client has set on a bucket; empty for a folder that was made by hand."""
        with self._lock:
            row = self._connection.execute(
                "select data from buckets where name = ?", (name,)
            ).fetchone()
        fields: dict[str, Any] = json.loads(row[0]) if row else {}
        return fields

    def put_bucket(self, name: str, fields: dict[str, Any]) -> None:
        """Keep what a client has set on a bucket."""
        with self._lock:
            self._connection.execute(
                "insert or replace into buckets values (?, ?)", (name, json.dumps(fields))
            )

    def delete_bucket(self, name: str) -> None:
        """Forget a bucket and its objects."""
        with self.transaction():
            self._connection.execute("delete from buckets where name = ?", (name,))
            self._connection.execute("delete from objects where bucket = ?", (name,))
