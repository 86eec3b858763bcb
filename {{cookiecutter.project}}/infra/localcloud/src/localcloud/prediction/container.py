"""What a deployed model's container is started with, by Vertex's custom-container contract."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from google.cloud.aiplatform_v1.types import DeployedModel, Model

from localcloud import module_process
from localcloud.cloud import Cloud
from localcloud.images import Image
from localcloud.processes import Process, image_environment

DEFAULT_TIMEOUT = 180.0  # seconds until a model must be healthy, unless its container says
_REFERENCE = re.compile(r"\$\$\((\w+)\)|\$\((\w+)\)")


@dataclass(frozen=True)
class Container:
    """A command, its variables and the HTTP routes under which it will answer."""

    cloud: Cloud
    image: Image
    command: list[str]
    environment: dict[str, str]
    health_route: str
    predict_route: str
    timeout: float  # seconds until it must be healthy

    def start(self, port: int, folder: Path, log: IO[bytes]) -> Process:
        """Start it, listening on this port of the loopback interface alone.

        Args:
            port: a free one.
            folder: where it starts, unless its image has a folder for that.
            log: what it prints goes there.
        """
        own = {"AIP_HTTP_PORT": str(port), "AIP_HTTP_HOST": "127.0.0.1"}
        return module_process.start(
            self.cloud,
            self.image,
            self.command,
            {**self.environment, **own},
            self.image.working_folder or folder,
            log,
        )


def container(
    cloud: Cloud,
    image: Image,
    project_number: str,
    endpoint: str,
    deployed: DeployedModel,
    model: Model,
) -> Container:
    """The container of a model that is deployed on an endpoint.

    Args:
        cloud: what the process reaches.
        image: what `model.container_spec.image_uri` resolves to.
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
        cloud=cloud,
        image=image,
        command=_command(image, model, variables),
        environment={**image_environment(image, cloud.environment), **variables},
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
