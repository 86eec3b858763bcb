"""Schedules the tasks of a pipeline: what is ready runs, at the same time as all else that is."""

import logging
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace

from google.rpc.status_pb2 import Status
from grpc import StatusCode

from localcloud.pipelines import expressions
from localcloud.pipelines.bindings import Ended, bind, items, outputs
from localcloud.pipelines.container import ContainerTask
from localcloud.pipelines.importing import import_artifact
from localcloud.pipelines.record import State, TaskRecord
from localcloud.pipelines.run import Run, TaskCancelled, TaskFailed, Values
from localcloud.pipelines.spec import (
    Component,
    Container,
    Dag,
    Importer,
    InvalidSpec,
    Loop,
    Task,
)

_LOG = logging.getLogger(__name__)
_THREADS = 32  # of one DAG or loop; how many containers run at a time is the run's matter
_GOOD = (State.SUCCEEDED, State.SKIPPED)


def execute(run: Run, inputs: Values) -> None:
    """Run the whole pipeline with these inputs.

    Raises:
        TaskFailed: a task has failed.
        TaskCancelled: the job was cancelled.
    """
    name = run.pipeline.name
    ended = _kept(run, name)
    if ended is None:
        root = run.record.task(name, "system.Run")
        ended = _ComponentRun(run, root).execute(None, run.pipeline.root, inputs)
    if ended.state == State.CANCELLED:
        raise TaskCancelled
    if ended.state == State.FAILED:
        raise TaskFailed(ended.error)


class _DagRun:
    """One execution of a DAG."""

    def __init__(self, run: Run, dag: Dag, inputs: Values, record: TaskRecord) -> None:
        self._run = run
        self._dag = dag
        self._inputs = inputs
        self._record = record
        self._ended: dict[str, Ended] = {}

    def execute(self) -> Values:
        """Run all tasks that can run; returns the DAG's outputs.

        Raises:
            TaskFailed: one of them has failed.
            TaskCancelled: the job was cancelled.
        """
        waiting = dict(self._dag.tasks)
        running: dict[Future[Ended], str] = {}
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="task") as pool:
            while waiting or running:
                for task in [task for task in waiting.values() if self._is_ready(task)]:
                    running[pool.submit(self._run_task, waiting.pop(task.name))] = task.name
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    self._ended[running.pop(future)] = future.result()
        self._raise_failures()
        return outputs(self._dag, self._ended)

    def _is_ready(self, task: Task) -> bool:
        return task.dependencies <= self._ended.keys()

    def _run_task(self, task: Task) -> Ended:
        if kept := _kept(self._run, task.name, self._record):
            return kept
        if not self._is_triggered(task):
            state = State.CANCELLED if self._run.cancelled.is_set() else State.NOT_TRIGGERED
            self._run.record.task(task.name, "", self._record).end(state)
            return Ended(state)
        body = self._run.pipeline.components[task.component].body
        schema = "system.DagExecution" if task.loop else _schema(body)
        record = self._run.record.task(task.name, schema, self._record)
        return _ComponentRun(self._run, record).execute_task(task, self._inputs, self._ended)

    def _is_triggered(self, task: Task) -> bool:
        if self._run.cancelled.is_set():
            return False
        if task.always:
            return True
        if self._run.failed.is_set():
            return False
        return all(self._ended[name].state in _GOOD for name in task.dependencies)

    def _raise_failures(self) -> None:
        if any(ended.state == State.CANCELLED for ended in self._ended.values()):
            raise TaskCancelled
        failed = {name: end for name, end in self._ended.items() if end.state == State.FAILED}
        if failed:
            raise TaskFailed(
                "The DAG failed because some tasks failed. The failed tasks are:"
                f" [{', '.join(sorted(failed))}].\n"
                + "\n".join(ended.error for ended in failed.values())
            )


