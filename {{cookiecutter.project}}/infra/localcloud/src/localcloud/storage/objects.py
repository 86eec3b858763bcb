"""Objects: plain files below their bucket's folder, with an index for what files cannot say."""

import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from google.api_core.exceptions import BadRequest, Conflict, NotFound

from localcloud.storage.buckets import Buckets
from localcloud.storage.content import Fingerprint, fingerprint, stamp
from localcloud.storage.index import Index, Metadata
from localcloud.storage.names import (
    check_object_name,
    is_folder_marker,
    is_object_name,
    object_path,
)
from localcloud.storage.preconditions import Preconditions

SETTABLE = frozenset(
    {
        "cacheControl",
        "contentDisposition",
        "contentEncoding",
        "contentLanguage",
        "contentType",
        "customTime",
        "metadata",
        "storageClass",
    }
)
FOLDER_STAMP = "folder"  # the stamp of a folder marker: its folder changes with each file in it


class Objects:
    """Reads, writes and deletes objects.

    A file that a task drops into a bucket's folder is an object at once, and one it overwrites has
    a new generation: whoever asks next indexes it again.
    """

    def __init__(self, root: Path, index: Index, buckets: Buckets) -> None:
        self._root = root
        self._index = index
        self._buckets = buckets

    def get(self, bucket: str, name: str) -> Metadata:
        """The object as it is now.

        Raises:
            NotFound: there is no such object, or no such bucket.
        """
        metadata = self.find(bucket, name)
        if metadata is None:
            raise NotFound(f"No such object: {bucket}/{name}")
        return metadata

    def find(self, bucket: str, name: str) -> Metadata | None:
        """The object as it is now, or None.

        Raises:
            NotFound: there is no such bucket.
        """
        self._buckets.require(bucket)
        path = object_path(self._root, bucket, name)
        if not is_object_name(name) or path.is_dir() != is_folder_marker(name):
            return None
        try:
            current = FOLDER_STAMP if is_folder_marker(name) else stamp(path.stat())
        except (FileNotFoundError, NotADirectoryError):
            return None
        known = self._index.get(bucket, name)
        if known is not None and known.stamp == current:
            return known
        return None if is_folder_marker(name) else self._index_file(bucket, name, path)

    def open(self, bucket: str, name: str) -> tuple[BinaryIO, Metadata]:
        """The object's bytes and what describes exactly these bytes.

        Raises:
            NotFound: there is no such object.
        """
        while True:
            metadata = self.get(bucket, name)
            if is_folder_marker(name):
                return Path(os.devnull).open("rb"), metadata
            try:
                file = object_path(self._root, bucket, name).open("rb")
            except FileNotFoundError:
                continue  # deleted in between: asking again answers NotFound
            if stamp(os.fstat(file.fileno())) == metadata.stamp:
                return file, metadata
            file.close()  # overwritten in between

    def put(
        self,
        bucket: str,
        name: str,
        upload: Path,
        fields: Mapping[str, Any],
        preconditions: Preconditions,
    ) -> Metadata:
        """Make a finished upload the object of that name; the upload's file is moved there.

        `fields` are those of Google's object resource; a `md5Hash` or `crc32c` among them is
        compared with the content.

        Raises:
            BadRequest: the name cannot be stored, or a checksum does not match.
            Conflict: a file is in the way of a folder, or a folder in the way of the file.
            NotFound: there is no such bucket.
            PreconditionFailed: a precondition does not hold.
        """
        check_object_name(name)
        content = fingerprint(upload)
        _check_content(name, content, fields)
        with self._index.transaction():
            preconditions.check(self.find(bucket, name))
            place = self._place_folder if is_folder_marker(name) else self._place_file
            metadata = self._describe(bucket, name, content, stamp(upload.stat()), fields)
            if is_folder_marker(name):
                metadata = replace(metadata, stamp=FOLDER_STAMP)
            # First the index: were the process to die in between, the file would have another
            # stamp than the index says, and would be indexed afresh.
            self._index.put(metadata)
            place(upload, object_path(self._root, bucket, name))
        return metadata

    def change(
        self, bucket: str, name: str, fields: Mapping[str, Any], preconditions: Preconditions
    ) -> Metadata:
        """Set fields of an object; None removes one, also inside `metadata`.

        Raises:
            NotFound: there is no such object.
            PreconditionFailed: a precondition does not hold.
        """
        with self._index.transaction():
            current = self.get(bucket, name)
            preconditions.check(current)
            changed = replace(
                current,
                fields=_merge(current.fields, fields),
                metageneration=current.metageneration + 1,
                updated=_now(),
            )
            self._index.put(changed)
        return changed

    def delete(self, bucket: str, name: str, preconditions: Preconditions) -> None:
        """Remove an object, and folders that this leaves empty.

        Raises:
            NotFound: there is no such object.
            PreconditionFailed: a precondition does not hold.
        """
        with self._index.transaction():
            preconditions.check(self.get(bucket, name))
            path = object_path(self._root, bucket, name)
            if not is_folder_marker(name):
                path.unlink()
            self._index.delete(bucket, name)
            self._remove_empty_folders(bucket, path if is_folder_marker(name) else path.parent)

    def _index_file(self, bucket: str, name: str, path: Path) -> Metadata | None:
        """Describe a file that somebody else wrote."""
        try:
            before = stamp(path.stat())
            content = fingerprint(path)
        except FileNotFoundError:
            return None
        with self._index.transaction():
            known = self._index.get(bucket, name)
            if known is not None and known.stamp == before:
                return known
            metadata = self._describe(bucket, name, content, before, {})
            self._index.put(metadata)
        return metadata

    def _describe(
        self, bucket: str, name: str, content: Fingerprint, mark: str, fields: Mapping[str, Any]
    ) -> Metadata:
        now = _now()
        return Metadata(
            bucket=bucket,
            name=name,
            generation=self._index.next_generation(),
            metageneration=1,
            size=content.size,
            md5=content.md5,
            crc32c=content.crc32c,
            created=now,
            updated=now,
            stamp=mark,
            fields=_merge({}, fields),
        )

    def _place_file(self, upload: Path, path: Path) -> None:
        _make_folder(path.parent)
        if path.is_dir():
            _remove_folders_without_files(path)
        try:
            upload.replace(path)
        except IsADirectoryError:
            raise _in_the_way(path, f"objects below {path.name}/ exist") from None

    def _place_folder(self, upload: Path, path: Path) -> None:
        _make_folder(path)
        upload.unlink()

    def _remove_empty_folders(self, bucket: str, folder: Path) -> None:
        top = self._root / bucket
        markers = self._index.folder_markers(bucket)
        while folder != top and f"{folder.relative_to(top).as_posix()}/" not in markers:
            try:
                folder.rmdir()
            except OSError:  # not empty, or gone
                return
            folder = folder.parent


