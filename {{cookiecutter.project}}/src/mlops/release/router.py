"""A thin router before the endpoint: one group of users, told by a header, goes to the canary.

A traffic split draws who gets the canary, and an endpoint cannot be asked for one of its models. So
the version for the group has an endpoint of its own, with all of its traffic, and the router sends
each request to one of the two. What it cannot tell goes to the endpoint that everybody uses.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from mlops.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from mlops.serving_settings import Routing

    Scope = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
    Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

PREDICT, HEALTH = "/predict", "/health"
_LARGEST = 10_000_000  # bytes of a request, as of Vertex AI's dedicated endpoints
_JSON = "application/json"


class RoutingError(UserError):
    """There is no endpoint to send requests to."""


@dataclass(frozen=True)
class Answer:
    """What is answered to a request."""

    status: int
    content_type: str
    body: bytes


class Target(Protocol):
    """Where requests go."""

    def __call__(self, body: bytes, content_type: str) -> Answer:
        """The answer to a request's body."""


class Router:
    """An ASGI application that sends predictions to the canary or to the endpoint of all."""

    def __init__(self, routing: Routing, everybody: Target, canary: Target) -> None:
        self._header = routing.header.lower().encode()
        self._group = routing.group.encode()
        self._everybody = everybody
        self._canary = canary

    def target(self, headers: list[tuple[bytes, bytes]]) -> Target:
        """The canary exactly if the header is there once and names the group."""
        groups = [value for name, value in headers if name.lower() == self._header]
        return self._canary if groups == [self._group] else self._everybody

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http":
            await _send(send, await self._answer(scope, receive))

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        match scope["method"], scope["path"]:
            case _, path if path == HEALTH:
                return Answer(200, _JSON, b'{"ready": true}')
            case "POST", path if path == PREDICT:
                body = await _read(receive)
            case _:
                return _error(404, f"Send predictions to POST {PREDICT}.")
        if body is None:
            return _error(413, f"The request has more than {_LARGEST} bytes; send fewer instances.")
        headers = scope["headers"]
        content_type = dict(headers).get(b"content-type", _JSON.encode()).decode("latin-1")
        return await asyncio.to_thread(self.target(headers), body, content_type)


def endpoint_target(name: str) -> Target:
    """Sends requests to the endpoint of a display name, and passes its errors on.

    Raises:
        RoutingError: there is no such endpoint.
    """
    from google.api.httpbody_pb2 import HttpBody
    from google.api_core.exceptions import GoogleAPICallError
    from google.cloud import aiplatform

    from mlops.release.deployment import find_endpoint

    endpoint = find_endpoint(name)
    if endpoint is None:
        raise RoutingError(f"There is no endpoint {name}: deploy a version on it first.")
    host = endpoint.gca_resource.dedicated_endpoint_dns
    if not host:
        host = f"{endpoint.location}-aiplatform.googleapis.com"
    client = aiplatform.gapic.PredictionServiceClient(client_options={"api_endpoint": host})

    def ask(body: bytes, content_type: str) -> Answer:
        request = {
            "endpoint": endpoint.resource_name,
            "http_body": HttpBody(data=body, content_type=content_type),
        }
        try:
            answer = client.raw_predict(request=request)
        except GoogleAPICallError as error:
            return _error(int(error.code or 500), str(error.message))
        return Answer(200, answer.content_type or _JSON, answer.data)

    return ask


def canary_name(name: str) -> str:
    """The display name of the endpoint that only the group of users gets to."""
    return f"{name}-canary"


async def _read(receive: Receive) -> bytes | None:
    """The body of a request; None when it is too large."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > _LARGEST:
            return None
        if not message.get("more_body"):
            return bytes(body)


async def _send(send: Send, answer: Answer) -> None:
    headers = [
        (b"content-type", answer.content_type.encode("latin-1")),
        (b"content-length", str(len(answer.body)).encode()),
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


def _error(status: int, message: str) -> Answer:
    return Answer(status, _JSON, json.dumps({"error": message}).encode())
