"""The process of one task: its container's command, in the environment of its image."""

import contextlib
import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO

from localcloud import forks, processes
from localcloud.cloud import Cloud
from localcloud.forks import ForkServerEnded, Program
from localcloud.images import Image
from localcloud.pipelines import component_packages
from localcloud.pipelines.spec import Container

_TASK_RUNNER = Path(__file__).with_name("task_runner.py")
_KFP_EXECUTOR = "kfp.dsl.executor_main"
_BUSYBOX_IMAGES = ("alpine", "bash", "busybox")
_PRELOADED = (_KFP_EXECUTOR, "kfp.dsl.types.artifact_types", "shutil", "locale")


@dataclass(frozen=True)
class TaskProcess:
    """How a container runs here.

    A KFP component is forked from a warm process of its image where that is the same; any other
    command is started.

    Attributes:
        cloud: where images and Cloud Storage are.
        image: the container's.
        python: what `ensure_python` gives for it.
        container: its command, arguments and variables.
        variables: those that Vertex adds to every container of the job.
        fill: puts values for the placeholders in words of a command.
        scratch: an empty folder of the task's own.
    """

    cloud: Cloud
    image: Image
    python: Path
    container: Container
    variables: Mapping[str, str]
    fill: Callable[[Sequence[str]], list[str]]
    scratch: Path

    def start(self, output: IO[bytes]) -> processes.Process:
        """Start it; what it prints goes to `output`.

        Raises:
            InvalidSpec: a placeholder cannot be filled.
        """
        image_environment = processes.image_environment(self.image, self.cloud.environment)
        environment = {**image_environment, **self.variables, **self.container.env}
        if not _is_kfp_component(self.container):
            return processes.start(self._command, environment, self._folder, output)
        storage = str(self.cloud.home.storage)
        arguments = [*self._module(), *self.fill(self.container.args)]
        if self.python != self.image.python:
            environment["PATH"] = f"{self.python.parent}{os.pathsep}{environment['PATH']}"
        warm = program(self.image, self.python, image_environment)
        if forks.IS_SUPPORTED and warm.can_become(environment):
            with contextlib.suppress(ForkServerEnded):  # then the task itself shows why
                own = [storage, json.dumps(arguments)]
                return self.cloud.forks.fork(warm, own, environment, self._folder, output)
        file = self.scratch / "arguments.json"  # a command line is too short for large inputs
        file.write_text(json.dumps(arguments))
        command = [str(self.python), str(_TASK_RUNNER), storage, str(file)]
        return processes.start(command, environment, self._folder, output)

    @property
    def _command(self) -> list[str]:
        command, args = self.container.command, self.container.args
        if command:
            words = self.fill([*command, *args])
        else:
            words = [*self.image.entrypoint, *(self.fill(args) if args else self.image.command)]
        return _with_bash(words) if self.image.name in _BUSYBOX_IMAGES else words

    @property
    def _folder(self) -> Path:
        lightweight = bool(self._source_code)
        return self.scratch if lightweight else self.image.working_folder or self.scratch

    @cached_property
    def _source_code(self) -> str:
        """The source of a lightweight component, else nothing.

        KFP's compiler puts it behind a shell script that writes it to a file; a component
        whose source is in its image has no such script.
        """
        *script, last = self.container.command or ("",)
        return last if _KFP_EXECUTOR in " ".join(script) else ""

    def _module(self) -> list[str]:
        if not self._source_code:
            return []
        module = self.scratch / "ephemeral_component.py"
        module.write_text(self._source_code)
        (self.scratch / "__pycache__").touch()  # no folder: source that runs once is not cached
        return ["--component_module_path", str(module)]


def ensure_python(image: Image, container: Container, output: IO[bytes]) -> Path:
    """The Python that a container runs with; making its environment can take minutes.

    Raises:
        GoogleAPICallError: the image cannot be used, or a package cannot be installed.
    """
    if _is_kfp_component(container):
        return component_packages.ensure(image, container.command, output)
    return image.python


def program(image: Image, python: Path, image_environment: Mapping[str, str]) -> Program:
    """What KFP components of an image are forked from."""
    environment = frozenset({**image_environment, "_KFP_RUNTIME": "true"}.items())
    return Program(python, _TASK_RUNNER, (*_PRELOADED, *image.preload), environment)


def _is_kfp_component(container: Container) -> bool:
    return any(_KFP_EXECUTOR in word for word in container.command)


def _with_bash(words: list[str]) -> list[str]:
    """BusyBox's sh knows `==`, `[[` and `pipefail`, as bash does and Debian's sh does not."""
    is_shell = words[:1] in (["sh"], ["/bin/sh"])
    return ["bash", *words[1:]] if is_shell and shutil.which("bash") else words
