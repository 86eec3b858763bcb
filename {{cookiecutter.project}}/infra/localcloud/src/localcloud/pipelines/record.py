"""The visible side of a running job: its PipelineJob resource, kept up to date in the store."""

import secrets
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from google.cloud.aiplatform_v1 import types
from google.rpc.status_pb2 import Status
from grpc import StatusCode

from localcloud.pipelines.artifacts import Artifact
from localcloud.pipelines.outcomes import Outcome, Outcomes
from localcloud.pipelines.spec import Json
from localcloud.rpc import raw
from localcloud.vertex.pipeline_lineage import PipelineLineage

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

State = types.PipelineTaskDetail.State
JobState = types.PipelineState
Artifacts = Mapping[str, list[Artifact]]

ENDED = (
    JobState.PIPELINE_STATE_SUCCEEDED,
    JobState.PIPELINE_STATE_FAILED,
    JobState.PIPELINE_STATE_CANCELLED,
)
_TASK_ENDED = (State.SUCCEEDED, State.FAILED, State.CANCELLED, State.SKIPPED, State.NOT_TRIGGERED)
_INTERRUPTED = Status(
    code=StatusCode.ABORTED.value[0],
    message="localcloud was stopped while the task ran; it starts again from scratch.",
)
_EXECUTION_STATES = {
    State.RUNNING: types.Execution.State.RUNNING,
    State.SUCCEEDED: types.Execution.State.COMPLETE,
    State.SKIPPED: types.Execution.State.CACHED,
    State.FAILED: types.Execution.State.FAILED,
    State.CANCELLED: types.Execution.State.CANCELLED,
}


class JobRecord:
    """Writes what happens to a job and its tasks; each change is on disk when a call returns.

    It takes up what an earlier server has written of the same job.
    """

    def __init__(self, cloud: "Cloud", name: str) -> None:
        self._store = cloud.store
        self._lock = threading.Lock()
        self.job: Any = raw(cloud.store.get(name, types.PipelineJob))
        self.lineage = PipelineLineage(cloud.store, cloud.lineage, self.job)
        self.outcomes = Outcomes(cloud.store, name)
        self._details = {
            (detail.parent_task_id, detail.task_name): detail
            for detail in self.job.job_detail.task_details
        }

    def start(self) -> None:
        """The job runs from now on, unless it is being cancelled."""
        with self.changing():
            _set_once(self.job, "start_time")
            if self.job.state == JobState.PIPELINE_STATE_PENDING:
                self.job.state = JobState.PIPELINE_STATE_RUNNING

    def cancelling(self) -> None:
        """Somebody has asked to cancel the job, which may have ended in the meantime."""
        with self.changing():
            if self.job.state not in ENDED:
                self.job.state = JobState.PIPELINE_STATE_CANCELLING

    def end(self, state: int, error: Status | None = None) -> None:
        """The job has ended in this PipelineState."""
        with self.changing():
            self.job.state = state
            self.job.end_time.GetCurrentTime()
            if error:
                self.job.error.CopyFrom(error)
            self.outcomes.clear()

    def outcome(self, name: str, parent: "TaskRecord | None" = None) -> Outcome | None:
        """How a task has ended before localcloud was restarted, if it has."""
        detail = self._details.get((parent.id if parent else 0, name))
        return self.outcomes.get(detail.task_id) if detail else None

    def task(
        self, name: str, schema_title: str, parent: "TaskRecord | None" = None
    ) -> "TaskRecord":
        """Add a task, PENDING, or take up one that has not ended.

        Args:
            name: the task's name in its DAG.
            schema_title: of its execution.
            parent: the DAG or loop that it stands in.
        """
        key = (parent.id if parent else 0, name)
        with self.changing():
            if key not in self._details:
                self._details[key] = self.job.job_detail.task_details.add()
            return TaskRecord(self, self._details[key], name, schema_title, parent)

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Hold the job's lock for a change of its message, and save it afterwards."""
        with self._lock, self._store.transaction():
            yield
            self.job.update_time.GetCurrentTime()
            self._store.save(self.job)

    def metadata_name(self, kind: str) -> str:
        """A new resource name in the job's metadata store, `kind` being such as `artifacts`."""
        location = self.job.name.partition("/pipelineJobs/")[0]
        return f"{location}/metadataStores/default/{kind}/{secrets.randbits(62)}"


