"""Processes of `python -m MODULE`, forked from a warm one of their image if it preloads modules."""

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from localcloud import forks, processes
from localcloud.cloud import Cloud
from localcloud.forks import ForkServerEnded, Program
from localcloud.images import Image

_RUNNER = Path(__file__).with_name("module_runner.py")


def start(
    cloud: Cloud,
    image: Image,
    command: Sequence[str],
    environment: Mapping[str, str],
    folder: Path,
    log: IO[bytes],
) -> processes.Process:
    """Start a command of an image's container, whatever it is; what it prints goes to `log`."""
    if image.preload and is_module(command) and forks.IS_SUPPORTED:
        warm = program(cloud, image)
        if warm.can_become(environment):
            with contextlib.suppress(ForkServerEnded):  # then the process itself shows why
                return cloud.forks.fork(warm, command[2:], environment, folder, log)
    return processes.start(command, environment, folder, log)


def is_module(command: Sequence[str]) -> bool:
    """Whether a command has the image's Python run a module."""
    return list(command[:2]) in (["python", "-m"], ["python3", "-m"])


def program(cloud: Cloud, image: Image) -> Program:
    """What the modules of an image are forked from."""
    environment = processes.image_environment(image, cloud.environment)
    return Program(image.python, _RUNNER, image.preload, frozenset(environment.items()))
