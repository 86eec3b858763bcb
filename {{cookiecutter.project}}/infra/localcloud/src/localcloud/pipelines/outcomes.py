"""How the tasks of a job have ended, kept while the job runs so that a restart can go on."""

import json
from dataclasses import dataclass, field

from localcloud.pipelines.artifacts import Artifact
from localcloud.pipelines.spec import Json
from localcloud.store import Store

_SCHEMA = """
create table if not exists pipeline_outcomes (
    job text not null, task integer not null, outcome text not null, primary key (job, task)
)
"""


@dataclass(frozen=True)
class Outcome:
    """How a task has ended (a PipelineTaskDetail.State), with its outputs or its error."""

    state: int
    parameters: dict[str, Json] = field(default_factory=dict)
    artifacts: dict[str, list[Artifact]] = field(default_factory=dict)
    error: str = ""


class Outcomes:
    """The outcomes of one job's tasks by task id, durable.

    The job's resource tells them too, but only as clients read them: every number as a double,
    artifacts without the schema and the path that KFP gave them.
    """

    def __init__(self, store: Store, job: str) -> None:
        self._store = store
        self._job = job
        store.query(_SCHEMA)
        rows = store.query("select task, outcome from pipeline_outcomes where job = ?", job)
        self._outcomes = {task: _outcome(text) for task, text in rows}

    def get(self, task: int) -> Outcome | None:
        """The outcome of a task, if it has ended."""
        return self._outcomes.get(task)

    def has(self, state: int) -> bool:
        """Whether a task has ended so."""
        return any(outcome.state == state for outcome in self._outcomes.values())

    def put(self, task: int, outcome: Outcome) -> None:
        """Keep the outcome of a task, in the transaction that is open, if any."""
        self._store.query(
            "insert or replace into pipeline_outcomes values (?, ?, ?)",
            self._job,
            task,
            _text(outcome),
        )

    def clear(self) -> None:
        """Forget them all: the job has ended."""
        self._store.query("delete from pipeline_outcomes where job = ?", self._job)


def _text(outcome: Outcome) -> str:
    artifacts = {
        key: [artifact.as_json() for artifact in values]
        for key, values in outcome.artifacts.items()
    }
    return json.dumps([outcome.state, outcome.parameters, artifacts, outcome.error])


def _outcome(text: str) -> Outcome:
    state, parameters, stored, error = json.loads(text)
    artifacts = {key: [Artifact(**each) for each in values] for key, values in stored.items()}
    return Outcome(state, parameters, artifacts, error)
