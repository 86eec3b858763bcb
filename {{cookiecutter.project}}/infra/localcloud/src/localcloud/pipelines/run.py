"""One run of a pipeline job: what its tasks share, and the processes they have started."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from localcloud import processes
from localcloud.pipelines.artifacts import Artifact, local_path
from localcloud.pipelines.cache import Cache
from localcloud.pipelines.record import JobRecord
from localcloud.pipelines.spec import Json, Pipeline
from localcloud.processes import Process
from localcloud.resource_manager.projects import project_number
from localcloud.schedules.runs import scheduled_time

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_GRACE_SECONDS = 10.0


class TaskFailed(Exception):  # noqa: N818 - an outcome, not an error of localcloud
    """A task has failed; the message is what the client reads."""


class TaskCancelled(Exception):  # noqa: N818
    """The job was cancelled while the task waited or ran."""


@dataclass
class Values:
    """Inputs or outputs of a task; an input or output that is not a list has one artifact."""

    parameters: dict[str, Json] = field(default_factory=dict)
    artifacts: dict[str, list[Artifact]] = field(default_factory=dict)


@dataclass
class Run:
    """One run of a job.

    `slots` bounds how many containers run at a time, over all jobs. `fail_fast` is the job's
    failure policy; `failed` is set once a task has failed under it.
    """

    cloud: Cloud
    pipeline: Pipeline
    record: JobRecord
    cache: Cache
    slots: threading.Semaphore
    fail_fast: bool = False
    failed: threading.Event = field(default_factory=threading.Event)
    cancelled: threading.Event = field(default_factory=threading.Event)
    _processes: set[Process] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def job(self) -> Any:
        """The PipelineJob message."""
        return self.record.job

    @property
    def job_id(self) -> str:
        """The last part of the job's name."""
        return str(self.job.name.rpartition("/")[2])

    @property
    def folder_uri(self) -> str:
        """The `gs://` folder below which the job's tasks write, without a slash at its end."""
        root = self.job.runtime_config.gcs_output_directory.rstrip("/")
        return f"{root}/{self._project_number}/{self.job_id}"

    @property
    def _project_number(self) -> str:
        return str(project_number(self.job.name.split("/")[1]))

    @property
    def logs(self) -> Path:
        """The folder of the job's task logs."""
        return log_folder(self.cloud, self.job.name)

    def local_path(self, uri: str) -> str:
        """Where a URI's content lies on this machine."""
        return local_path(self.cloud.home.storage, uri)

    def constants(self) -> dict[str, str]:
        """What the placeholders that concern the whole job stand for."""
        parts = self.job.name.split("/")
        created = self.job.create_time.ToJsonString()
        return {
            "pipeline_job_name": self.job_id,
            "pipeline_job_resource_name": self.job.name,
            "pipeline_job_uuid": self.job_id,
            "pipeline_job_create_time_utc": created,
            "pipeline_job_schedule_time_utc": scheduled_time(self.job) or created,
            "pipeline_root": self.job.runtime_config.gcs_output_directory,
            "pipeline_google_cloud_project_id": parts[1],
            "pipeline_google_cloud_location": parts[3],
            "pipeline_service_account": self.job.service_account,
            "pipeline_network": self.job.network,
            "pipeline_encryption_key_name": self.job.encryption_spec.kms_key_name,
            "pipeline_persistent_resource_id": "",
        }

    def environment(self) -> dict[str, str]:
        """The variables that Vertex gives to each of the job's containers."""
        project, location = self.job.name.split("/")[1:4:2]
        return {
            "CLOUD_ML_PROJECT_ID": self._project_number,
            "CLOUD_ML_REGION": location,
            "GOOGLE_CLOUD_PROJECT": project,
            "VERTEX_AI_PIPELINES_RUN_LABELS": json.dumps(dict(self.job.labels)),
        }

    def follow(self, log: Path, task: str) -> None:
        """Have what a task writes appear in Cloud Logging, as by a custom job of Vertex AI."""
        project = self.job.name.split("/")[1]
        self.cloud.log_files.follow(
            log,
            f"projects/{project}/logs/workerpool0-0",
            "ml_job",
            {"project_id": project, "job_id": self.job_id, "task_name": "workerpool0-0"},
            {"pipeline_job_id": self.job_id, "pipeline_task": task},
        )

    def execute(self, start: Callable[[IO[bytes]], Process], log: Path) -> int:
        """Run a process to its end, all it has left behind included; returns its exit code.

        Args:
            start: starts it, given the file for its output.
            log: the file that its output is appended to.

        Raises:
            TaskCancelled: the job has been cancelled.
        """
        if self.cancelled.is_set():
            raise TaskCancelled
        with log.open("ab") as output:
            process = start(output)
        with self._lock:
            self._processes.add(process)
            late = self.cancelled.is_set()
        if late:  # `cancel` has not seen it
            processes.stop(process, _GRACE_SECONDS)
        exit_code = process.wait()
        with self._lock:
            self._processes.discard(process)
        processes.stop(process, grace_seconds=0)
        if self.cancelled.is_set():
            raise TaskCancelled
        return exit_code

    def cancel(self) -> None:
        """Start no more tasks and end those that run."""
        with self._lock:
            self.cancelled.set()
            running = list(self._processes)
        for process in running:
            threading.Thread(target=processes.stop, args=(process, _GRACE_SECONDS)).start()


def log_folder(cloud: Cloud, job_name: str) -> Path:
    """The folder of a job's task logs."""
    return cloud.home.logs / "pipelines" / job_name.rpartition("/")[2]
