"""Durable resources, kept by their resource names in one SQLite file."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from google.api_core.exceptions import AlreadyExists, NotFound

from localcloud.database import Database
from localcloud.rpc import raw

ResourceT = TypeVar("ResourceT")

_SCHEMA = """
create table if not exists resources (
    name text primary key, collection text not null, created integer not null, data blob not null
);
create index if not exists resources_by_collection on resources (collection, created);
create index if not exists resources_by_creation on resources (created);
"""


class Store(Database):
    """Protobuf resources by name. A write is on disk when the call returns.

    A resource's collection is its name without the last segment: `projects/p/locations/l/models`
    for `projects/p/locations/l/models/1`. One lock serialises writers; `editing` holds it
    from the read to the write, so no update is lost.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, _SCHEMA)

    def close(self) -> None:
        """Close the file; the store is of no use afterwards."""
        with self._lock:
            self._connection.close()

    def query(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run SQL on tables beside the resources, in the transaction that is open, if any."""
        with self._lock:
            return self._connection.execute(statement, values).fetchall()

    def create(self, resource: Any) -> None:
        """Add a resource under its `name`.

        Raises:
            AlreadyExists: a resource of that name is there.
        """
        with self.transaction():
            if self.exists(resource.name):
                raise AlreadyExists(f"Resource {resource.name} already exists.")
            self.save(resource)

    def save(self, resource: Any) -> None:
        """Add or replace the resource of this `name`; a replaced one keeps its place in lists."""
        name = resource.name
        with self._lock:
            self._connection.execute(
                "insert into resources values (?, ?, (select ifnull(max(created), 0) + 1"
                " from resources), ?) on conflict (name) do update set data = excluded.data",
                (name, name.rsplit("/", 1)[0], raw(resource).SerializeToString()),
            )

    def exists(self, name: str) -> bool:
        """Whether a resource of this name is kept."""
        with self._lock:
            row = self._connection.execute("select 1 from resources where name = ?", (name,))
            return row.fetchone() is not None

    def get(self, name: str, resource_type: type[ResourceT]) -> ResourceT:
        """The resource of this name, parsed as its type.

        Raises:
            NotFound: no such resource is kept.
        """
        with self._lock:
            row = self._connection.execute(
                "select data from resources where name = ?", (name,)
            ).fetchone()
        if row is None:
            raise NotFound(f"Resource {name} was not found.")
        return _parse(row[0], resource_type)

    def in_collection(self, collection: str, resource_type: type[ResourceT]) -> list[ResourceT]:
        """The resources of a collection, newest first, as Vertex lists them."""
        with self._lock:
            rows = self._connection.execute(
                "select data from resources where collection = ? order by created desc",
                (collection,),
            ).fetchall()
        return [_parse(data, resource_type) for (data,) in rows]

    def collections(self, suffix: str) -> list[str]:
        """Names of the kept collections that end so, such as `/pipelineJobs`."""
        with self._lock:
            rows = self._connection.execute(
                "select distinct collection from resources where collection like ?", (f"%{suffix}",)
            ).fetchall()
        return [collection for (collection,) in rows]

    @contextmanager
    def editing(self, name: str, resource_type: type[ResourceT]) -> Iterator[ResourceT]:
        """Read a resource, let the block change it, and save it unless the block raises.

        Raises:
            NotFound: no such resource is kept.
        """
        with self.transaction():
            resource = self.get(name, resource_type)
            yield resource
            self.save(resource)

    def delete(self, name: str) -> None:
        """Remove a resource and all that lies below it.

        Raises:
            NotFound: no such resource is kept.
        """
        with self.transaction():
            if not self.exists(name):
                raise NotFound(f"Resource {name} was not found.")
            self._connection.execute(
                "delete from resources where name = ? or substr(name, 1, ?) = ?",
                (name, len(name) + 1, f"{name}/"),
            )


def _parse(data: bytes, resource_type: type[ResourceT]) -> ResourceT:
    parse = getattr(resource_type, "deserialize", None) or resource_type.FromString  # type: ignore[attr-defined]
    resource: ResourceT = parse(data)
    return resource
