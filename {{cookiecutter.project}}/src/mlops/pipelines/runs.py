"""Submit pipelines to Vertex AI Pipelines and follow them."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from typing import TYPE_CHECKING, Any

from mlops.batch_prediction.tables import name_files
from mlops.data.query import ML_USE
from mlops.errors import UserError
from mlops.pipelines.beam import beam_arguments
from mlops.pipelines.images import image_reference
from mlops.pipelines.parameters import check_parameters
from mlops.pipelines.progress import Progress
from mlops.pipelines.specification import read_specification
from mlops.registry.models import CHALLENGER, CHAMPION

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from google.cloud import aiplatform

    from mlops.settings import Settings

POLL_SECONDS = 0.5
SUCCEEDED = "PIPELINE_STATE_SUCCEEDED"  # Vertex's names
ENDED = {SUCCEEDED, "PIPELINE_STATE_FAILED", "PIPELINE_STATE_CANCELLED"}
LABEL_LENGTH = 63


class PipelineRunError(UserError):
    """A pipeline job ended without success."""


def training_parameters(settings: Settings) -> dict[str, Any]:
    """The arguments of the training pipeline."""
    return {
        "project": settings.project,
        "location": settings.location,
        "name": settings.name,
        "features": settings.features.model_dump(mode="json", exclude_defaults=True),
        "sample_percent": settings.data.sample_percent,
        "on_drift": settings.data.on_drift,
        "inspection": settings.privacy.inspection.model_dump(mode="json"),
        "training": settings.training.model_dump(mode="json"),
        "custom_job": settings.custom_job.model_dump(mode="json"),
        "tunes": settings.tuning.is_on,
        "tuning": settings.tuning.model_dump(mode="json"),
        "training_image": image_reference(settings.images, "ml"),
        "service_account": settings.service_account,
        "evaluation": settings.evaluation.model_dump(mode="json", exclude_defaults=True),
        "automl_dataset": _automl_dataset(settings),
        "beam_arguments": beam_arguments(settings),
        "exports_tflite": settings.export.tflite.enabled,
        "tflite": settings.export.tflite.model_dump(mode="json"),
        "serving": settings.serving.model_dump(mode="json"),
        "monitoring": settings.monitoring.model_dump(mode="json"),
        "bucket": settings.bucket,
        "serving_image": image_reference(settings.images, "serving"),
        "labels": {"environment": settings.environment, "commit": _commit()},
    }


def automl_parameters(settings: Settings) -> dict[str, Any]:
    """The arguments of the AutoML pipeline.

    With both trainers, its model is compared with the challenger, which it replaces when it is not
    worse in any of the metrics that must not fall; with AutoML alone, with the champion.
    """
    evaluation = settings.evaluation
    if settings.trainer == "both":
        level = {name: bound.without_slack() for name, bound in evaluation.champion_change.items()}
        evaluation = evaluation.model_copy(update={"champion_change": level})
    return {
        "project": settings.project,
        "location": settings.location,
        "name": settings.name,
        "features": settings.features.model_dump(mode="json", exclude_defaults=True),
        "sample_percent": settings.data.sample_percent,
        "on_drift": settings.data.on_drift,
        "inspection": settings.privacy.inspection.model_dump(mode="json"),
        "target_column": settings.features.label.name,
        "split_column": ML_USE,
        "budget_milli_node_hours": settings.automl.budget_milli_node_hours,
        "optimization_objective": settings.automl.optimization_objective or "",
        "rivals": [CHALLENGER, CHAMPION] if settings.trainer == "both" else [CHAMPION],
        "automl_dataset": _automl_dataset(settings),
        "evaluation": evaluation.model_dump(mode="json", exclude_defaults=True),
        "beam_arguments": beam_arguments(settings),
        "serving": settings.serving.model_dump(mode="json"),
        "monitoring": settings.monitoring.model_dump(mode="json"),
        "bucket": settings.bucket,
    }


def batch_prediction_parameters(settings: Settings) -> dict[str, Any]:
    """The arguments of the batch prediction pipeline."""
    chosen, features = settings.batch_prediction, settings.features
    if chosen.table:
        features = features.model_copy(update={"table": chosen.table, "where": chosen.where})
    return {
        "project": settings.project,
        "location": settings.location,
        "name": settings.name,
        "features": features.model_dump(mode="json", exclude_defaults=True),
        "on_skew": settings.data.on_skew,
        "sample_percent": 100.0 if chosen.table else settings.data.sample_percent,
        "max_bad_percent": chosen.max_bad_percent,
        "dataset": f"{settings.project}.{chosen.dataset}",
        "files": name_files(settings.bucket, chosen.dataset) if chosen.files else "",
        "machines": chosen.machines.model_dump(mode="json"),
        "beam_arguments": beam_arguments(settings),
    }


def schema_parameters(settings: Settings) -> dict[str, Any]:
    """The arguments of the schema pipeline."""
    given = training_parameters(settings)
    taken = ("project", "location", "name", "features", "sample_percent", "beam_arguments")
    return {name: given[name] for name in taken}


def parameters_of(name: str, settings: Settings) -> dict[str, Any]:
    """The arguments of a pipeline of `mlops.pipelines.compiler.PIPELINES`."""
    makers = {
        "training": training_parameters,
        "automl": automl_parameters,
        "batch-prediction": batch_prediction_parameters,
        "schema": schema_parameters,
    }
    return makers[name](settings)


def pipeline_root(settings: Settings) -> str:
    """Where pipelines put what their steps make."""
    return f"gs://{settings.bucket}/pipelines"


def submit(
    settings: Settings, name: str, spec: Path, parameters: dict[str, Any], job_id: str | None = None
) -> Any:
    """Submits a compiled pipeline and returns its `aiplatform.PipelineJob`.

    Args:
        settings: of the environment.
        name: of the pipeline.
        spec: the compiled pipeline.
        parameters: its arguments.
        job_id: of the job; None lets the SDK choose one.

    Raises:
        ParameterError: the parameters are not those of the pipeline.
    """
    from google.cloud import aiplatform

    check_parameters(read_specification(spec), parameters)
    job = aiplatform.PipelineJob(
        display_name=f"{settings.name}-{name}",
        template_path=str(spec),
        job_id=job_id,
        pipeline_root=pipeline_root(settings),
        parameter_values=parameters,
        enable_caching=None,  # each task's own option holds
    )
    job.submit(
        service_account=settings.service_account or None,
        experiment=settings.name,  # each run with its parameters and metrics, side by side
    )
    return job


def follow(job: aiplatform.PipelineJob, write: Callable[[str], None]) -> Progress:
    """Writes a line for each change of a task's state until the job has ended.

    Raises:
        PipelineRunError: the job did not succeed; says which task failed and why.
    """
    try:
        return _follow(job, write)
    except KeyboardInterrupt:
        write(f"The pipeline job goes on: {job.resource_name}")
        raise


def _follow(job: aiplatform.PipelineJob, write: Callable[[str], None]) -> Progress:
    progress = Progress()
    get = job.api_client.get_pipeline_job  # taken once: the SDK makes a client for each access
    while True:
        found = get(name=job.resource_name)
        for line in progress.update(found.job_detail.task_details):
            write(line)
        if (state := found.state.name) in ENDED:
            break
        time.sleep(POLL_SECONDS)
    if state != SUCCEEDED:
        raise PipelineRunError(
            progress.failure() or f"The pipeline job ended as {state}: {job.resource_name}"
        )
    return progress


def _automl_dataset(settings: Settings) -> str:
    return f"{settings.project}.{settings.automl.dataset}"


def _commit() -> str:
    """The commit of the work tree or the image, as a label's value; "none" outside of both."""
    if given := os.environ.get("MLOPS_COMMIT"):
        return given[:LABEL_LENGTH]
    if shutil.which("git") is None:
        return "none"
    command = ["git", "rev-parse", "HEAD"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    return result.stdout.strip()[:LABEL_LENGTH] or "none"
