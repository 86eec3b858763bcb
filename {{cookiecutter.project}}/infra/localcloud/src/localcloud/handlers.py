"""Which RPCs are answered: a handler is a function named after its RPC.

`google.cloud.aiplatform.v1.ModelService/UploadModel` is answered by `upload_model(cloud, request)`
in `localcloud.vertex.model_service`. Errors are raised as `google.api_core.exceptions`, which
carry both the gRPC code and the HTTP status.
"""

import importlib
import importlib.util
import re
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any

from google.api_core.exceptions import MethodNotImplemented

from localcloud.cloud import Cloud
from localcloud.rpc import Message, Rpc, rpcs

Handler = Callable[[Cloud, Any], Any]

# client package → the package whose modules, named as the client's services, hold the handlers
PACKAGES = {
    "google.cloud.aiplatform_v1": "localcloud.vertex",
    "google.cloud.resourcemanager_v3": "localcloud.resource_manager",
}


@cache
def all_rpcs() -> dict[str, Rpc]:
    """Every RPC that a client of the served packages can call, by gRPC path."""
    return {path: rpc for package in PACKAGES for path, rpc in rpcs(package).items()}


@cache
def handler(path: str) -> Handler | None:
    """The function that answers an RPC, or None."""
    rpc = all_rpcs()[path]
    package = next(ours for client, ours in PACKAGES.items() if path in rpcs(client))
    module = _module(f"{package}.{rpc.module}")
    return getattr(module, _snake(rpc.name), None) if module else None


def call(cloud: Cloud, path: str, request: Message) -> Message:
    """Answer one request.

    Raises:
        MethodNotImplemented: no handler is named after this RPC.
        GoogleAPICallError: what the handler refuses.
    """
    function = handler(path)
    if function is None:
        raise MethodNotImplemented(
            f"localcloud does not serve {path.lstrip('/')}; its README lists what it serves."
        )
    return function(cloud, request)


def _module(name: str) -> ModuleType | None:
    return importlib.import_module(name) if importlib.util.find_spec(name) else None


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
