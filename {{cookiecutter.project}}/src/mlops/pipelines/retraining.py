"""Train again because monitoring asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops.pipelines.runs import ENDED, PipelineRunError, follow, parameters_of, submit

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from google.cloud import aiplatform

    from mlops.settings import Settings


def submit_training(settings: Settings, find_spec: Callable[[str], Path], run: str) -> str:
    """Starts the pipelines of the trainer under ids of our own, each unless that has been done.

    It may be killed at any point and run again: what is missing is started then.

    Args:
        settings: of the environment.
        find_spec: gives a compiled pipeline by its name.
        run: id of the (first) pipeline job.

    Returns:
        The resource name of the (first) pipeline job; nothing while others wait for it and it runs
        already, so that this has to be called again unless somebody else follows it.
    """
    from google.cloud import aiplatform

    first, *others = settings.training_pipelines
    name = f"projects/{settings.project}/locations/{settings.location}/pipelineJobs/{run}"
    job = _start(settings, first, find_spec, run)
    if job is None and others:
        job = aiplatform.PipelineJob.get(name)
        if job.state.name not in ENDED:
            return ""
    for other in others:  # each is compared with what the one before has made
        try:
            follow(job, lambda _: None)
        except PipelineRunError:  # an alert of its own tells that; there is nothing to compare with
            break
        job = _start(settings, other, find_spec, f"{run}-{other}")
    return name


def _start(
    settings: Settings, pipeline: str, find_spec: Callable[[str], Path], run: str
) -> aiplatform.PipelineJob | None:
    """Submits a pipeline job under that id; None when it is there."""
    from google.api_core.exceptions import AlreadyExists

    parameters = parameters_of(pipeline, settings)
    try:
        return submit(settings, pipeline, find_spec(pipeline), parameters, run)
    except AlreadyExists:
        return None
