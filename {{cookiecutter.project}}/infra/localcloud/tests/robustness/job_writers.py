"""Writers that start jobs: these end after a crash as they may."""

from collections.abc import Callable
from typing import Any

from google.api_core.exceptions import NotFound
from google.cloud.aiplatform_v1 import JobServiceClient, PipelineServiceClient
from google.cloud.aiplatform_v1.types import JobState, PipelineState

from tests.jobs.job_client import python
from tests.robustness.ledger import Value
from tests.robustness.writers import BUCKET, Writer, rest
from tests.vertex import PARENT, eventually

_STOPPED = "localcloud was stopped"


class CustomJobs(Writer):
    """A job's value: how often it is there."""

    kind = "job"

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._client = rest(JobServiceClient)

    def write(self) -> None:
        self._last += 1
        key = f"{self.kind}-{self._last}"
        with self.ledger.writing(key, 1):
            job = self._client.create_custom_job(
                parent=PARENT,
                custom_job={
                    "display_name": key,
                    "job_spec": {"worker_pool_specs": [python("print('done')")]},
                },
            )
        wait_for(lambda: self._client.get_custom_job(name=job.name))

    def read(self, key: str) -> Value:
        return len(self._named(key)) or None

    def check_ends(self) -> list[str]:
        """Jobs that did not end as they may: well, or because localcloud was stopped."""
        for key in self.ledger.present():
            (job,) = self._named(key)
            wait_for(lambda name=job.name: self._client.get_custom_job(name=name))  # type: ignore[misc]
        return [
            f"{job.display_name} is {job.state.name}: {job.error.message}"
            for job in self._client.list_custom_jobs(parent=PARENT)
            if job.state != JobState.JOB_STATE_SUCCEEDED and _STOPPED not in job.error.message
        ]

    def _named(self, key: str) -> list[Any]:
        request = {"parent": PARENT, "filter": f'display_name="{key}"'}
        return list(self._client.list_custom_jobs(request))


class Pipelines(Writer):
    """A pipeline job's value: that it is there."""

    kind = "pipeline"

    def __init__(self, seed: int, spec: dict[str, Any]) -> None:
        super().__init__(seed)
        self._client = rest(PipelineServiceClient)
        self._spec = spec

    def write(self) -> None:
        self._last += 1
        key = f"{self.kind}-{self._last}"
        with self.ledger.writing(key, "kept"):
            self._client.create_pipeline_job(
                parent=PARENT,
                pipeline_job_id=key,
                pipeline_job={
                    "pipeline_spec": self._spec,
                    "runtime_config": {"gcs_output_directory": f"gs://{BUCKET}/root"},
                },
            )
        wait_for(lambda: self._get(key))

    def read(self, key: str) -> Value:
        try:
            return "kept" if self._get(key) else ""
        except NotFound:
            return None

    def check_ends(self) -> list[str]:
        """Jobs that did not succeed: they go on after a crash."""
        wrong = []
        for key in self.ledger.present():
            wait_for(lambda key=key: self._get(key))  # type: ignore[misc]
            job = self._get(key)
            if job.state != PipelineState.PIPELINE_STATE_SUCCEEDED:
                wrong.append(f"{key} is {job.state.name}: {job.error.message}")
        return wrong

    def _get(self, key: str) -> Any:
        return self._client.get_pipeline_job(name=f"{PARENT}/pipelineJobs/{key}")


def wait_for(get: Callable[[], Any]) -> None:
    """Wait until a job has ended."""
    assert eventually(lambda: "end_time" in get(), seconds=60)