class TaskRecord:
    """Writes what happens to one task; its methods save the whole job."""

    def __init__(
        self,
        job: JobRecord,
        detail: Any,
        name: str,
        schema_title: str,
        parent: "TaskRecord | None",
    ) -> None:
        self._job = job
        self._detail = detail
        # The root is the pipeline itself and no part of its tasks' names.
        self.path: list[str] = [*parent.path, name] if parent else []
        if detail.task_id:
            self._take_up()
        else:
            self._add(name, schema_title, parent)
        self.id: int = detail.task_id

    def _add(self, name: str, schema_title: str, parent: "TaskRecord | None") -> None:
        job, detail = self._job, self._detail
        detail.task_id = secrets.randbits(62)
        detail.task_name = name
        detail.task_unique_name = ".".join(self.path)
        detail.parent_task_id = parent.id if parent else 0
        detail.create_time.GetCurrentTime()
        detail.execution.name = job.metadata_name("executions")
        detail.execution.display_name = name if parent else job.job.name.rpartition("/")[2]
        detail.execution.schema_title = schema_title
        detail.execution.schema_version = "0.0.1"
        self._set_state(State.PENDING)

    def _take_up(self) -> None:
        """A container starts again; a DAG or a loop just goes on."""
        is_container = self._detail.execution.schema_title == "system.ContainerExecution"
        if self._detail.state == State.CANCELLED or (
            self._detail.state == State.RUNNING and is_container
        ):
            self._detail.ClearField("end_time")
            self._set_state(State.PENDING)
            self._detail.pipeline_task_status[-1].error.CopyFrom(_INTERRUPTED)

    def start(self, parameters: Mapping[str, Json], artifacts: Artifacts) -> None:
        """The task runs, with these inputs."""
        with self._job.changing():
            _set_once(self._detail, "start_time")
            self._note("input", parameters)
            _fill(self._detail.inputs, artifacts)
            if self._detail.state != State.RUNNING:
                self._set_state(State.RUNNING)
            self._job.lineage.record_inputs(self._detail.execution, artifacts)

    def end(
        self,
        state: int,
        parameters: Mapping[str, Json] | None = None,
        artifacts: Artifacts | None = None,
        error: Status | None = None,
    ) -> None:
        """The task has ended, with these outputs or this error."""
        with self._job.changing():
            self._note("output", parameters or {})
            _fill(self._detail.outputs, artifacts or {})
            self._set_state(state, error)
            self._job.lineage.record_outputs(self._detail.execution, artifacts or {})
            if state != State.CANCELLED:  # which a stop of localcloud may have done
                message = error.message if error else ""
                self._job.outcomes.put(
                    self.id, Outcome(state, dict(parameters or {}), dict(artifacts or {}), message)
                )

    def _note(self, side: str, parameters: Mapping[str, Json]) -> None:
        self._detail.execution.metadata.update(
            {f"{side}:{key}": value for key, value in parameters.items()}
        )

    def _set_state(self, state: int, error: Status | None = None) -> None:
        self._detail.state = state
        self._detail.execution.state = _EXECUTION_STATES.get(State(state), 0)
        status = self._detail.pipeline_task_status.add(state=state)
        status.update_time.GetCurrentTime()
        if error:
            self._detail.error.CopyFrom(error)
            status.error.CopyFrom(error)
        if state in _TASK_ENDED:
            self._detail.end_time.GetCurrentTime()


def _set_once(message: Any, field: str) -> None:
    """Set a time to the current one, unless it is set."""
    if not message.HasField(field):
        getattr(message, field).GetCurrentTime()


def _fill(target: Any, artifacts: Artifacts) -> None:
    target.clear()
    for key, values in artifacts.items():
        target[key].artifacts.extend(artifact.as_resource() for artifact in values)
