"""Requests about buckets: `/storage/v1/b`."""

from typing import Any

from google.api_core.exceptions import BadRequest
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from localcloud.resource_manager.projects import project_number
from localcloud.storage.requests import base_address, json_body, parameter, storage
from localcloud.storage.resources import DEFAULT_LOCATION, bucket_resource


def _resource(request: Request, name: str) -> dict[str, Any]:
    buckets = storage(request).buckets
    return bucket_resource(name, buckets.fields(name), buckets.created(name), base_address(request))


def list_buckets(request: Request) -> Response:
    """`buckets.list`: all of them, since buckets made by hand belong to no project."""
    prefix = request.query_params.get("prefix", "")
    names = [name for name in storage(request).buckets.names() if name.startswith(prefix)]
    return JSONResponse(
        {"kind": "storage#buckets", "items": [_resource(request, name) for name in names]}
    )


async def insert_bucket(request: Request) -> Response:
    """`buckets.insert`."""
    body = await json_body(request)
    name = body.get("name")
    if not isinstance(name, str):
        raise BadRequest("A bucket needs a name.")
    owner = str(project_number(request.query_params.get("project", "")))
    fields = {**body, "projectNumber": owner}
    await run_in_threadpool(storage(request).buckets.create, name, fields)
    return JSONResponse(_resource(request, name))


def get_bucket(request: Request) -> Response:
    """`buckets.get`."""
    return JSONResponse(_resource(request, parameter(request, "bucket")))


async def change_bucket(request: Request) -> Response:
    """`buckets.patch` and `buckets.update`."""
    name = parameter(request, "bucket")
    await run_in_threadpool(storage(request).buckets.change, name, await json_body(request))
    return JSONResponse(_resource(request, name))


def delete_bucket(request: Request) -> Response:
    """`buckets.delete`."""
    storage(request).delete_bucket(parameter(request, "bucket"))
    return Response(status_code=204)


def get_policy(request: Request) -> Response:
    """`buckets.getIamPolicy`: what was set last; nothing is enforced here."""
    fields = storage(request).buckets.fields(parameter(request, "bucket"))
    empty = {"kind": "storage#policy", "version": 1, "bindings": [], "etag": "CAE="}
    return JSONResponse(fields.get("policy", empty))


async def set_policy(request: Request) -> Response:
    """`buckets.setIamPolicy`."""
    policy = {"kind": "storage#policy", "etag": "CAE=", **await json_body(request)}
    name = parameter(request, "bucket")
    await run_in_threadpool(storage(request).buckets.change, name, {"policy": policy})
    return JSONResponse(policy)


def test_permissions(request: Request) -> Response:
    """`buckets.testIamPermissions`: whoever reaches localcloud may do everything."""
    storage(request).buckets.require(parameter(request, "bucket"))
    permissions = request.query_params.getlist("permissions")
    return JSONResponse({"kind": "storage#testIamPermissionsResponse", "permissions": permissions})


def get_layout(request: Request) -> Response:
    """`buckets.getStorageLayout`: a flat bucket in one region."""
    name = parameter(request, "bucket")
    location = storage(request).buckets.fields(name).get("location", DEFAULT_LOCATION)
    return JSONResponse(
        {
            "kind": "storage#storageLayout",
            "bucket": name,
            "location": location.upper(),
            "locationType": "region",
            "hierarchicalNamespace": {"enabled": False},
        }
    )


ROUTES = [
    Route("/storage/v1/b", list_buckets, methods=["GET"]),
    Route("/storage/v1/b", insert_bucket, methods=["POST"]),
    Route("/storage/v1/b/{bucket}", get_bucket, methods=["GET"]),
    Route("/storage/v1/b/{bucket}", change_bucket, methods=["PATCH", "PUT"]),
    Route("/storage/v1/b/{bucket}", delete_bucket, methods=["DELETE"]),
    Route("/storage/v1/b/{bucket}/iam", get_policy, methods=["GET"]),
    Route("/storage/v1/b/{bucket}/iam", set_policy, methods=["PUT"]),
    Route("/storage/v1/b/{bucket}/iam/testPermissions", test_permissions, methods=["GET"]),
    Route("/storage/v1/b/{bucket}/storageLayout", get_layout, methods=["GET"]),
]
