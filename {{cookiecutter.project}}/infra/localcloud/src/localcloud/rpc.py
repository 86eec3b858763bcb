"""The RPCs of Google's services, read from the installed client packages.

No list of routes is typed here: each client's gRPC transport names its paths and message
types when its stubs are made, and its REST transport carries the HTTP bindings. Both are
private to the client packages, so tests pin what is read from them. Some clients have no REST
transport; the bindings of their RPCs stand in `rest_bindings`.
"""

import importlib
import importlib.util
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

from google.iam.v1 import iam_policy_pb2
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.empty_pb2 import Empty

from localcloud.rest_bindings import BINDINGS

OTHER_MIXINS = ("/google.iam.", "/google.cloud.location.")
# policies are a service's own RPCs, with requests that all services share
_POLICY_REQUESTS = {
    "GetIamPolicy": iam_policy_pb2.GetIamPolicyRequest,
    "SetIamPolicy": iam_policy_pb2.SetIamPolicyRequest,
    "TestIamPermissions": iam_policy_pb2.TestIamPermissionsRequest,
}
OPERATIONS = "/google.longrunning.Operations/"

Message = Any  # a proto-plus message, or a plain protobuf one such as Operation or Empty


@dataclass(frozen=True)
class Binding:
    """One HTTP route of an RPC, as in google.api.http: method, path template and body field."""

    method: str
    uri: str
    body: str | None


@dataclass(frozen=True)
class Rpc:
    """One RPC: its gRPC path, message (de)serialisers, streaming kind and HTTP bindings."""

    path: str
    module: str
    streaming: bool
    request_type: type[Any]
    response_type: type[Any]
    bindings: tuple[Binding, ...]

    @property
    def name(self) -> str:
        """The method's name, such as `UploadModel`."""
        return self.path.rsplit("/", 1)[1]


class _RecordingChannel:
    """Stands where a gRPC channel would and notes each stub that is made on it."""

    def __init__(self) -> None:
        self.stubs: list[tuple[str, bool, Callable[..., Any], Callable[..., Any]]] = []

    def _stub(self, streaming: bool) -> Callable[..., Any]:
        def make(
            path: str,
            request_serializer: Callable[..., Any],
            response_deserializer: Callable[..., Any],
            **_: Any,
        ) -> Callable[..., None]:
            self.stubs.append((path, streaming, request_serializer, response_deserializer))
            return lambda *_args, **_kwargs: None

        return make

    def __getattr__(self, kind: str) -> Callable[..., Any]:
        if kind in ("unary_unary", "stream_unary"):
            return self._stub(streaming=False)
        if kind in ("unary_stream", "stream_stream"):
            return self._stub(streaming=True)
        raise AttributeError(kind)


def raw(message: Message) -> Any:
    """The plain protobuf message behind a proto-plus one; a plain one is returned as it is."""
    return type(message).pb(message) if hasattr(type(message), "pb") else message


@cache
def rpcs(package: str) -> dict[str, Rpc]:
    """All RPCs of a client package such as `google.cloud.aiplatform_v1`, by gRPC path.

    Long-running operations, which every service of a package mixes in, are there once, in a
    module of their own (`operations`); IAM and locations are left out.
    """
    services = importlib.import_module(f"{package}.services")
    found: dict[str, Rpc] = {}
    for module in pkgutil.iter_modules(services.__path__):
        found.update((rpc.path, rpc) for rpc in _service_rpcs(package, module.name))
    return found


def _service_rpcs(package: str, module: str) -> Iterator[Rpc]:
    transports = f"{package}.services.{module}.transports"
    has_rest = importlib.util.find_spec(f"{transports}.rest_base") is not None
    bindings = _bindings(importlib.import_module(f"{transports}.rest_base")) if has_rest else {}
    for path, streaming, serialise, deserialise in _stubs(
        importlib.import_module(f"{transports}.grpc")
    ):
        name = path.rsplit("/", 1)[1]
        if not has_rest:
            bindings[name] = tuple(Binding(*route) for route in BINDINGS.get(path, ()))
        request_type = _owner(serialise) or _declared_request_type(path)
        if name in bindings and request_type and not path.startswith(OTHER_MIXINS):
            yield Rpc(
                path=path,
                module="operations" if path.startswith(OPERATIONS) else module,
                streaming=streaming,
                request_type=request_type,
                response_type=_owner(deserialise) or Empty,
                bindings=bindings[name],
            )


def _stubs(module: ModuleType) -> list[tuple[str, bool, Callable[..., Any], Callable[..., Any]]]:
    transport_type = next(
        value
        for name, value in vars(module).items()
        if name.endswith("GrpcTransport") and value.__module__ == module.__name__
    )
    channel = _RecordingChannel()
    transport = transport_type.__new__(transport_type)
    transport._stubs = {}
    transport._grpc_channel = transport._logged_channel = channel
    transport._operations_client = None
    other = {"grpc_channel", "operations_client", "host", "kind"}
    for name, _ in inspect.getmembers(transport_type, lambda member: isinstance(member, property)):
        if name not in other:
            getattr(transport, name)
    return channel.stubs


def _bindings(module: ModuleType) -> dict[str, tuple[Binding, ...]]:
    base = next(
        value
        for name, value in vars(module).items()
        if name.startswith("_Base") and name.endswith("RestTransport")
    )
    return {
        name.removeprefix("_Base"): tuple(
            Binding(option["method"].upper(), option["uri"], option.get("body"))
            for option in member._get_http_options()
        )
        for name, member in vars(base).items()
        if name.startswith("_Base") and hasattr(member, "_get_http_options")
    }


def _owner(function: Callable[..., Any] | None) -> type[Any] | None:
    """The message class that a (de)serialiser is bound to, if it is bound to one."""
    owner = getattr(function, "__self__", None)
    return owner if isinstance(owner, type) else None


def _declared_request_type(path: str) -> type[Any] | None:
    """The request class that protobuf's descriptor of the service names, if there is one.

    Requests that are plain protobuf are serialised by a method of their common base class,
    which does not tell them apart.
    """
    service, _, method = path.lstrip("/").rpartition("/")
    try:
        declared = descriptor_pool.Default().FindServiceByName(service).FindMethodByName(method)
    except KeyError:
        return _POLICY_REQUESTS.get(method)
    request_type: type[Any] = message_factory.GetMessageClass(declared.input_type)
    return request_type
