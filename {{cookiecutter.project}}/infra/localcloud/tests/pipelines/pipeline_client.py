"""Submits pipelines as a user does, with the unmodified SDK, and waits without its slow polls."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from google.cloud import aiplatform
from google.cloud.aiplatform_v1.types import PipelineState, PipelineTaskDetail
from kfp import compiler

from tests.vertex import LOCATION, PROJECT, unique

BUCKET = "pipelines-bucket"
IMAGE = f"us-central1-docker.pkg.dev/{PROJECT}/images/steps:1"
State = PipelineTaskDetail.State
ENDED = {
    PipelineState.PIPELINE_STATE_SUCCEEDED,
    PipelineState.PIPELINE_STATE_FAILED,
    PipelineState.PIPELINE_STATE_CANCELLED,
}


class Result:
    """A job that has ended (or as it stood when it was read)."""

    def __init__(self, message: Any) -> None:
        self.message = message
        self.state = message.state.name.removeprefix("PIPELINE_STATE_")
        self.error = message.error.message
        self.tasks = {
            detail.task_unique_name: detail
            for detail in message.job_detail.task_details
            if detail.task_unique_name
        }
        self.root = next(
            each for each in message.job_detail.task_details if not each.task_unique_name
        )

    def states(self) -> dict[str, str]:
        return {name: task.state.name for name, task in self.tasks.items()}

    def output(self, task: str, key: str = "Output") -> Any:
        return plain(self.tasks[task].execution.metadata[f"output:{key}"])

    def uri(self, task: str, key: str) -> str:
        return self.tasks[task].outputs[key].artifacts[0].uri


class PipelineClient:
    """Compiles, submits and waits; `storage` is the folder of the local Cloud Storage."""

    def __init__(self, folder: Path, storage: Path) -> None:
        self._folder = folder
        self.storage = storage
        self.root = f"gs://{BUCKET}/root"

    def spec(self, pipeline: Callable[..., Any]) -> dict[str, Any]:
        path = self._folder / "pipeline.yaml"
        compiler.Compiler().compile(pipeline, str(path))
        return yaml.safe_load(path.read_text())

    def submit(
        self,
        pipeline: Callable[..., Any] | dict[str, Any],
        parameters: dict[str, Any] | None = None,
        job_id: str | None = None,
        **options: Any,
    ) -> aiplatform.PipelineJob:
        job = self.prepare(pipeline, parameters, job_id, **options)
        job.submit()
        return job

    def prepare(
        self,
        pipeline: Callable[..., Any] | dict[str, Any],
        parameters: dict[str, Any] | None = None,
        job_id: str | None = None,
        **options: Any,
    ) -> aiplatform.PipelineJob:
        spec = pipeline if isinstance(pipeline, dict) else self.spec(pipeline)
        path = self._folder / "submitted.json"
        path.write_text(json.dumps(spec))
        return aiplatform.PipelineJob(
            display_name=spec["pipelineInfo"]["name"],
            template_path=str(path),
            job_id=job_id or unique(),  # the SDK's own ids change once a second
            pipeline_root=self.root,
            parameter_values=parameters or {},
            project=PROJECT,
            location=LOCATION,
            **options,
        )

    def wait(self, job: aiplatform.PipelineJob, seconds: float = 60) -> Result:
        return self.wait_until(job, lambda result: result.message.state in ENDED, seconds)

    def wait_until(
        self,
        job: aiplatform.PipelineJob,
        condition: Callable[[Result], bool],
        seconds: float = 60,
    ) -> Result:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            message = self.get(job.resource_name)
            if message.job_detail.task_details and condition(result := Result(message)):
                return result
            time.sleep(0.03)
        raise TimeoutError(f"the job is still {message.state.name}")

    def get(self, name: str) -> Any:
        return self.service().get_pipeline_job(name=name)

    def service(self) -> Any:
        from google.cloud.aiplatform import initializer
        from google.cloud.aiplatform.utils import PipelineJobClientWithOverride

        return initializer.global_config.create_client(
            client_class=PipelineJobClientWithOverride, location_override=LOCATION
        )

    def run(
        self,
        pipeline: Callable[..., Any] | dict[str, Any],
        parameters: dict[str, Any] | None = None,
        **options: Any,
    ) -> Result:
        return self.wait(self.submit(pipeline, parameters, **options))

    def path(self, uri: str) -> Path:
        return self.storage / uri.removeprefix("gs://")


def plain(value: Any) -> Any:
    """Values of a Struct as plain Python ones."""
    if hasattr(value, "items"):
        return {key: plain(item) for key, item in value.items()}
    if not isinstance(value, str) and hasattr(value, "__iter__"):
        return [plain(item) for item in value]
    return value
