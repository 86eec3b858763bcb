"""Sending the bytes of an object, or a range of them, without holding them in memory."""

import re
from collections.abc import AsyncIterator
from datetime import datetime
from email.utils import format_datetime
from typing import BinaryIO

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from localcloud.storage.content import CHUNK
from localcloud.storage.index import Metadata
from localcloud.storage.requests import error_response
from localcloud.storage.resources import DEFAULT_CONTENT_TYPE, object_etag

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def media_response(file: BinaryIO, metadata: Metadata, range_header: str) -> Response:
    """The object's bytes; closes the file when they are sent.

    `range_header` is one range, such as `bytes=0-9`, `bytes=10-` or `bytes=-5`; anything else is
    ignored, as HTTP demands. A range that begins after the end is answered with 416.
    """
    size = metadata.size
    headers = _headers(metadata)
    wanted = _RANGE.fullmatch(range_header.strip())
    if wanted is None or not any(wanted.groups()):
        return _send(file, 0, size, 200, headers)
    first, last = _limits(wanted, size)
    if first >= size or last < first:
        file.close()
        refusal = error_response(416, "The requested range cannot be satisfied.")
        refusal.headers["content-range"] = f"bytes */{size}"
        return refusal
    headers["content-range"] = f"bytes {first}-{last}/{size}"
    return _send(file, first, last - first + 1, 206, headers)


def _send(
    file: BinaryIO, offset: int, length: int, status: int, headers: dict[str, str]
) -> Response:
    """Little at once, so that it leaves together with the headers; more of it as a stream."""
    if length <= CHUNK:
        with file:
            file.seek(offset)
            return Response(file.read(length), status, headers)
    headers["content-length"] = str(length)
    return StreamingResponse(_read(file, offset, length), status, headers)


def _limits(wanted: re.Match[str], size: int) -> tuple[int, int]:
    first, last = wanted.groups()
    if not first:
        return max(0, size - int(last)), size - 1
    return int(first), min(int(last), size - 1) if last else size - 1


def _headers(metadata: Metadata) -> dict[str, str]:
    fields = metadata.fields
    headers = {
        "content-type": fields.get("contentType", DEFAULT_CONTENT_TYPE),
        "content-encoding": fields.get("contentEncoding"),
        "content-disposition": fields.get("contentDisposition"),
        "content-language": fields.get("contentLanguage"),
        "cache-control": fields.get("cacheControl"),
        "accept-ranges": "bytes",
        "etag": object_etag(metadata),
        "last-modified": format_datetime(datetime.fromisoformat(metadata.updated), usegmt=True),
        "x-goog-hash": f"crc32c={metadata.crc32c},md5={metadata.md5}",
        "x-goog-generation": str(metadata.generation),
        "x-goog-metageneration": str(metadata.metageneration),
        "x-goog-storage-class": fields.get("storageClass", "STANDARD"),
        "x-goog-stored-content-length": str(metadata.size),
        "x-goog-stored-content-encoding": fields.get("contentEncoding", "identity"),
    }
    custom = {f"x-goog-meta-{key}": value for key, value in fields.get("metadata", {}).items()}
    return {key: str(value) for key, value in (headers | custom).items() if value is not None}


async def _read(file: BinaryIO, offset: int, length: int) -> AsyncIterator[bytes]:
    with file:
        file.seek(offset)
        while length > 0:
            chunk = await run_in_threadpool(file.read, min(CHUNK, length))
            if not chunk:
                return
            length -= len(chunk)
            yield chunk
