"""Passing REST requests on to the child process, and its answers back."""

import asyncio
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import httpx
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

_HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-authorization", "proxy-connection", "te", "upgrade"}
    | {"transfer-encoding", "trailer", "x-forwarded-proto", "expect"}
)
_CONNECT_SECONDS = 5.0
# A connection is not used again once the child may be closing it: uvicorn does after 5 s.
_IDLE_SECONDS = 2.0
_STATUS = {"accessDenied": 403, "duplicate": 409, "notFound": 404, "notImplemented": 501}

Headers = list[tuple[bytes, bytes]]


class Forwarder:
    """An ASGI application: requests and answers are streamed through, over kept connections."""

    def __init__(self, find_address: Callable[[], str], log: Path) -> None:
        """Pass on to where `find_address` says (`HOST:PORT`), which may take its time.

        `log` is named when nobody answers there.
        """
        self._find_address = find_address
        self._log = log
        # A query takes as long as it takes; and no proxy of the environment is on the way.
        patience = httpx.Timeout(None, connect=_CONNECT_SECONDS)
        limits = httpx.Limits(keepalive_expiry=_IDLE_SECONDS)
        self._client = httpx.AsyncClient(timeout=patience, limits=limits, trust_env=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        try:
            response = await self._pass_on(request, await asyncio.to_thread(self._find_address))
        except ChildProcessError as error:
            response = _stopped(str(error))
        except httpx.TransportError as error:
            response = _stopped(f"The local BigQuery has ended ({error}); {self._log} says why.")
        await response(scope, receive, send)

    async def _pass_on(self, request: Request, address: str) -> Response:
        upstream = self._client.build_request(
            request.method,
            httpx.URL(f"http://{address}", raw_path=request.scope["raw_path"] + _query(request)),
            headers=_request_headers(request),
            content=request.stream() if _has_body(request) else None,
        )
        answer = await self._client.send(upstream, stream=True)
        if answer.status_code == httpx.codes.INTERNAL_SERVER_ERROR:
            await answer.aclose()
            return self._broken()
        if request.method == "POST" and request.url.path.endswith("/queries"):
            return await _query_answer(answer)
        response = StreamingResponse(
            answer.aiter_raw(), answer.status_code, background=BackgroundTask(answer.aclose)
        )
        response.raw_headers = _kept(answer.headers.raw)
        return response

    def _broken(self) -> Response:
        message = f"The local BigQuery cannot do this, though Google's may; {self._log} says why."
        return _error(501, "notImplemented", message)


def _stopped(message: str) -> Response:
    # A reason of ours: clients would try again for minutes after one of Google's.
    return _error(503, "stopped", message)


async def _query_answer(answer: httpx.Response) -> Response:
    """An answer of `jobs.query`: Google's has an HTTP status when the query failed."""
    body = await answer.aread()
    failure = _failure(body) if answer.status_code == httpx.codes.OK else None
    if failure:
        reason = failure.get("reason", "invalidQuery")
        return _error(_STATUS.get(reason, 400), reason, failure.get("message", ""))
    response = Response(body, answer.status_code)
    headers = _kept(answer.headers.raw, without={b"content-encoding", b"content-length"})
    response.raw_headers = [*headers, (b"content-length", str(len(body)).encode())]
    return response


def _failure(body: bytes) -> dict[str, Any] | None:
    if b'"errors":' not in body:
        return None
    errors: list[dict[str, Any]] = json.loads(body).get("errors") or []
    return errors[0] if errors else None


def _error(status: int, reason: str, message: str) -> Response:
    detail = {"message": message, "domain": "global", "reason": reason, "location": "query"}
    return JSONResponse({"error": {"code": status, "message": message, "errors": [detail]}}, status)


def _query(request: Request) -> bytes:
    query: bytes = request.scope["query_string"]
    return b"?" + query if query else b""


def _request_headers(request: Request) -> Headers:
    """The client's headers; the host too, since the child makes links of it."""
    host = request.headers.get("host", "").split(":")[0]
    scheme = "https" if host.endswith(".googleapis.com") else request.url.scheme
    return [*_kept(request.headers.raw), (b"x-forwarded-proto", scheme.encode())]


def _has_body(request: Request) -> bool:
    return "content-length" in request.headers or "transfer-encoding" in request.headers


def _kept(headers: Iterable[tuple[bytes, bytes]], without: Iterable[bytes] = ()) -> Headers:
    dropped = {name.encode() for name in _HOP_BY_HOP} | set(without)
    return [(name, value) for name, value in headers if name.lower() not in dropped]
