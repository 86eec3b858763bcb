"""Buckets: folders below the storage root."""

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from google.api_core.exceptions import Conflict, NotFound

from localcloud.storage.index import Index
from localcloud.storage.names import check_bucket_name, is_bucket_name

SETTABLE = frozenset(
    {
        "autoclass",
        "cors",
        "defaultEventBasedHold",
        "encryption",
        "hierarchicalNamespace",
        "iamConfiguration",
        "labels",
        "lifecycle",
        "location",
        "logging",
        "projectNumber",
        "retentionPolicy",
        "softDeletePolicy",
        "storageClass",
        "versioning",
        "website",
    }
)  # kept and given back; localcloud acts on none of them


class Buckets:
    """Creates, finds and deletes buckets. A folder made by hand is a bucket too."""

    def __init__(self, root: Path, index: Index) -> None:
        self._root = root
        self._index = index

    def create(self, name: str, fields: dict[str, Any]) -> None:
        """Make a bucket.

        Raises:
            BadRequest: the name breaks the rules.
            Conflict: there is such a bucket.
        """
        check_bucket_name(name)
        try:
            (self._root / name).mkdir()
        except FileExistsError:
            raise Conflict(
                "Your previous request to create the named bucket succeeded and you already own it."
            ) from None
        self.change(name, fields)

    def change(self, name: str, fields: dict[str, Any]) -> None:
        """Set fields of a bucket; None removes one.

        Raises:
            NotFound: there is no such bucket.
        """
        self.require(name)
        with self._index.transaction():
            merged = {**self._index.bucket(name), **fields}
            kept = {
                key: value
                for key, value in merged.items()
                if key in SETTABLE | {"policy"} and value is not None
            }
            self._index.put_bucket(name, kept)

    def fields(self, name: str) -> dict[str, Any]:
        """What has been set on a bucket.

        Raises:
            NotFound: there is no such bucket.
        """
        self.require(name)
        return self._index.bucket(name)

    def created(self, name: str) -> str:
        """When the bucket's folder last changed its name or place, in RFC 3339."""
        seconds = (self._root / name).stat().st_ctime
        return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")

    def names(self) -> list[str]:
        """All buckets in order."""
        return sorted(
            entry.name
            for entry in self._root.iterdir()
            if entry.is_dir() and is_bucket_name(entry.name)
        )

    def require(self, name: str) -> None:
        """Refuse unless there is such a bucket.

        Raises:
            BadRequest: the name breaks the rules.
            NotFound: there is no such bucket.
        """
        check_bucket_name(name)
        if not (self._root / name).is_dir():
            raise NotFound(f"The specified bucket does not exist: {name}.")

    def remove(self, name: str) -> None:
        """Remove the folder of a bucket that holds no objects, with any empty folders in it."""
        shutil.rmtree(self._root / name)
        self._index.delete_bucket(name)
