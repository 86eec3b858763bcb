"""Runs jobs, each in a thread of its own, and says in their resources what became of them."""

from __future__ import annotations

import logging
import shutil
import threading
from typing import TYPE_CHECKING

from google.api_core.exceptions import FailedPrecondition, GoogleAPICallError
from google.rpc.status_pb2 import Status
from grpc import StatusCode

from localcloud import errors
from localcloud.jobs.job import ENDED, KINDS, Job, JobCancelled, JobFailed, State, Work

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_LOG = logging.getLogger(__name__)
_STOPPED = "localcloud was stopped while the job ran; submit the job again."


class JobRunner:
    """Starts, cancels and recovers the jobs of one localcloud."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}
        self._threads: dict[str, threading.Thread] = {}
        self._stopping = False

    def start(self, name: str, work: Work) -> Job:
        """Do a job that the store keeps; returns at once.

        A JobFailed or GoogleAPICallError raised by `work` becomes the job's error; anything
        else is logged and becomes INTERNAL.
        """
        job = Job(self._cloud, name)
        thread = threading.Thread(target=self._run, args=(job, work), name=name, daemon=True)
        with self._lock:
            self._jobs[name] = job
            self._threads[name] = thread
            if self._stopping:
                job.cancelled.set()
        thread.start()
        return job

    def cancel(self, name: str) -> None:
        """Ask a job to end.

        Raises:
            FailedPrecondition: it has ended.
        """
        with self._lock:
            job = self._jobs.get(name)
        if job is None:
            raise FailedPrecondition(f"{name} has ended, so it cannot be cancelled.")
        job.cancel()

    def recover(self) -> None:
        """Mark what an earlier server left running as FAILED."""
        for kind, resource_type in KINDS.items():
            for collection in self._cloud.store.collections(f"/{kind}"):
                for resource in self._cloud.store.in_collection(collection, resource_type):
                    if int(resource.state) not in ENDED:
                        job = Job(self._cloud, resource.name)
                        job.end(State.JOB_STATE_FAILED, _status(StatusCode.ABORTED, _STOPPED))
                        shutil.rmtree(job.folder, ignore_errors=True)

    def stop(self) -> None:
        """End all jobs and their processes; the jobs are FAILED."""
        with self._lock:
            self._stopping = True
            jobs, threads = list(self._jobs.values()), list(self._threads.values())
        for job in jobs:
            job.cancelled.set()
        for thread in threads:
            thread.join()

    def _run(self, job: Job, work: Work) -> None:
        job.folder.mkdir(parents=True, exist_ok=True)
        job.logs.mkdir(parents=True, exist_ok=True)
        state, error = self._outcome(job, work)
        shutil.rmtree(job.folder, ignore_errors=True)
        job.end(state, error)
        with self._lock:
            del self._jobs[job.name], self._threads[job.name]

    def _outcome(self, job: Job, work: Work) -> tuple[int, Status | None]:
        try:
            work(job)
        except JobCancelled:
            return self._interrupted()
        except JobFailed as error:
            return State.JOB_STATE_FAILED, _status(error.code, str(error))
        except GoogleAPICallError as error:
            return State.JOB_STATE_FAILED, errors.to_status(error)
        except Exception as error:
            _LOG.exception("job %s", job.name)
            message = f"localcloud failed: {type(error).__name__}: {error}"
            return State.JOB_STATE_FAILED, _status(StatusCode.INTERNAL, message)
        return State.JOB_STATE_SUCCEEDED, None

    def _interrupted(self) -> tuple[int, Status]:
        if self._stopping:
            return State.JOB_STATE_FAILED, _status(StatusCode.ABORTED, _STOPPED)
        message = "The job was cancelled."
        return State.JOB_STATE_CANCELLED, _status(StatusCode.CANCELLED, message)


def _status(code: StatusCode, message: str) -> Status:
    return Status(code=code.value[0], message=message)
