"""What a replica of a custom job runs: the command of a container or of a Python package."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from google.cloud.aiplatform_v1.types import ContainerSpec, PythonPackageSpec, WorkerPoolSpec

from localcloud import processes
from localcloud.cloud import Cloud
from localcloud.images import Image
from localcloud.jobs import packages

# What CustomJob.from_local_script makes of a script for an image that is not Google's.
_SCRIPT = re.compile(
    r"pip install --upgrade pip && pip3 install -q --user /gcs/(?P<package>\S+)"
    r" && python3 -m (?P<module>\S+)(?: (?P<arguments>.*))?",
    re.DOTALL,
)
_MOUNT = re.compile(r"(?<![\w./-])/gcs/")


@dataclass(frozen=True)
class Container:
    """A command with its variables and the folder that it starts in."""

    command: list[str]
    environment: dict[str, str]
    folder: Path


def image_uri(pool: WorkerPoolSpec) -> str:
    """The image that a worker pool's task runs in."""
    uri: str = (
        pool.python_package_spec.executor_image_uri
        if "python_package_spec" in pool
        else pool.container_spec.image_uri
    )
    return uri


def container(
    cloud: Cloud, pool: WorkerPoolSpec, variables: Mapping[str, str], folder: Path, log: Path
) -> Container:
    """What the replicas of a worker pool run, with the packages that it needs in `folder`.

    Args:
        cloud: where images and Cloud Storage are.
        pool: has a task.
        variables: what Vertex tells the replica.
        folder: the replica's own.
        log: is told what is installed.

    Raises:
        GoogleAPICallError: the image or a package is not there or cannot be installed.
    """
    image = cloud.images.resolve(image_uri(pool))
    mount = f"{cloud.home.storage}/"
    package = _python_package(pool)
    task = package or pool.container_spec
    installed = folder / "packages"
    environment = {
        **processes.image_environment(image, cloud.environment),
        **variables,
        **{each.name: _localise(each.value, mount) for each in task.env},
        "PIP_TARGET": str(installed),  # for commands that install: not into the image for all
    }
    environment["PYTHONPATH"] = _path(str(installed), environment.get("PYTHONPATH", ""))
    if package:
        packages.install(list(package.package_uris), cloud.home.storage, installed, log)
        command = [str(image.python), "-m", package.python_module, *package.args]
    else:
        command = _command(image, pool.container_spec)
    return Container(
        [_localise(word, mount) for word in command],
        environment,
        image.working_folder or folder,
    )


def _python_package(pool: WorkerPoolSpec) -> PythonPackageSpec | None:
    """The Python package that a pool runs, also one that comes as the SDK's shell command."""
    if "python_package_spec" in pool:
        return pool.python_package_spec
    spec = pool.container_spec
    shell, option, script = (list(spec.command) + [""] * 3)[:3]
    match = _SCRIPT.fullmatch(script) if (shell, option) == ("sh", "-c") else None
    if match is None:
        return None
    arguments = [*(match["arguments"] or "").split(), *spec.args]
    return PythonPackageSpec(
        executor_image_uri=spec.image_uri,
        package_uris=[f"gs://{match['package']}"],
        python_module=match["module"],
        args=arguments,
        env=spec.env,
    )


def _command(image: Image, spec: ContainerSpec) -> list[str]:
    """As Kubernetes decides it: a command of the spec replaces ENTRYPOINT and drops CMD."""
    if spec.command:
        return [*spec.command, *spec.args]
    return [*image.entrypoint, *(spec.args or image.command)]


def _localise(text: str, mount: str) -> str:
    """Put the storage folder where Vertex mounts Cloud Storage."""
    return _MOUNT.sub(lambda _: mount, text)


def _path(first: str, rest: str) -> str:
    return f"{first}:{rest}" if rest else first
