"""Container specs of models, checked as Vertex does when a model is uploaded."""

import re

from google.api_core.exceptions import InvalidArgument
from google.cloud.aiplatform_v1.types import ModelContainerSpec

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LONGEST_TIMEOUT = 7200.0  # seconds
_INVOKE_PREFIX = "/*"


def check(spec: ModelContainerSpec) -> None:
    """Refuse what Vertex does not take as a model's container.

    Raises:
        InvalidArgument: a field is missing or cannot be used.
    """
    if not spec.image_uri:
        raise InvalidArgument("container_spec.image_uri is required; name the serving image.")
    for field in ("predict_route", "health_route"):
        route = getattr(spec, field)
        if route and not route.startswith("/"):
            raise InvalidArgument(f"container_spec.{field} is {route!r}; start it with a slash.")
    for variable in spec.env:
        if not _VARIABLE.fullmatch(variable.name):
            raise InvalidArgument(
                f"container_spec.env has {variable.name!r}; name variables as C identifiers."
            )
    for port in (*spec.ports, *spec.grpc_ports):
        if not 1 <= port.container_port <= 65535:
            raise InvalidArgument(
                f"container_spec.ports has {port.container_port}; ports lie in 1 to 65535."
            )
    if spec.deployment_timeout.total_seconds() > _LONGEST_TIMEOUT:
        raise InvalidArgument(
            f"container_spec.deployment_timeout is {spec.deployment_timeout}; 2 hours are the most."
        )
    _check_invoke(spec)


def _check_invoke(spec: ModelContainerSpec) -> None:
    prefix = spec.invoke_route_prefix
    if prefix and spec.predict_route:
        raise InvalidArgument(
            "container_spec has both predict_route and invoke_route_prefix; set one of them."
        )
    if prefix and prefix != _INVOKE_PREFIX:
        raise InvalidArgument(
            f"container_spec.invoke_route_prefix is {prefix!r}; {_INVOKE_PREFIX!r} is the only"
            " value there is."
        )
