"""Serves every RPC of the handler table over gRPC, on a Unix socket."""

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

import grpc
from google.api_core.exceptions import GoogleAPICallError, InvalidArgument
from google.protobuf.message import DecodeError
from grpc_status import rpc_status

from localcloud import call_context, errors, handlers
from localcloud.cloud import Cloud
from localcloud.preview import is_preview, stable_path
from localcloud.rpc import Message, raw

MESSAGE_LIMIT = 10 * 1024 * 1024  # bytes of a request, as for Google's public endpoints
_THREADS = 64  # a waiting client (WaitOperation, predict) holds one
_LOG = logging.getLogger(__name__)


def start_grpc_server(cloud: Cloud, path: Path) -> grpc.Server:
    """A running server that listens on a Unix socket."""
    server = grpc.server(
        ThreadPoolExecutor(_THREADS, thread_name_prefix="grpc"),
        handlers=(_Router(cloud),),
        options=[
            ("grpc.max_receive_message_length", MESSAGE_LIMIT),
            ("grpc.max_send_message_length", -1),
        ],
    )
    server.add_insecure_port(f"unix:{path}")
    server.start()
    return server


class _Router(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpc ships no types
    """Finds the method handler of an RPC by its path."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._method_handler = cache(self._make_method_handler)

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        return self._method_handler(details.method)

    def _make_method_handler(self, path: str) -> grpc.RpcMethodHandler:
        rpc = handlers.all_rpcs().get(stable_path(path))
        if rpc is None or (is_preview(path) and handlers.handler(rpc.path) is None):
            return grpc.unary_unary_rpc_method_handler(_unknown(path))
        kind = (
            grpc.unary_stream_rpc_method_handler
            if rpc.streaming
            else grpc.unary_unary_rpc_method_handler
        )
        answer = self._stream(path) if rpc.streaming else self._answer(path)
        return kind(answer, response_serializer=_serialise)

    def _answer(self, path: str) -> Callable[[bytes, grpc.ServicerContext], Message]:
        def answer(request: bytes, context: grpc.ServicerContext) -> Message:
            try:
                return _call(self._cloud, path, request, context)
            except Exception as error:
                _abort(context, path, error)

        return answer

    def _stream(self, path: str) -> Callable[[bytes, grpc.ServicerContext], Iterator[Message]]:
        def answer(request: bytes, context: grpc.ServicerContext) -> Iterator[Message]:
            try:
                yield from _call(self._cloud, path, request, context)
            except Exception as error:
                _abort(context, path, error)

        return answer


def _call(cloud: Cloud, path: str, request: bytes, context: grpc.ServicerContext) -> Any:
    """What the handler returns, after the response headers that it has set are sent."""
    stable = stable_path(path)
    with call_context.entering(_host(context), preview=is_preview(path)) as surroundings:
        response = handlers.call(cloud, stable, _parse(stable, request))
    headers = surroundings.response_headers.items()
    context.send_initial_metadata(tuple((name.lower(), value) for name, value in headers))
    return response


def _parse(path: str, request: bytes) -> Message:
    """The message that a client has sent.

    gRPC's own deserializer would call bytes that are none an internal error of ours.

    Raises:
        InvalidArgument: the bytes are none of this RPC's request type.
    """
    request_type = handlers.all_rpcs()[path].request_type
    parse = getattr(request_type, "deserialize", None) or request_type.FromString
    try:
        return parse(request)
    except DecodeError as error:
        raise InvalidArgument(f"The request of {path} is no {request_type.__name__}.") from error


def _host(context: grpc.ServicerContext) -> str:
    """The host name that the client called; gRPC keeps it where only its own code looks."""
    authority = context._rpc_event.call_details.host.decode()
    return str(authority).partition(":")[0]


def _unknown(path: str) -> Callable[[bytes, grpc.ServicerContext], NoReturn]:
    def answer(_: bytes, context: grpc.ServicerContext) -> NoReturn:
        _abort(context, path, handlers.not_served(path.lstrip("/")))

    return answer


def _abort(context: grpc.ServicerContext, path: str, error: Exception) -> NoReturn:
    if not isinstance(error, GoogleAPICallError):
        _LOG.error("%s failed", path, exc_info=error)
        error = errors.internal(error)
    context.abort_with_status(rpc_status.to_status(errors.to_status(error)))
    raise AssertionError("abort_with_status always raises")


def _serialise(message: Message) -> Any:
    return raw(message).SerializeToString()
