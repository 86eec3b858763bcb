"""The ASGI application of the local Cloud Storage."""

from pathlib import Path

from google.api_core.exceptions import GoogleAPICallError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import ASGIApp

from localcloud.storage import batch, bucket_routes, object_routes, upload_routes
from localcloud.storage.requests import EncodedPath, api_error, http_error
from localcloud.storage.service import Storage


def create_storage_app(root: Path) -> ASGIApp:
    """Serve `root/BUCKET/OBJECT` as Cloud Storage: the JSON API, and GET and HEAD of the XML API.

    Bodies are streamed both ways. What is kept beside the files lies in `root` too, under names
    that no bucket can have.
    """
    app = Starlette(
        routes=[
            *bucket_routes.ROUTES,
            *object_routes.ROUTES,
            *upload_routes.ROUTES,
            *batch.ROUTES,
            Route("/storage/{rest:path}", _unserved, methods=_EVERY_METHOD),
            *object_routes.XML_ROUTES,
        ],
        middleware=[Middleware(EncodedPath)],
        exception_handlers={GoogleAPICallError: api_error, HTTPException: http_error},
    )
    app.router.redirect_slashes = False  # a name may end in one
    app.state.storage = Storage(root)
    return app


_EVERY_METHOD = ["DELETE", "GET", "PATCH", "POST", "PUT"]


def _unserved(_: Request) -> None:
    raise HTTPException(501)
