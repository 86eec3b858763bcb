"""What the `localcloud` command asks of the running server: `/localcloud/…` on loopback hosts.

Handlers take the cloud and the request's JSON, and return what is sent as JSON.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from localcloud.cloud import Cloud
from localcloud.status import what_runs

PREFIX = "/localcloud/"

Handler = Callable[[Cloud, dict[str, Any]], Any]

# method and path → what answers it
HANDLERS: Mapping[tuple[str, str], Handler] = {
    ("DELETE", "faults"): lambda cloud, content: {"removed": cloud.faults.clear(content.get("id"))},
    ("GET", "faults"): lambda cloud, _: list(cloud.faults.list()),
    ("GET", "status"): lambda cloud, _: what_runs(cloud),
    ("POST", "faults"): lambda cloud, content: cloud.faults.add(content),
}


def create_control_app(cloud: Cloud) -> ASGIApp:
    """Serve the handlers; a ValueError that one raises is told to the user."""
    return Starlette(
        routes=[
            Route(f"{PREFIX}{path}", _route(cloud, handler), methods=[method])
            for (method, path), handler in HANDLERS.items()
        ]
    )


def _route(cloud: Cloud, handler: Handler) -> Callable[[Request], Any]:
    async def answer(request: Request) -> Response:
        try:
            content = json.loads(await request.body() or b"{}")
            return JSONResponse(await run_in_threadpool(handler, cloud, content))
        except ValueError as error:
            return JSONResponse({"error": str(error)}, 400)

    return answer
