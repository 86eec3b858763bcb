"""The web server, by Vertex AI's contract for custom prediction containers.

The prediction route takes `{"instances": [...]}` and answers `{"predictions": [...]}`. With
`"parameters": {"explain": true}` each prediction comes with its explanation. A mistake in the
request answers 400 and says which instance and field are wrong; too much to do answers 503, and a
request on which the model fails 500. The health route answers 200 until the server is to end.
"""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from mlops.serving.batching import Answer, Batcher, OverloadError
from mlops.serving.explanation import explain
from mlops.serving.instances import InstanceError, read_columns
from mlops.serving.logs import TRACE, write_log
from mlops.serving.model import ServingModel, to_predictions

if TYPE_CHECKING:
    from mlops.serving.tracing import Tracer

Message = dict[str, Any]
Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Header = tuple[bytes, bytes]

LARGEST_BODY = 16_000_000  # bytes; Vertex sends at most 10 MB
_REQUEST_ID = re.compile(rb"[\w.-]{1,64}")


@dataclass
class Reply:
    """What is answered to a request, and what is known of it."""

    status: int
    content: Any
    instances: int = 0
    answer: Answer | None = None
    error: str = ""


class App:
    """The server of one model, as an ASGI application.

    Attributes:
        is_draining: whether the server is to end: it is not healthy then, and connections are
            closed after their answer.
        last_request: when the last request for predictions came, by the monotonic clock.
    """

    def __init__(
        self,
        model: ServingModel,
        batcher: Batcher,
        health_route: str,
        predict_route: str,
        identity: dict[str, str],
        tracer: Tracer | None,
    ) -> None:
        """Routes requests.

        Args:
            model: what answers, warm.
            batcher: calls it.
            health_route: path of the health check.
            predict_route: path of predictions.
            identity: what each line of the log says of the model.
            tracer: records requests, if there is one.
        """
        self.is_draining = False
        self.last_request = 0.0
        self._model = model
        self._batcher = batcher
        self._routes = {("GET", health_route): self._health, ("POST", predict_route): self._predict}
        self._paths = {health_route, predict_route}
        self._identity = identity
        self._tracer = tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        route = self._routes.get((scope["method"], scope["path"]))
        if route is not None:
            await route(scope, receive, send)
        elif scope["path"] in self._paths:
            await self._send(send, 405, {"error": f"{scope['method']} is not for this path"})
        else:
            await self._send(send, 404, {"error": "there is nothing at this path"})

    async def _health(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        await self._send(send, 503 if self.is_draining else 200, {"ready": not self.is_draining})

    async def _predict(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.last_request = time.monotonic()
        started, begin = time.time_ns(), time.perf_counter_ns()
        request_id = _read_request_id(scope["headers"])
        reply = await self._answer(receive)
        await self._send(send, reply.status, reply.content, (b"x-request-id", request_id))
        taken = time.perf_counter_ns() - begin
        fields: dict[str, Any] = {
            "request_id": request_id.decode(),
            **self._identity,
            "status": reply.status,
            "instances": reply.instances,
        }
        if self._tracer is not None:
            ended = started + taken
            trace = self._tracer.record(scope["headers"], started, ended, fields, reply.answer)
            fields[TRACE] = trace
        if reply.answer is not None:
            fields["batch_rows"] = reply.answer.batch_rows
        if reply.error:
            fields["error"] = reply.error
        severity = "ERROR" if reply.status >= 500 else "WARNING" if reply.status >= 400 else "INFO"
        write_log(severity, "predict", latency_ms=round(taken / 1e6, 3), **fields)

    async def _answer(self, receive: Receive) -> Reply:
        """Predicts what a request asks for."""
        instances: list[Any] = []
        try:
            body = await _read_body(receive)
            instances, explained = read_request(body)
            return await self._ask(instances, explained)
        except InstanceError as error:
            return Reply(400, {"error": str(error)}, len(instances))
        except OverloadError:
            message = "too many instances wait for the model; send them again later"
            return Reply(503, {"error": message}, len(instances))
        except Exception as error:  # whatever the model raised
            message = (
                "the model failed on these instances; the container's log has the request's id"
            )
            return Reply(500, {"error": message}, len(instances), error=type(error).__name__)

    async def _ask(self, instances: list[Any], explained: bool) -> Reply:
        count = len(instances)
        if not instances:
            return Reply(200, {"predictions": []})
        columns = read_columns(self._model.fields, instances)
        if explained:
            predictions: list[Any] = await explain(self._model, self._batcher, columns)
            return Reply(200, {"predictions": predictions}, count)
        answer = await self._batcher.run(self._model.pack(columns), count)
        return Reply(200, {"predictions": to_predictions(answer.outputs)}, count, answer)

    async def _send(self, send: Send, status: int, content: Any, *more: Header) -> None:
        body = orjson.dumps(content)
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            *more,
        ]
        if self.is_draining:
            headers.append((b"connection", b"close"))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def read_request(body: bytes) -> tuple[list[Any], bool]:
    """The instances of a request, and whether they are to be explained.

    Raises:
        InstanceError: the body is not JSON, has no list of instances, or a wrong parameter.
    """
    content = _parse(body)
    if not isinstance(content, dict) or not isinstance(content.get("instances"), list):
        raise InstanceError('the request must hold a list: {"instances": [...]}')
    parameters = content.get("parameters")
    if not isinstance(parameters, dict | None):
        raise InstanceError("parameters must be an object")
    explained = parameters.get("explain", False) if parameters else False
    if not isinstance(explained, bool):
        raise InstanceError("the parameter explain must be true or false")
    return content["instances"], explained


def _parse(body: bytes) -> Any:
    """The JSON of a body; numbers that are none are read, so that their field can be named."""
    try:
        return orjson.loads(body)
    except ValueError:
        pass
    try:
        return json.loads(body)
    except ValueError:
        raise InstanceError('the request must be JSON: {"instances": [...]}') from None


async def _read_body(receive: Receive) -> bytes:
    message = await receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body", False):
        message = await receive()
        body += message.get("body", b"")
        if len(body) > LARGEST_BODY:
            raise InstanceError(
                f"the request is larger than {LARGEST_BODY} bytes; send it in parts"
            )
    return body


def _read_request_id(headers: list[Header]) -> bytes:
    """The id that the client gave the request, if it is one, else a new one."""
    given = next((value for name, value in headers if name == b"x-request-id"), b"")
    return given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex.encode()
