"""Runs pipeline jobs, each in a thread of its own."""

from __future__ import annotations

import logging
import os
import shutil
import threading
from typing import TYPE_CHECKING, Any

from google.api_core.exceptions import FailedPrecondition
from google.cloud.aiplatform_v1 import types
from google.protobuf.json_format import MessageToDict
from google.rpc.status_pb2 import Status
from grpc import StatusCode

from localcloud.pipelines import engine
from localcloud.pipelines.cache import Cache
from localcloud.pipelines.job_inputs import job_inputs
from localcloud.pipelines.reader import read
from localcloud.pipelines.record import ENDED, JobRecord, JobState, State
from localcloud.pipelines.run import Run, TaskCancelled, TaskFailed, log_folder
from localcloud.pipelines.spec import InvalidSpec, Pipeline, UnsupportedSpec
from localcloud.pipelines.validation import validate
from localcloud.vertex.resources import location

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_LOG = logging.getLogger(__name__)
_STOPPED = "localcloud was stopped while the job ran; submit the job again."
_FAIL_FAST = types.PipelineFailurePolicy.PIPELINE_FAILURE_POLICY_FAIL_FAST


class PipelineRunner:
    """Starts, cancels and recovers the pipeline jobs of one localcloud."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._cache = Cache(cloud.home.database, cloud.home.storage)
        # one more than processors, as there is often one that waits for localcloud
        self._slots = threading.Semaphore((os.cpu_count() or 1) + 1)
        self._lock = threading.Lock()
        self._runs: dict[str, Run] = {}
        self._threads: dict[str, threading.Thread] = {}
        self._stopping = False

    def start(self, job_name: str) -> None:
        """Run a job that the store keeps and `check` has passed; returns at once."""
        shutil.rmtree(log_folder(self._cloud, job_name), ignore_errors=True)
        self._start(JobRecord(self._cloud, job_name))

    def _start(self, record: JobRecord) -> None:
        """Run a job from where its record says that it stands.

        Raises:
            InvalidSpec: this version of localcloud does not take its spec.
            UnsupportedSpec: this version of localcloud cannot run it.
        """
        run = Run(
            cloud=self._cloud,
            pipeline=pipeline_of(record.job),
            record=record,
            cache=self._cache,
            slots=self._slots,
            fail_fast=record.job.runtime_config.failure_policy == _FAIL_FAST,
        )
        if run.fail_fast and record.outcomes.has(State.FAILED):
            run.failed.set()
        if record.job.state == JobState.PIPELINE_STATE_CANCELLING:
            run.cancel()
        name = record.job.name
        thread = threading.Thread(target=self._run, args=(run,), name=name, daemon=True)
        with self._lock:
            self._runs[name] = run
            self._threads[name] = thread
        thread.start()

    def cancel(self, job_name: str) -> None:
        """Ask a job to end; it goes through CANCELLING to CANCELLED.

        Raises:
            FailedPrecondition: it does not run.
        """
        with self._lock:
            run = self._runs.get(job_name)
        if run is None:
            raise FailedPrecondition(f"{job_name} has ended already, so it cannot be cancelled.")
        run.record.cancelling()
        run.cancel()

    def recover(self) -> None:
        """Go on with the jobs that an earlier server left running, or mark them as FAILED.

        A task that has ended stays ended; a container that ran starts again from scratch.
        """
        store = self._cloud.store
        for collection in store.collections("/pipelineJobs"):
            for job in store.in_collection(collection, types.PipelineJob):
                if job.state not in ENDED:
                    self._resume(JobRecord(self._cloud, job.name))

    def _resume(self, record: JobRecord) -> None:
        try:
            self._start(record)
        except (InvalidSpec, UnsupportedSpec) as error:
            _abandon(record, f"The job cannot go on after a restart of localcloud: {error}")

    def stop(self) -> None:
        """End all jobs and their processes; the jobs are FAILED."""
        with self._lock:
            self._stopping = True
            runs, threads = list(self._runs.values()), list(self._threads.values())
        for run in runs:
            run.cancel()
        for thread in threads:
            thread.join()
        self._cache.close()

    def _run(self, run: Run) -> None:
        state, error = self._outcome(run)
        if self._stopping and state == JobState.PIPELINE_STATE_CANCELLED:
            state, error = JobState.PIPELINE_STATE_FAILED, _status(StatusCode.ABORTED, _STOPPED)
        with self._lock:
            del self._runs[run.job.name], self._threads[run.job.name]
        run.record.end(state, error)

    def _outcome(self, run: Run) -> tuple[int, Status | None]:
        try:
            run.record.start()
            parent = location(run.job.name)
            engine.execute(run, job_inputs(self._cloud.store, parent, run.job, run.pipeline))
        except TaskCancelled:
            message = "The pipeline job was cancelled."
            return JobState.PIPELINE_STATE_CANCELLED, _status(StatusCode.CANCELLED, message)
        except (InvalidSpec, TaskFailed) as error:
            return JobState.PIPELINE_STATE_FAILED, _status(
                StatusCode.FAILED_PRECONDITION, str(error)
            )
        except Exception as error:
            _LOG.exception("job %s", run.job.name)
            message = f"localcloud failed: {type(error).__name__}: {error}"
            return JobState.PIPELINE_STATE_FAILED, _status(StatusCode.INTERNAL, message)
        return JobState.PIPELINE_STATE_SUCCEEDED, None


def pipeline_of(job: Any) -> Pipeline:
    """The pipeline that a PipelineJob message carries.

    Raises:
        InvalidSpec: it is not valid.
        UnsupportedSpec: localcloud cannot run it.
    """
    pipeline = read(MessageToDict(job.pipeline_spec))
    validate(pipeline)
    return pipeline


def _abandon(record: JobRecord, reason: str) -> None:
    error = _status(StatusCode.ABORTED, reason)
    for detail in record.job.job_detail.task_details:
        if detail.state in (State.PENDING, State.RUNNING):
            detail.state = State.FAILED
            detail.error.CopyFrom(error)
            detail.end_time.GetCurrentTime()
            if detail.execution.state:
                detail.execution.state = types.Execution.State.FAILED
                record.lineage.record_outputs(detail.execution, {})
    record.end(JobState.PIPELINE_STATE_FAILED, error)


def _status(code: StatusCode, message: str) -> Status:
    return Status(code=code.value[0], message=message)
