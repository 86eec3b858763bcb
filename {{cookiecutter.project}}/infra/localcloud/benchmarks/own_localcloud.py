"""A localcloud for one benchmark, and the jobs that run on it."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from google.cloud import aiplatform
from google.cloud.aiplatform.utils import PipelineJobClientWithOverride
from google.cloud.aiplatform_v1.types import PipelineState

from localcloud.environment import child_environment
from localcloud.home import Home
from localcloud.server_state import read_state

PROJECT = "benchmark-project"
_LOCATION = "us-central1"
_ENDED = {
    PipelineState.PIPELINE_STATE_SUCCEEDED,
    PipelineState.PIPELINE_STATE_FAILED,
    PipelineState.PIPELINE_STATE_CANCELLED,
}
_POLL_SECONDS = 0.1  # each answer holds the whole job


@contextmanager
def localcloud(folder: Path) -> Iterator[None]:
    """A localcloud with its state in a folder, that this process's Google clients reach."""
    home = Home(folder / "state")
    images = folder / "images"
    images.mkdir(parents=True)
    command = [sys.executable, "-m", "localcloud"]
    before = dict(os.environ)
    own = {**before, "LOCALCLOUD_HOME": str(home.root)}
    up = [*command, "up", "--images", str(images), "--context", str(folder)]
    subprocess.run(up, env=own, stdout=sys.stderr, check=True)
    try:
        state = read_state(home)
        if state is None:
            raise RuntimeError("localcloud is not up.")
        os.environ.update(child_environment(home, state.port))
        aiplatform.init(project=PROJECT, location=_LOCATION, api_transport="grpc")
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
        subprocess.run([*command, "down"], env=own, stdout=sys.stderr, check=True)


def wait(job: aiplatform.PipelineJob, seconds: float = float("inf")) -> Any:
    """The job's message once it has ended.

    Raises:
        TimeoutError: it has not, after this many seconds.
    """
    client = aiplatform.initializer.global_config.create_client(
        client_class=PipelineJobClientWithOverride
    )
    deadline = time.monotonic() + seconds
    while (message := client.get_pipeline_job(name=job.resource_name)).state not in _ENDED:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{job.resource_name} has not ended after {seconds:.0f} s.")
        time.sleep(_POLL_SECONDS)
    return message
