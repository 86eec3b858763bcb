"""Warm processes, which are there before a task or a model waits for one."""

import contextlib

from google.api_core.exceptions import GoogleAPICallError

from localcloud import forks, module_process, processes
from localcloud.cloud import Cloud
from localcloud.forks import Program
from localcloud.images import Image
from localcloud.pipelines import task_process


def start(cloud: Cloud) -> None:
    """Start the warm process of each image that preloads modules, if it is built."""
    for name in cloud.images.names() if forks.IS_SUPPORTED else ():
        with contextlib.suppress(GoogleAPICallError):  # what needs the image shows why
            image = cloud.images.resolve(name)
            if image.preload and image.is_built:
                cloud.forks.start(_program(cloud, image))


def _program(cloud: Cloud, image: Image) -> Program:
    """Of an image whose own program is a module, that; of any other, KFP's components."""
    if module_process.is_module(image.entrypoint):
        return module_process.program(cloud, image)
    environment = processes.image_environment(image, cloud.environment)
    return task_process.program(image, image.python, environment)
