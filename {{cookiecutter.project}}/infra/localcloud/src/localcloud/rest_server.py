"""The web application: Cloud Storage, BigQuery and access tokens by host, RPCs over REST.

Google's REST surface of an RPC is transcoded from its HTTP bindings; see `transcoding`.
"""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from urllib.parse import parse_qs, urlsplit

from google.api_core.exceptions import GoogleAPICallError, InvalidArgument
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from localcloud import call_context, errors, handlers
from localcloud.cloud import Cloud
from localcloud.control_api import PREFIX, create_control_app
from localcloud.fault_injection import with_faults
from localcloud.grpc_server import MESSAGE_LIMIT
from localcloud.hosts import is_dedicated_host, is_google_host, is_pipelines_host
from localcloud.pipeline_repositories import requests as pipeline_requests
from localcloud.prediction.invocations import invoke, is_invocation
from localcloud.preview import is_preview, stable_path
from localcloud.transcoding import Match, Router, parse_request, render, render_stream

_STORAGE_HOSTS = ("storage.googleapis.com", "www.googleapis.com")
_STORAGE_PATHS = (
    "/storage/v1",
    "/upload/storage/v1",
    "/resumable/upload/storage/v1",
    "/download/storage/v1",
    "/batch/storage/v1",
)
_BIGQUERY_HOST = "bigquery.googleapis.com"
_BIGQUERY_PATHS = ("/bigquery/v2", "/upload/bigquery/v2", "/resumable/upload/bigquery/v2")
_TOKEN_PATHS = ("/token", "/oauth2/v4/token", "/oauth2/v3/token")
_BORROWING = ("iamcredentials.googleapis.com", ":generateAccessToken")
_LOOPBACK = ("127.0.0.1", "localhost")
_REFUSAL = PlainTextResponse("localcloud answers programs on this machine only.", 403)
_LOG = logging.getLogger(__name__)


def create_app(cloud: Cloud, storage: ASGIApp, bigquery: ASGIApp) -> ASGIApp:
    """Everything that is served over HTTP/1.1, as one ASGI application."""
    rpcs = rest_app(cloud)
    invocations = _as_app(partial(invoke, cloud))
    pipelines = _as_app(partial(pipeline_requests.answer, cloud.home.pipelines))
    control = create_control_app(cloud)
    storage = with_faults(storage, "storage", cloud.faults)
    bigquery = with_faults(bigquery, "bigquery", cloud.faults)

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise ValueError(f"localcloud does not serve {scope['type']} connections.")
        host = _host(scope)
        if _is_from_elsewhere(scope, host):
            return await _REFUSAL(scope, receive, send)
        scope["scheme"] = "https" if is_google_host(host) else "http"
        try:
            await _application(host, scope["path"])(scope, receive, send)
        except ClientDisconnect:
            _LOG.debug("a client left before its request was complete")

    def _application(host: str, path: str) -> ASGIApp:
        if path.startswith(PREFIX) and not is_google_host(host):
            return control
        if path in _TOKEN_PATHS:
            return _token
        if host == _BORROWING[0] and path.endswith(_BORROWING[1]):
            return _borrowed_token
        if is_pipelines_host(host):
            return pipelines
        if host == _BIGQUERY_HOST or path.startswith(_BIGQUERY_PATHS):
            return bigquery
        if host.endswith(_STORAGE_HOSTS) or path.startswith(_STORAGE_PATHS):
            return storage
        return invocations if is_dedicated_host(host) and is_invocation(path) else rpcs

    return dispatch


def rest_app(cloud: Cloud) -> ASGIApp:
    """The RPCs of the handler table, over REST."""
    router = Router(handlers.all_rpcs().values())

    def respond(request: Request, body: bytes) -> Response:
        path = request.url.path
        match = router.match(request.method, stable_path(path))
        if match is None or (is_preview(path) and handlers.handler(match.rpc.path) is None):
            raise handlers.not_served(f"{request.method} https://{request.url.hostname}{path}")
        return _call(cloud, match, request, body)

    return _as_app(respond)


def _call(cloud: Cloud, match: Match, request: Request, body: bytes) -> Response:
    query = parse_qs(request.url.query, keep_blank_values=True)
    message = parse_request(match, query, body, request.headers.get("content-type", ""))
    integer_enums = any("enum-encoding=int" in value for value in query.get("$alt", []))
    response = handlers.call(cloud, match.rpc.path, message)
    if match.rpc.streaming:
        chunks, media_type = render_stream(response, integer_enums=integer_enums)
        return StreamingResponse(chunks, headers={"content-type": media_type})
    content, media_type = render(response, integer_enums=integer_enums)
    return Response(content, headers={"content-type": media_type})


async def _body(request: Request) -> bytes:
    """The request's body, no larger than a gRPC message may be."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MESSAGE_LIMIT:
            raise InvalidArgument(f"Request payload size exceeds the limit: {MESSAGE_LIMIT} bytes.")
    return bytes(body)


def _error(request: Request, error: Exception) -> Response:
    if not isinstance(error, GoogleAPICallError):
        _LOG.error("%s %s failed", request.method, request.url.path, exc_info=error)
        error = errors.internal(error)
    content = errors.to_json(error)
    return Response(content, status_code=errors.http_status(error), media_type="application/json")


def _is_from_elsewhere(scope: Scope, host: str) -> bool:
    """Whether a web page of another site sends this, which a browser on this machine would do.

    Google's clients send no Origin; a page that has its own name resolve to loopback says so in
    Host.
    """
    if not is_google_host(host) and host not in _LOOPBACK:
        return True
    origin = _header(scope, b"origin")
    return bool(origin) and urlsplit(origin).netloc != _header(scope, b"host")


async def _token(scope: Scope, receive: Receive, send: Send) -> None:
    """Give whoever asks an access token; it is worth nothing outside this localcloud."""
    token = {"access_token": "localcloud", "expires_in": 3600, "token_type": "Bearer"}
    await JSONResponse(token)(scope, receive, send)


async def _borrowed_token(scope: Scope, receive: Receive, send: Send) -> None:
    """The same for who acts as another account, which nobody is kept from here."""
    expires = datetime.now(UTC) + timedelta(hours=1)
    token = {"accessToken": "localcloud", "expireTime": f"{expires:%Y-%m-%dT%H:%M:%SZ}"}
    await JSONResponse(token)(scope, receive, send)


def _as_app(respond: Callable[[Request, bytes], Response]) -> ASGIApp:
    """Serves requests with their whole bodies in threads; errors become Google's error JSON."""

    def respond_in_context(request: Request, body: bytes) -> Response:
        preview = is_preview(request.url.path)
        with call_context.entering(_host(request.scope), preview=preview) as surroundings:
            response = respond(request, body)
        response.headers.update(surroundings.response_headers)
        return response

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            body = await _body(request)
            response = await run_in_threadpool(respond_in_context, request, body)
        except ClientDisconnect:
            raise
        except Exception as error:
            response = _error(request, error)
        await response(scope, receive, send)

    return app


def _host(scope: Scope) -> str:
    name, _, port = _header(scope, b"host").lower().rpartition(":")
    return name if port.isdigit() else _header(scope, b"host").lower()


def _header(scope: Scope, name: bytes) -> str:
    headers: list[tuple[bytes, bytes]] = scope["headers"]
    return next((value for key, value in headers if key == name), b"").decode("latin-1")
