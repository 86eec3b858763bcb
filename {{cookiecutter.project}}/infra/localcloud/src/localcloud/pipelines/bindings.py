"""Where a task's inputs come from, and which of its tasks' outputs are a DAG's."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from localcloud.pipelines import expressions
from localcloud.pipelines.artifacts import Artifact
from localcloud.pipelines.placeholders import Placeholders
from localcloud.pipelines.record import State
from localcloud.pipelines.run import Run, TaskFailed, Values
from localcloud.pipelines.spec import (
    Component,
    ComponentInput,
    Constant,
    Dag,
    FinalStatus,
    Json,
    Loop,
    Source,
    Task,
    TaskOutput,
)
from localcloud.pipelines.values import cast, from_struct, to_text

_FAILED_PRECONDITION = 9  # of google.rpc.Code, as in a task's error


@dataclass(frozen=True)
class Ended:
    """How a task has ended (a PipelineTaskDetail.State), with its outputs or its error."""

    state: int
    values: Values = field(default_factory=Values)
    error: str = ""


def bind(
    run: Run,
    task: Task,
    task_id: int,
    component: Component,
    scope: Values,
    ended: Mapping[str, Ended],
) -> Values:
    """The inputs of a task.

    Args:
        run: the job that the task belongs to.
        task: the task; all that it depends on has ended.
        task_id: what its record is known by.
        component: what the task runs.
        scope: the inputs of the component that the task stands in.
        ended: the tasks beside it.

    Raises:
        InvalidSpec: a placeholder or a selector does not fit the values.
        TaskFailed: an input that is needed has no value, or one of the wrong type.
    """
    constants = {**run.constants(), **task_constants(task.name, task_id)}
    inputs = Values(
        _parameters(run, task, constants, scope, ended),
        _artifacts(task, scope, ended),
    )
    defaults = Placeholders(constants, {}, run.local_path)
    for name, parameter in component.parameters.items():
        value = inputs.parameters.get(name)
        if value is None and parameter.default is not None:
            value = defaults.fill(parameter.default)
        if value is None and not parameter.optional and not _is_item(task, name):
            raise TaskFailed(f"input parameter {name} has no value.")
        if value is not None:
            inputs.parameters[name] = _typed(name, value, parameter.type)
    for name, artifact in component.artifacts.items():
        if not (artifact.optional or inputs.artifacts.get(name) or _is_item(task, name)):
            raise TaskFailed(f"input artifact {name} has no value.")
    return inputs


def task_constants(name: str, task_id: int) -> dict[str, str]:
    """What the placeholders that concern one task stand for."""
    return {"pipeline_task_name": name, "pipeline_task_uuid": str(task_id)}


def items(loop: Loop, component: Component, inputs: Values) -> Iterator[tuple[int, Values]]:
    """The position and the inputs of each iteration of a loop.

    Raises:
        TaskFailed: what is looped over is not a list.
    """
    if loop.over_artifacts:
        for index, artifact in enumerate(inputs.artifacts.get(loop.input, [])):
            yield index, Values(inputs.parameters, {**inputs.artifacts, loop.item: [artifact]})
        return
    values = loop.raw or inputs.parameters.get(loop.input)
    values = json.loads(values) if isinstance(values, str) else values
    if not isinstance(values, list):
        raise TaskFailed(f"the loop's items ({loop.input}) are not a list.")
    kind = component.parameters[loop.item].type if loop.item in component.parameters else ""
    for index, value in enumerate(values):
        item = {loop.item: _typed(loop.item, from_struct(value), kind)}
        yield index, Values({**inputs.parameters, **item}, inputs.artifacts)


def outputs(dag: Dag, ended: Mapping[str, Ended]) -> Values:
    """The outputs of a DAG: of those selected, the first that a task has put out."""
    results = Values()
    for key, selectors in dag.parameters.items():
        for selector in selectors:
            values = ended[selector.task].values.parameters
            if selector.key in values:
                results.parameters[key] = values[selector.key]
                break
    for key, selectors in dag.artifacts.items():
        for selector in selectors:
            artifacts = ended[selector.task].values.artifacts
            if selector.key in artifacts:
                results.artifacts[key] = artifacts[selector.key]
                break
    return results


def _parameters(
    run: Run,
    task: Task,
    constants: Mapping[str, str],
    scope: Values,
    ended: Mapping[str, Ended],
) -> dict[str, Json]:
    values: dict[str, Json] = {}
    for key, binding in task.parameters.items():
        if not isinstance(binding.source, Constant):
            value = _value(run, binding.source, scope, ended)
            if value is not None and binding.selector:
                value = expressions.evaluate(binding.selector, {"string_value": to_text(value)})
            if value is not None:
                values[key] = value
    # Texts can hold the other inputs, so they come last.
    given = {"inputs": {"parameterValues": dict(values)}}
    placeholders = Placeholders(constants, given, run.local_path)
    for key, binding in task.parameters.items():
        if isinstance(binding.source, Constant):
            values[key] = placeholders.fill(binding.source.value, typed=True)
    return values


def _value(run: Run, source: Source, scope: Values, ended: Mapping[str, Ended]) -> Json:
    if isinstance(source, ComponentInput):
        return scope.parameters.get(source.name)
    if isinstance(source, TaskOutput):
        return ended[source.task].values.parameters.get(source.key)
    if isinstance(source, FinalStatus):
        return _final_status(run, source.task, ended[source.task])
    return source.value


def _artifacts(task: Task, scope: Values, ended: Mapping[str, Ended]) -> dict[str, list[Artifact]]:
    found: dict[str, list[Artifact]] = {}
    for key, binding in task.artifacts.items():
        source = binding.source
        values = ended[source.task].values if isinstance(source, TaskOutput) else scope
        name = source.key if isinstance(source, TaskOutput) else getattr(source, "name", "")
        if name in values.artifacts:
            found[key] = values.artifacts[name]
    return found


def _final_status(run: Run, task: str, ended: Ended) -> Json:
    """KFP's PipelineTaskFinalStatus."""
    status = {
        "state": State(ended.state).name,
        "pipelineJobResourceName": run.job.name,
        "pipelineTaskName": task,
        "error": {},
    }
    if ended.error:
        status["error"] = {"code": _FAILED_PRECONDITION, "message": ended.error}
    return status


def _is_item(task: Task, name: str) -> bool:
    return task.loop is not None and task.loop.item == name


def _typed(name: str, value: Json, kind: str) -> Json:
    try:
        return cast(value, kind)
    except ValueError as error:
        raise TaskFailed(f"input parameter {name} must be of type {kind}; {error}.") from error
