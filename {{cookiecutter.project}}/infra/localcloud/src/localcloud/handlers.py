"""Which RPCs are answered: a handler is a function named after its RPC.

`google.cloud.aiplatform.v1.ModelService/UploadModel` is answered by `upload_model(cloud, request)`
in `localcloud.vertex.model_service`. Errors are raised as `google.api_core.exceptions`, which
carry both the gRPC code and the HTTP status.
"""

import importlib
import importlib.util
import re
import time
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any

from google.api_core.exceptions import MethodNotImplemented

from localcloud.cloud import Cloud
from localcloud.field_checks import check_fields
from localcloud.resource_names import check_names
from localcloud.rpc import Message, Rpc, rpcs

Handler = Callable[[Cloud, Any], Any]

# client package → the package whose modules, named as the client's services, hold the handlers
PACKAGES = {
    "google.cloud.aiplatform_v1": "localcloud.vertex",
    "google.cloud.cloudquotas_v1": "localcloud.cloud_quotas",
    "google.cloud.devtools.cloudbuild_v2": "localcloud.cloud_build_repositories",
    "google.cloud.dlp_v2": "localcloud.dlp",
    "google.cloud.logging_v2": "localcloud.cloud_logging",
    "google.cloud.monitoring_v3": "localcloud.cloud_monitoring",
    "google.cloud.resourcemanager_v3": "localcloud.resource_manager",
    "google.cloud.service_usage_v1": "localcloud.service_usage",
}


@cache
def all_rpcs() -> dict[str, Rpc]:
    """Every RPC that a client of the served packages can call, by gRPC path."""
    found: dict[str, Rpc] = {}
    for package in PACKAGES:
        found = {**rpcs(package), **found}  # operations are the first package's
    return found


@cache
def handler(path: str) -> Handler | None:
    """The function that answers an RPC, or None."""
    rpc = all_rpcs()[path]
    package = next(ours for client, ours in PACKAGES.items() if path in rpcs(client))
    module = _module(f"{package}.{rpc.module}")
    return getattr(module, _snake(rpc.name), None) if module else None


def call(cloud: Cloud, path: str, request: Message) -> Message:
    """Answer one request, unless a fault that the user asked for hits it.

    Raises:
        MethodNotImplemented: no handler is named after this RPC.
        InvalidArgument: the request names a resource as none of the RPC's bindings does, lacks a
            required field or has an unknown enum value.
        GoogleAPICallError: what the handler refuses, or the fault's error.
    """
    _meet_faults(cloud, path)
    function = handler(path)
    if function is None:
        raise not_served(path.lstrip("/"))
    rpc = all_rpcs()[path]
    check_names(rpc, request)
    check_fields(rpc, request)
    return function(cloud, request)


def not_served(what: str) -> MethodNotImplemented:
    """The error for an RPC, or a URL, that nothing answers."""
    return MethodNotImplemented(
        f"localcloud does not serve {what}; `localcloud rpcs` lists what it serves."
    )


def _meet_faults(cloud: Cloud, path: str) -> None:
    service, _, method = path.lstrip("/").partition("/")
    latency, error = cloud.faults.strike(service.rpartition(".")[2], method)
    if latency:
        time.sleep(latency)
    if error:
        raise error


def _module(name: str) -> ModuleType | None:
    return importlib.import_module(name) if importlib.util.find_spec(name) else None


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
