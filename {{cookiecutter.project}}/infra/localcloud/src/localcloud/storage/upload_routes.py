"""Requests that bring objects: `/upload/storage/v1/b/BUCKET/o`, whole or resumable."""

import re
from typing import Any
from urllib.parse import quote

from google.api_core.exceptions import BadRequest
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from localcloud.storage.index import Metadata
from localcloud.storage.multipart import receive_multipart
from localcloud.storage.preconditions import Preconditions
from localcloud.storage.requests import base_address, json_body, parameter, storage
from localcloud.storage.resources import object_resource
from localcloud.storage.uploads import Session, receive

_RANGE = re.compile(r"bytes (?:\*|(\d+)-(\d+))/(\*|\d+)")
CANCELLED = 499  # what Cloud Storage answers to a cancelled resumable upload


async def post_upload(request: Request) -> Response:
    """`objects.insert` in its three ways: media, multipart or resumable."""
    if "upload_id" in request.query_params:
        return await put_upload(request)
    storage(request).buckets.require(parameter(request, "bucket"))
    match request.query_params.get("uploadType"):
        case "media":
            return await _insert(request, multipart=False)
        case "multipart":
            return await _insert(request, multipart=True)
        case "resumable":
            return await _begin(request)
        case other:
            raise BadRequest(f"Unknown uploadType '{other}'; use media, multipart or resumable.")


async def put_upload(request: Request) -> Response:
    """A chunk of a resumable upload, or the question how much of it is there."""
    uploads = storage(request).uploads
    session = uploads.get(request.query_params.get("upload_id", ""))
    if session.done:
        metadata = storage(request).objects.get(session.bucket, session.name)
        return _created(request, metadata)
    total = await _receive_chunk(request, session)
    received = uploads.received(session)
    if total != received:
        headers = {"Range": f"bytes=0-{received - 1}"} if received else None
        return Response(status_code=308, headers=headers)
    metadata = await run_in_threadpool(_finish, request, session)
    return _created(request, metadata)


async def delete_upload(request: Request) -> Response:
    """Cancel a resumable upload."""
    uploads = storage(request).uploads
    uploads.cancel(uploads.get(request.query_params.get("upload_id", "")))
    return Response(status_code=CANCELLED)


async def _insert(request: Request, *, multipart: bool) -> Response:
    served = storage(request)
    upload = served.uploads.new_file()
    content_type = request.headers.get("content-type", "")
    fields: dict[str, Any]
    try:
        if multipart:
            fields = await receive_multipart(request.stream(), content_type, upload)
        else:
            fields = {"contentType": content_type or None}
            await receive(request.stream(), upload)
        fields |= _hashes(request)
        metadata = await run_in_threadpool(
            served.objects.put,
            parameter(request, "bucket"),
            _object_name(request, fields),
            upload,
            fields,
            Preconditions.parse(request.query_params),
        )
    finally:
        upload.unlink(missing_ok=True)
    return _created(request, metadata)


async def _begin(request: Request) -> Response:
    served = storage(request)
    bucket = parameter(request, "bucket")
    fields = await json_body(request)
    name = _object_name(request, fields)
    if content_type := request.headers.get("x-upload-content-type"):
        fields.setdefault("contentType", content_type)
    Preconditions.parse(request.query_params).check(served.objects.find(bucket, name))
    session = served.uploads.begin(bucket, name, fields, request.query_params)
    response = Response(headers={"x-guploader-uploadid": session.id})
    location = (
        f"{base_address(request)}/upload/storage/v1/b/{bucket}/o"
        f"?uploadType=resumable&name={quote(name, safe='')}&upload_id={session.id}"
    )
    # TensorFlow looks for this spelling, which Starlette's own headers would not keep.
    response.raw_headers.append((b"Location", location.encode()))
    return response


async def _receive_chunk(request: Request, session: Session) -> int | None:
    """Take the chunk, if there is one; return the object's size, or None if not yet known."""
    uploads = storage(request).uploads
    header = request.headers.get("content-range")
    if header is None:
        await receive(request.stream(), uploads.data(session))
        return uploads.received(session)
    match = _RANGE.fullmatch(header)
    if match is None:
        raise BadRequest(f"Cannot read the header 'Content-Range: {header}'.")
    first, _, total = match.groups()
    if first is not None:
        await receive(request.stream(), uploads.data(session), int(first))
    return None if total == "*" else int(total)


def _finish(request: Request, session: Session) -> Metadata:
    served = storage(request)
    metadata = served.objects.put(
        session.bucket,
        session.name,
        served.uploads.data(session),
        session.fields | _hashes(request),
        Preconditions.parse(session.query),
    )
    served.uploads.finish(session)
    return metadata


def _object_name(request: Request, fields: dict[str, Any]) -> str:
    name = fields.get("name") or request.query_params.get("name")
    if not name:
        raise BadRequest("An upload needs the object's name.")
    return str(name)


def _hashes(request: Request) -> dict[str, str]:
    """The checksums that the client sent as a header."""
    names = {"crc32c": "crc32c", "md5": "md5Hash"}
    pairs = (pair.strip().split("=", 1) for pair in request.headers.getlist("x-goog-hash"))
    flat = (pair for pair in pairs if len(pair) == 2)
    return {names[key]: value for key, value in flat if key in names}


def _created(request: Request, metadata: Metadata) -> Response:
    return JSONResponse(object_resource(metadata, base_address(request)))


ROUTES = [
    Route(f"{prefix}/upload/storage/v1/b/{{bucket}}/o", endpoint, methods=[method])
    for prefix in ("", "/resumable")
    for method, endpoint in (
        ("POST", post_upload),
        ("PUT", put_upload),
        ("DELETE", delete_upload),
    )
]
