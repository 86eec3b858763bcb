"""What the tasks of a pipeline job are doing, told as they change."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from google.cloud.aiplatform_v1.types import PipelineTaskDetail

CACHED = "SKIPPED"  # Vertex's word for a task whose result came from the cache
NOT_TRIGGERED = "NOT_TRIGGERED"
FAILED = "FAILED"


@dataclass(frozen=True)
class Task:
    """One task of a pipeline job.

    Attributes:
        name: the task's name in the pipeline.
        state: Vertex's name of its state.
        seconds: how long it ran, once it has ended.
        error: why it failed.
        artifacts: what it made, by output name: URI and metadata.
    """

    name: str
    state: str
    seconds: float | None
    error: str
    artifacts: dict[str, tuple[str, dict[str, Any]]]

    @property
    def outcome(self) -> str:
        """State, with the duration or where the result came from."""
        if self.state == CACHED:
            return f"{self.state} (cached)"
        return self.state if self.seconds is None else f"{self.state} {self.seconds:.1f} s"


@dataclass
class Progress:
    """The tasks seen so far, in the order in which they appeared."""

    tasks: dict[str, Task] = field(default_factory=dict)
    started: float = field(default_factory=time.monotonic)

    def update(self, details: Iterable[PipelineTaskDetail]) -> Iterator[str]:
        """Takes in what Vertex reports; gives a line for each task whose state has changed."""
        for task in sorted(_read_tasks(details), key=lambda task: task.seconds is None):
            before = self.tasks.get(task.name)
            self.tasks[task.name] = task
            if before is None or before.state != task.state:
                yield f"{self._clock()}  {task.name:<17}  {task.outcome}"

    def failure(self) -> str | None:
        """Which tasks failed, and why: several, if they ran beside each other."""
        failed = (task for task in self.tasks.values() if task.state == FAILED)
        return "\n".join(f"{task.name} failed: {task.error}" for task in failed) or None

    def artifact(self, task: str, output: str) -> tuple[str, dict[str, Any]]:
        """URI and metadata of what a task made; both empty when it did not.

        A step that stands in several branches is several tasks, which KFP numbers: `train-model`,
        `train-model-2`. Only one of them has run.
        """
        seen = (each for each in self.tasks.values() if _drop_number(each.name) == task)
        return next((each.artifacts[output] for each in seen if output in each.artifacts), ("", {}))

    def _clock(self) -> str:
        minutes, seconds = divmod(int(time.monotonic() - self.started), 60)
        return f"{minutes:02}:{seconds:02}"


def _read_tasks(details: Iterable[PipelineTaskDetail]) -> Iterator[Task]:
    """The tasks that do something: neither the job itself, nor a condition that holds.

    Nor what lies in a condition that holds: one of several branches, of which another is taken, or
    a step that config/ leaves out.
    """
    details = list(details)
    choices = {d.task_id for d in details if d.task_name.startswith("condition-")}
    for detail in details:
        state = detail.state.name
        refused = state == NOT_TRIGGERED and detail.parent_task_id not in choices
        groups = detail.task_name.startswith("condition-") and not refused
        if detail.parent_task_id and not groups and state != "PENDING":
            yield _read_task(detail, state)


def _drop_number(name: str) -> str:
    return re.sub(r"-\d+$", "", name)


def _read_task(detail: PipelineTaskDetail, state: str) -> Task:
    ended = detail.end_time and detail.start_time
    return Task(
        name=detail.task_name,
        state=state,
        seconds=(detail.end_time - detail.start_time).total_seconds() if ended else None,
        error=detail.error.message,
        artifacts={
            output: (artifacts.artifacts[0].uri, dict(artifacts.artifacts[0].metadata or {}))
            for output, artifacts in detail.outputs.items()
            if artifacts.artifacts
        },
    )
