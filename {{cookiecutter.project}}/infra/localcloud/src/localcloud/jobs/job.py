"""One job that runs: its resource in the store, its folder and whether it shall end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from google.api_core.exceptions import FailedPrecondition
from google.cloud.aiplatform_v1 import types
from google.rpc.status_pb2 import Status
from grpc import StatusCode

from localcloud.vertex.resources import now

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

State = types.JobState  # a training pipeline has a PipelineState: the same numbers

ENDED = (State.JOB_STATE_SUCCEEDED, State.JOB_STATE_FAILED, State.JOB_STATE_CANCELLED)

# collection → resource type
KINDS: Mapping[str, type[Any]] = {
    "batchPredictionJobs": types.BatchPredictionJob,
    "customJobs": types.CustomJob,
    "hyperparameterTuningJobs": types.HyperparameterTuningJob,
    "trainingPipelines": types.TrainingPipeline,
}


class JobFailed(Exception):  # noqa: N818 - an outcome, not an error of localcloud
    """A job has failed; the message is what the client reads."""

    def __init__(self, message: str, code: StatusCode = StatusCode.INVALID_ARGUMENT) -> None:
        super().__init__(message)
        self.code = code


class JobCancelled(Exception):  # noqa: N818
    """A job was cancelled while it waited or ran."""


class Job:
    """A job from its creation to its end.

    Its resource is the only place where its state is kept; each change is on disk when a call
    returns.
    """

    def __init__(self, cloud: Cloud, name: str) -> None:
        self.cloud = cloud
        self.name = name
        self.kind = KINDS[name.split("/")[-2]]
        self.cancelled = threading.Event()
        self.ended = threading.Event()

    @property
    def id(self) -> str:
        """The last part of the job's name."""
        return self.name.rpartition("/")[2]

    @property
    def resource(self) -> Any:
        """The job's resource as it is kept now."""
        return self.cloud.store.get(self.name, self.kind)

    @property
    def folder(self) -> Path:
        """A folder for what the job needs while it runs; it is removed afterwards."""
        return self.cloud.home.root / "work" / "jobs" / self.id

    @property
    def logs(self) -> Path:
        """The folder of the job's logs."""
        return self.cloud.home.logs / "jobs" / self.id

    @contextmanager
    def editing(self) -> Iterator[Any]:
        """Read the resource, let the block change it, and save it with a new update time."""
        with self.cloud.store.editing(self.name, self.kind) as resource:
            yield resource
            resource.update_time = now()

    def start(self) -> None:
        """Note that the job runs from now on, unless it is being cancelled."""
        with self.editing() as resource:
            resource.start_time = now()
            if int(resource.state) == State.JOB_STATE_PENDING:
                resource.state = State.JOB_STATE_RUNNING

    def cancel(self) -> None:
        """Ask the job to end; it goes through CANCELLING to CANCELLED.

        Raises:
            FailedPrecondition: it has ended.
        """
        with self.editing() as resource:
            if int(resource.state) in ENDED:
                raise FailedPrecondition(f"{self.name} has ended, so it cannot be cancelled.")
            resource.state = State.JOB_STATE_CANCELLING
        self.cancelled.set()

    def end(self, state: int, error: Status | None = None) -> None:
        """Note how the job has ended."""
        with self.editing() as resource:
            resource.state = state
            resource.end_time = now()
            if error:
                resource.error = error
        self.ended.set()

    def sleep(self, seconds: float) -> None:
        """Wait so long.

        Raises:
            JobCancelled: the job is cancelled before or in that time.
        """
        if self.cancelled.wait(seconds):
            raise JobCancelled


Work: TypeAlias = Callable[[Job], None]
