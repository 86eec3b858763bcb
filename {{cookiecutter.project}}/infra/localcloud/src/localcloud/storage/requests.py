"""What the handlers share: reading a request, and answering in Google's JSON."""

import json
from typing import Any, cast
from urllib.parse import unquote

from google.api_core.exceptions import BadRequest, GoogleAPICallError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from localcloud.storage.service import Storage

REASONS = {
    400: "invalid",
    404: "notFound",
    405: "methodNotAllowed",
    409: "conflict",
    412: "conditionNotMet",
    416: "requestedRangeNotSatisfiable",
    501: "notImplemented",
}


class EncodedPath:
    """Middleware that routes by the path as it was sent.

    The name of an object is one segment of it, in which `%2F` is not a separator.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http":
            scope = {**scope, "path": scope["raw_path"].decode("latin-1")}
        await self._app(scope, receive, send)


def storage(request: Request) -> Storage:
    """The Cloud Storage that this application serves."""
    served: Storage = request.app.state.storage
    return served


def parameter(request: Request, name: str) -> str:
    """A part of the path, decoded.

    Raises:
        BadRequest: it is not UTF-8.
    """
    try:
        return unquote(request.path_params[name], errors="strict")
    except UnicodeDecodeError:
        raise BadRequest("The name in the address is not UTF-8.") from None


def base_address(request: Request) -> str:
    """The scheme and host the client asked; the front door has ended TLS for Google's hosts."""
    host = request.headers.get("host", "storage.googleapis.com")
    secure = host.split(":")[0].endswith(".googleapis.com") or request.url.scheme == "https"
    return f"{'https' if secure else 'http'}://{host}"


async def json_body(request: Request) -> dict[str, Any]:
    """The body, which may be empty, as a JSON object.

    Raises:
        BadRequest: it is something else.
    """
    body = await request.body()
    try:
        parsed = json.loads(body or b"{}")
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict):
        raise BadRequest("The request's body must be a JSON object.")
    return parsed


def api_error(_: Request, error: Exception) -> Response:
    """An error of Google's exception classes as Google's JSON."""
    refusal = cast("GoogleAPICallError", error)
    return error_response(int(refusal.code or 500), refusal.message)


def http_error(request: Request, error: Exception) -> Response:
    """A path or method that nothing here serves."""
    return error_response(
        cast("HTTPException", error).status_code,
        f"localcloud does not serve {request.method} {request.url.path} of Cloud Storage.",
    )


def error_response(status: int, message: str) -> Response:
    """Google's JSON for an error; 304 has no body."""
    if status == 304:
        return Response(status_code=status)
    detail = {"message": message, "domain": "global", "reason": REASONS.get(status, "error")}
    return JSONResponse({"error": {"code": status, "message": message, "errors": [detail]}}, status)
