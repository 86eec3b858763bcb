"""What earlier runs of a pipeline have made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops.errors import UserError

if TYPE_CHECKING:
    from mlops.settings import Settings

MADE = ("SUCCEEDED", "SKIPPED")  # Vertex's words for a step that ran, and for one from the cache


class ArtifactError(UserError):
    """No run has made what was asked for."""


def find_artifacts(settings: Settings, pipeline: str, step: str) -> dict[str, str]:
    """The URIs of what a step has made in the newest run that got so far, by output name.

    Raises:
        ArtifactError: there is no such run.
    """
    from google.cloud import aiplatform

    runs = aiplatform.PipelineJob.list(
        filter=f'display_name="{settings.name}-{pipeline}"', order_by="create_time desc"
    )
    for run in runs:
        for task in run.task_details:
            if task.task_name == step and task.state.name in MADE:
                return {name: made.artifacts[0].uri for name, made in task.outputs.items()}
    raise ArtifactError(
        f"No run of the pipeline {pipeline} has made its step {step}:"
        f" run `mlops pipelines run {pipeline}` first."
    )