@dataclass
class _ComponentRun:
    """One execution of a component, recorded as one task."""

    run: Run
    record: TaskRecord

    def execute_task(self, task: Task, scope: Values, ended: dict[str, Ended]) -> Ended:
        """Run a task whose dependencies have ended; never raises."""
        component = self.run.pipeline.components[task.component]
        try:
            inputs = bind(self.run, task, self.record.id, component, scope, ended)
            if task.condition and not _holds(task.condition, inputs):
                self.record.end(State.NOT_TRIGGERED)
                return Ended(State.NOT_TRIGGERED)
        except (InvalidSpec, TaskFailed) as error:
            return self._fail(f"{task.name}: {error}")
        return self.execute(task, component, inputs)

    def execute(self, task: Task | None, component: Component, inputs: Values) -> Ended:
        """Run a component, once for each item if the task is a loop; never raises."""
        try:
            state, results = self._execute(task, component, inputs)
        except TaskCancelled:
            self.record.end(State.CANCELLED)
            return Ended(State.CANCELLED)
        except (InvalidSpec, TaskFailed) as error:
            return self._fail(str(error))
        except Exception as error:
            _LOG.exception("task %s of %s", ".".join(self.record.path), self.run.job.name)
            return self._fail(f"localcloud failed: {type(error).__name__}: {error}")
        self.record.end(state, results.parameters, results.artifacts)
        return Ended(state, results)

    def _execute(
        self, task: Task | None, component: Component, inputs: Values
    ) -> tuple[int, Values]:
        body = component.body
        if task and isinstance(body, Container) and not task.loop:
            return ContainerTask(self.run, task, component, body, inputs, self.record).execute()
        self.record.start(inputs.parameters, inputs.artifacts)
        if task and task.loop:
            return State.SUCCEEDED, self._loop(task, task.loop, component, inputs)
        if isinstance(body, Dag):
            return State.SUCCEEDED, _DagRun(self.run, body, inputs, self.record).execute()
        if isinstance(body, Importer):
            name = self.record.path[-1]
            artifact = import_artifact(self.run, body, name, self.record.id, inputs)
            return State.SUCCEEDED, Values(artifacts={"artifact": [artifact]})
        raise InvalidSpec("root has no dag.")

    def _loop(self, task: Task, loop: Loop, component: Component, inputs: Values) -> Values:
        each = list(items(loop, component, inputs))
        once = _without_loop(task)
        with ThreadPoolExecutor(min(loop.parallelism or _THREADS, _THREADS)) as pool:
            ended = list(pool.map(lambda item: self._iterate(once, component, *item), each))
        return _collected(component, ended)

    def _iterate(self, task: Task, component: Component, index: int, inputs: Values) -> Ended:
        name = f"{task.name}-iteration-{index}"
        if kept := _kept(self.run, name, self.record):
            return kept
        record = self.run.record.task(name, _schema(component.body), self.record)
        if self.run.cancelled.is_set() or self.run.failed.is_set():
            state = State.CANCELLED if self.run.cancelled.is_set() else State.NOT_TRIGGERED
            record.end(state)
            return Ended(state)
        return _ComponentRun(self.run, record).execute(task, component, inputs)

    def _fail(self, message: str) -> Ended:
        if self.run.fail_fast:
            self.run.failed.set()
        error = Status(code=StatusCode.FAILED_PRECONDITION.value[0], message=message)
        self.record.end(State.FAILED, error=error)
        return Ended(State.FAILED, error=message)


def _kept(run: Run, name: str, parent: TaskRecord | None = None) -> Ended | None:
    """How a task has ended before localcloud was restarted, if it has."""
    kept = run.record.outcome(name, parent)
    if kept is None:
        return None
    return Ended(kept.state, Values(kept.parameters, kept.artifacts), kept.error)


def _schema(body: Dag | Container | Importer) -> str:
    """The schema title of what runs a component."""
    if isinstance(body, Container):
        return "system.ContainerExecution"
    return "system.DagExecution" if isinstance(body, Dag) else "system.ImporterExecution"


def _holds(condition: str, inputs: Values) -> bool:
    return bool(
        expressions.evaluate(condition, {"inputs": {"parameter_values": inputs.parameters}})
    )


def _without_loop(task: Task) -> Task:
    return replace(task, loop=None, condition="")


def _collected(component: Component, ended: list[Ended]) -> Values:
    """The outputs of all iterations, in the order of the items."""
    failures = [end.error for end in ended if end.state == State.FAILED]
    if any(end.state == State.CANCELLED for end in ended):
        raise TaskCancelled
    if failures:
        raise TaskFailed(
            f"{len(failures)} of {len(ended)} iterations failed.\n" + "\n".join(failures)
        )
    results = [end.values for end in ended]
    return Values(
        parameters={
            key: [result.parameters[key] for result in results if key in result.parameters]
            for key in component.output_parameters
        },
        artifacts={
            key: [each for result in results for each in result.artifacts.get(key, [])]
            for key in component.output_artifacts
        },
    )
