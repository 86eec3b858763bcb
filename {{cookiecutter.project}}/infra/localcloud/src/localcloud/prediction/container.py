"""What a deployed model's container is started with, by Vertex's custom-container contract."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from google.cloud.aiplatform_v1.types import DeployedModel, Model

from localcloud.images import Image
from localcloud.processes import image_environment

DEFAULT_TIMEOUT = 180.0  # seconds until a model must be healthy, unless its container says
_REFERENCE = re.compile(r"\$\$\((\w+)\)|\$\((\w+)\)")


@dataclass(frozen=True)
class Container:
    """A command, its variables and the HTTP routes under which it will answer."""

    command: list[str]
    environment: dict[str, str]
    folder: Path | None
    health_route: str
    predict_route: str
    timeout: float  # seconds until it must be healthy

    def on_port(self, port: int) -> dict[str, str]:
        """The variables that make it listen on this port, on the loopback interface alone."""
        return {**self.environment, "AIP_HTTP_PORT": str(port), "AIP_HTTP_HOST": "127.0.0.1"}


def container(
    image: Image,
    cloud_environment: Mapping[str, str],
    project_number: str,
    endpoint: str,
    deployed: DeployedModel,
    model: Model,
) -> Container:
    """The container of a model that is deployed on an endpoint.

    Args:
        image: what `model.container_spec.image_uri` resolves to.
        cloud_environment: the variables that point a process at this localcloud.
        project_number: of the endpoint's project.
        endpoint: resource name of the endpoint.
        deployed: the deployed model, with its id.
        model: the version that is deployed.
    """
    spec = model.container_spec
    endpoint_id = endpoint.rpartition("/")[2]
    route = f"/v1/endpoints/{endpoint_id}/deployedModels/{deployed.id}"
    vertex = {
        "AIP_DEPLOYED_MODEL_ID": deployed.id,
        "AIP_ENDPOINT_ID": endpoint_id,
        "AIP_FRAMEWORK": "CUSTOM_CONTAINER",
        "AIP_HEALTH_ROUTE": spec.health_route or route,
        "AIP_MACHINE_TYPE": deployed.dedicated_resources.machine_spec.machine_type,
        "AIP_MODE": "PREDICTION",
        "AIP_MODE_VERSION": "1.0.0",
        "AIP_PREDICT_ROUTE": spec.predict_route or f"{route}:predict",
        "AIP_PROJECT_NUMBER": project_number,
        "AIP_STORAGE_URI": model.artifact_uri,
    }
    variables = dict(vertex)
    for variable in spec.env:  # later ones may name earlier ones
        variables[variable.name] = _expand(variable.value, variables)
    return Container(
        command=_command(image, model, variables),
        environment={**image_environment(image, cloud_environment), **variables},
        folder=image.working_folder,
        health_route=vertex["AIP_HEALTH_ROUTE"],
        predict_route=vertex["AIP_PREDICT_ROUTE"],
        timeout=spec.deployment_timeout.total_seconds() or _default_timeout(),
    )


def _command(image: Image, model: Model, variables: Mapping[str, str]) -> list[str]:
    """As Kubernetes decides it: a command of the spec replaces ENTRYPOINT and drops CMD."""
    spec = model.container_spec
    command = [_expand(word, variables) for word in spec.command]
    arguments = [_expand(word, variables) for word in spec.args]
    if command:
        return command + arguments
    return image.entrypoint + (arguments or image.command)


def _expand(text: str, variables: Mapping[str, str]) -> str:
    """Replace `$(NAME)` by its value; `$$(NAME)` stands for `$(NAME)`; unknown names stay."""

    def value(match: re.Match[str]) -> str:
        escaped, name = match.groups()
        return f"$({escaped})" if escaped else variables.get(name, match.group())

    return _REFERENCE.sub(value, text)


def _default_timeout() -> float:
    return float(os.environ.get("LOCALCLOUD_DEPLOYMENT_TIMEOUT", DEFAULT_TIMEOUT))
