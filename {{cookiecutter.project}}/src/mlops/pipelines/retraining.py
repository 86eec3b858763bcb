"""Train again because monitoring asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops.pipelines.runs import follow, parameters_of, submit

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mlops.settings import Settings


def submit_training(settings: Settings, find_spec: Callable[[str], Path], run: str) -> str:
    """Starts the pipelines of the trainer under an id of our own, unless that has been done.

    Args:
        settings: of the environment.
        find_spec: gives a compiled pipeline by its name.
        run: id of the pipeline job.

    Returns:
        The resource name of the (first) pipeline job.
    """
    from google.api_core.exceptions import AlreadyExists

    first, *others = settings.training_pipelines
    name = f"projects/{settings.project}/locations/{settings.location}/pipelineJobs/{run}"
    try:
        job = submit(settings, first, find_spec(first), parameters_of(first, settings), run)
    except AlreadyExists:
        return name
    for other in others:  # each is compared with what the one before has made
        follow(job, lambda _: None)
        parameters = parameters_of(other, settings)
        job = submit(settings, other, find_spec(other), parameters, f"{run}-{other}")
    return name