def _check_content(name: str, content: Fingerprint, fields: Mapping[str, Any]) -> None:
    for key, label, ours in (
        ("md5Hash", "MD5 hash", content.md5),
        ("crc32c", "CRC32C", content.crc32c),
    ):
        if fields.get(key, ours) != ours:
            raise BadRequest(
                f'Provided {label} "{fields[key]}" doesn\'t match calculated {label} "{ours}".'
            )
    if is_folder_marker(name) and content.size:
        raise BadRequest(
            f"localcloud keeps '{name}' as a folder, so it cannot have content; leave out the last"
            " '/' of the name."
        )


def _merge(current: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**current, **{key: changes[key] for key in changes if key in SETTABLE}}
    if isinstance(custom := merged.get("metadata"), dict):
        custom = {**(current.get("metadata") or {}), **custom}
        merged["metadata"] = {key: value for key, value in custom.items() if value is not None}
    return {key: value for key, value in merged.items() if value is not None}


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise _in_the_way(folder, "one of its folders exists as an object") from None


def _remove_folders_without_files(top: Path) -> None:
    for folder, _, _ in os.walk(top, topdown=False):
        try:
            Path(folder).rmdir()
        except OSError:  # it holds a file: what asked for the room reports that
            return


def _in_the_way(path: Path, reason: str) -> Conflict:
    return Conflict(
        f"localcloud keeps objects as plain files, and '{path.name}' cannot be a file and a folder"
        f" at once: {reason}; use another name."
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
