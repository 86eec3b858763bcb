"""Requests about objects: `/storage/v1/b/BUCKET/o`."""

import shutil
from typing import Any

from google.api_core.exceptions import BadRequest, NotFound
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from localcloud.storage.index import Metadata
from localcloud.storage.listing import Options
from localcloud.storage.media import media_response
from localcloud.storage.preconditions import Preconditions
from localcloud.storage.requests import base_address, json_body, parameter, storage
from localcloud.storage.resources import object_resource
from localcloud.storage.service import Storage


def list_objects(request: Request) -> Response:
    """`objects.list`; there are no older versions, so `versions` changes nothing."""
    options = Options.parse(request.query_params)
    objects, page = storage(request).list_objects(parameter(request, "bucket"), options)
    base = base_address(request)
    body: dict[str, Any] = {"kind": "storage#objects"}
    if objects:
        body["items"] = [object_resource(metadata, base) for metadata in objects]
    if page.prefixes:
        body["prefixes"] = page.prefixes
    if page.next_token:
        body["nextPageToken"] = page.next_token
    return JSONResponse(body)


def get_object(request: Request) -> Response:
    """`objects.get`: the resource, or with `alt=media` the bytes."""
    if request.query_params.get("alt") == "media":
        return get_media(request)
    metadata = storage(request).objects.get(*_names(request))
    _check_reading(request, metadata)
    return JSONResponse(object_resource(metadata, base_address(request)))


def get_media(request: Request) -> Response:
    """`objects.get` with `alt=media`, and GET and HEAD of the XML API."""
    file, metadata = storage(request).objects.open(*_names(request))
    try:
        _check_reading(request, metadata)
        return media_response(file, metadata, request.headers.get("range", ""))
    except BaseException:
        file.close()
        raise


async def change_object(request: Request) -> Response:
    """`objects.patch` and `objects.update`."""
    bucket, name = _names(request)
    conditions = Preconditions.parse(request.query_params)
    fields = await json_body(request)
    metadata = await run_in_threadpool(
        storage(request).objects.change, bucket, name, fields, conditions
    )
    return JSONResponse(object_resource(metadata, base_address(request)))


def delete_object(request: Request) -> Response:
    """`objects.delete`."""
    bucket, name = _names(request)
    objects = storage(request).objects
    _check_generation(request, objects.get(bucket, name))
    objects.delete(bucket, name, Preconditions.parse(request.query_params))
    return Response(status_code=204)


async def copy_object(request: Request) -> Response:
    """`objects.copy`."""
    metadata = await _copy(request)
    return JSONResponse(object_resource(metadata, base_address(request)))


async def rewrite_object(request: Request) -> Response:
    """`objects.rewrite`: a copy that is always done at once."""
    metadata = await _copy(request)
    return JSONResponse(
        {
            "kind": "storage#rewriteResponse",
            "totalBytesRewritten": str(metadata.size),
            "objectSize": str(metadata.size),
            "done": True,
            "resource": object_resource(metadata, base_address(request)),
        }
    )


async def compose_object(request: Request) -> Response:
    """`objects.compose`: one object from up to 32."""
    body = await json_body(request)
    metadata = await run_in_threadpool(_compose, request, body)
    return JSONResponse(object_resource(metadata, base_address(request)))


async def _copy(request: Request) -> Metadata:
    return await run_in_threadpool(_copy_with, request, await json_body(request))


def _copy_with(request: Request, fields: dict[str, Any]) -> Metadata:
    served = storage(request)
    query = request.query_params
    file, source = served.objects.open(*_names(request))
    upload = served.uploads.new_file()
    with file:
        Preconditions.parse(query, "ifSource").check(source)
        if query.get("sourceGeneration", str(source.generation)) != str(source.generation):
            raise _no_such_generation(source)
        with upload.open("wb") as copy:
            shutil.copyfileobj(file, copy)
    fields = {**source.fields, **fields, "md5Hash": source.md5, "crc32c": source.crc32c}
    destination = parameter(request, "to_bucket"), parameter(request, "to_object")
    try:
        return served.objects.put(*destination, upload, fields, Preconditions.parse(query))
    finally:
        upload.unlink(missing_ok=True)


def _compose(request: Request, body: dict[str, Any]) -> Metadata:
    served = storage(request)
    bucket, name = _names(request)
    sources = body.get("sourceObjects") or []
    if not 1 <= len(sources) <= 32:
        raise BadRequest("Compose 1 to 32 source objects.")
    upload = served.uploads.new_file()
    try:
        with upload.open("wb") as whole:
            for source in sources:
                _append(served, bucket, source, whole)
        fields = body.get("destination") or {}
        conditions = Preconditions.parse(request.query_params)
        return served.objects.put(bucket, name, upload, fields, conditions)
    finally:
        upload.unlink(missing_ok=True)


def _append(served: Storage, bucket: str, source: dict[str, Any], whole: Any) -> None:
    file, metadata = served.objects.open(bucket, str(source.get("name")))
    with file:
        Preconditions.parse(source.get("objectPreconditions") or {}).check(metadata)
        if str(source.get("generation", metadata.generation)) != str(metadata.generation):
            raise _no_such_generation(metadata)
        shutil.copyfileobj(file, whole)


def _names(request: Request) -> tuple[str, str]:
    return parameter(request, "bucket"), parameter(request, "object")


def _check_reading(request: Request, metadata: Metadata) -> None:
    _check_generation(request, metadata)
    Preconditions.parse(request.query_params).check(metadata, reading=True)


def _check_generation(request: Request, metadata: Metadata) -> None:
    """Only the newest generation of an object is kept."""
    wanted = request.query_params.get("generation")
    if wanted not in (None, str(metadata.generation)):
        raise _no_such_generation(metadata)


def _no_such_generation(metadata: Metadata) -> NotFound:
    return NotFound(
        f"No such object: {metadata.bucket}/{metadata.name} in that generation; localcloud keeps"
        f" only the newest, {metadata.generation}."
    )


_OBJECT = "/storage/v1/b/{bucket}/o/{object}"
_TO = "/b/{to_bucket}/o/{to_object}"

ROUTES = [
    Route("/storage/v1/b/{bucket}/o", list_objects, methods=["GET"]),
    Route(_OBJECT, get_object, methods=["GET"]),
    Route(_OBJECT, change_object, methods=["PATCH", "PUT"]),
    Route(_OBJECT, delete_object, methods=["DELETE"]),
    Route(f"{_OBJECT}/copyTo{_TO}", copy_object, methods=["POST"]),
    Route(f"{_OBJECT}/rewriteTo{_TO}", rewrite_object, methods=["POST"]),
    Route(f"{_OBJECT}/compose", compose_object, methods=["POST"]),
    Route("/download/storage/v1/b/{bucket}/o/{object}", get_media, methods=["GET"]),
]
XML_ROUTES = [Route("/{bucket}/{object:path}", get_media, methods=["GET"])]
