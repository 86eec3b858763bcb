"""Checks how the parts of a pipeline hang together, before anything runs."""

import json
from collections.abc import Iterable, Mapping

from localcloud.pipelines import expressions
from localcloud.pipelines.spec import (
    ArtifactDefinition,
    Binding,
    Component,
    ComponentInput,
    Constant,
    Container,
    Dag,
    FinalStatus,
    InvalidSpec,
    Parameter,
    Pipeline,
    Task,
    TaskOutput,
    UnsupportedSpec,
)

_WORKSPACE = "{{$.workspace_path}}"


def validate(pipeline: Pipeline) -> None:
    """Check references, inputs, cycles, expressions and whether all of it can be run here.

    Raises:
        InvalidSpec: a reference leads nowhere, an input is missing or dependencies form a ring.
        UnsupportedSpec: a component needs what localcloud does not have.
    """
    if not isinstance(pipeline.root.body, Dag):
        raise InvalidSpec("root has no dag.")
    for component in [pipeline.root, *pipeline.components.values()]:
        if isinstance(component.body, Dag):
            _check_dag(pipeline, component, component.body)
        elif isinstance(component.body, Container):
            _check_container(component.name, component.body)
    _refuse_ring(_components_used(pipeline), "components")


def _check_dag(pipeline: Pipeline, component: Component, dag: Dag) -> None:
    for task in dag.tasks.values():
        where = f"task {task.name} of component {component.name}"
        if task.component not in pipeline.components:
            raise InvalidSpec(f"{where} refers to {task.component}, which does not exist.")
        if missing := sorted(task.dependencies - dag.tasks.keys()):
            raise InvalidSpec(f"{where} depends on task {missing[0]}, which does not exist.")
        _check_inputs(where, task, pipeline.components[task.component])
        _check_expressions(task)
        for key, binding in {**task.parameters, **task.artifacts}.items():
            _check_source(where, key, binding, pipeline, component, dag)
    for key, selectors in {**dag.parameters, **dag.artifacts}.items():
        for selector in selectors:
            if selector.task not in dag.tasks:
                raise InvalidSpec(
                    f"output {key} of component {component.name} comes from task"
                    f" {selector.task}, which does not exist."
                )
    _refuse_ring(
        {task.name: task.dependencies for task in dag.tasks.values()},
        f"tasks of component {component.name}",
    )


def _check_inputs(where: str, task: Task, component: Component) -> None:
    given = {*task.parameters, *task.artifacts, *([task.loop.item] if task.loop else [])}
    needed: dict[str, Parameter | ArtifactDefinition] = {
        **component.parameters,
        **component.artifacts,
    }
    for name, definition in needed.items():
        if not definition.optional and name not in given:
            raise InvalidSpec(f"{where} gives no value for {name}, which {component.name} needs.")
    if task.loop and not task.loop.raw and task.loop.input not in given:
        raise InvalidSpec(f"{where} loops over {task.loop.input}, which is not one of its inputs.")


def _check_expressions(task: Task) -> None:
    if task.condition:
        expressions.parse(task.condition)
    for binding in task.parameters.values():
        if binding.selector:
            expressions.parse(binding.selector)


def _check_source(
    where: str, key: str, binding: Binding, pipeline: Pipeline, component: Component, dag: Dag
) -> None:
    source = binding.source
    if isinstance(source, ComponentInput):
        if source.name not in {**component.parameters, **component.artifacts}:
            raise InvalidSpec(
                f"input {key} of {where} takes {source.name}, which {component.name} does not have."
            )
    elif isinstance(source, TaskOutput):
        producer = pipeline.components.get(dag.tasks[source.task].component)
        if producer and source.key not in {
            **producer.output_parameters,
            **producer.output_artifacts,
        }:
            raise InvalidSpec(
                f"input {key} of {where} takes output {source.key} of task {source.task}, which"
                " has no such output."
            )
    elif isinstance(source, FinalStatus) and source.task not in dag.tasks:
        raise InvalidSpec(f"input {key} of {where} asks for the status of an unknown task.")
    elif isinstance(source, Constant):
        _refuse_workspace(f"Input {key} of {where}", json.dumps(source.value))


def _check_container(name: str, container: Container) -> None:
    for word in [*container.command, *container.args, *container.env.values()]:
        _refuse_workspace(f"Component {name}", word)


def _refuse_workspace(where: str, text: str) -> None:
    if _WORKSPACE in text:
        raise UnsupportedSpec(
            f"{where} uses a workspace, which neither Vertex AI nor localcloud has; write to"
            " /gcs/BUCKET or hand over an artifact."
        )


def _components_used(pipeline: Pipeline) -> dict[str, set[str]]:
    return {
        name: {task.component for task in component.body.tasks.values()}
        for name, component in pipeline.components.items()
        if isinstance(component.body, Dag)
    }


def _refuse_ring(edges: Mapping[str, Iterable[str]], what: str) -> None:
    """Take away what depends on nothing that is left, until nothing is left or all is in rings."""
    left = {node: set(targets) & edges.keys() for node, targets in edges.items()}
    while free := {node for node, targets in left.items() if not targets & left.keys()}:
        left = {node: targets for node, targets in left.items() if node not in free}
    if left:
        raise InvalidSpec(f"{what} depend on each other in a ring: {', '.join(sorted(left))}.")
