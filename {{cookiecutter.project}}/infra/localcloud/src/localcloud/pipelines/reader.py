"""Reads a compiled pipeline spec, as JSON, into typed values."""

from collections.abc import Mapping
from typing import Any

from localcloud.pipelines.spec import (
    ArtifactDefinition,
    Binding,
    Component,
    ComponentInput,
    Constant,
    Container,
    Dag,
    FinalStatus,
    Importer,
    InvalidSpec,
    Json,
    Loop,
    Parameter,
    Pipeline,
    Retry,
    Source,
    Task,
    TaskOutput,
    UnsupportedSpec,
)
from localcloud.pipelines.values import from_struct, seconds

_ALWAYS = "ALL_UPSTREAM_TASKS_COMPLETED"


def read(data: Json) -> Pipeline:
    """The pipeline that a spec describes.

    Args:
        data: the spec as JSON values, as `runtimeConfig` and YAML files of KFP carry it.

    Raises:
        InvalidSpec: a part is missing or of the wrong kind.
        UnsupportedSpec: the schema version or an executor is one that cannot be run here.
    """
    try:
        return _pipeline(from_struct(data))
    except (AttributeError, TypeError) as error:
        raise InvalidSpec(f"a part of it has the wrong type ({error}).") from error


def _pipeline(data: Json) -> Pipeline:
    version = str(data.get("schemaVersion", ""))
    if not version:
        raise InvalidSpec("schemaVersion is missing; compile the pipeline with KFP 2.")
    if not version.startswith("2.1."):
        raise UnsupportedSpec(
            f"Pipelines of schemaVersion {version} are not supported by localcloud; compile it"
            " with KFP 2 (schemaVersion 2.1.0)."
        )
    if "root" not in data:
        raise InvalidSpec("root is missing.")
    executors = data.get("deploymentSpec", {}).get("executors", {})
    components = {
        name: _component(name, component, executors)
        for name, component in data.get("components", {}).items()
    }
    name = data.get("pipelineInfo", {}).get("name", "")
    if not name:
        raise InvalidSpec("pipelineInfo.name is missing.")
    return Pipeline(name, _component("root", data["root"], executors), components)


def _component(name: str, data: Json, executors: Json) -> Component:
    inputs, outputs = data.get("inputDefinitions", {}), data.get("outputDefinitions", {})
    return Component(
        name=name,
        parameters={
            key: Parameter(
                type=_parameter_type(name, key, parameter),
                default=parameter.get("defaultValue"),
                optional=parameter.get("isOptional", False) or "defaultValue" in parameter,
                literals=tuple(parameter.get("literals", ())),
            )
            for key, parameter in inputs.get("parameters", {}).items()
        },
        artifacts=_artifacts(inputs),
        output_parameters={
            key: _parameter_type(name, key, parameter)
            for key, parameter in outputs.get("parameters", {}).items()
        },
        output_artifacts=_artifacts(outputs),
        body=_body(name, data, executors),
    )


def _parameter_type(component: str, key: str, data: Json) -> str:
    kind: str = data.get("parameterType", "")
    if not kind:
        raise InvalidSpec(f"parameter {key} of component {component} has no parameterType.")
    return kind


def _artifacts(data: Json) -> dict[str, ArtifactDefinition]:
    return {
        key: ArtifactDefinition(
            schema=dict(artifact.get("artifactType", {})),
            optional=artifact.get("isOptional", False),
            is_list=artifact.get("isArtifactList", False),
        )
        for key, artifact in data.get("artifacts", {}).items()
    }


def _body(name: str, data: Json, executors: Json) -> Dag | Container | Importer:
    if "dag" in data:
        return _dag(name, data["dag"])
    label = data.get("executorLabel", "")
    if not label:
        raise InvalidSpec(f"component {name} has neither a dag nor an executorLabel.")
    if label not in executors:
        raise InvalidSpec(f"component {name} refers to executor {label}, which does not exist.")
    return _executor(name, executors[label])


def _executor(name: str, data: Json) -> Container | Importer:
    if "container" in data:
        return _container(name, data["container"])
    if "importer" in data:
        return _importer(data["importer"])
    kind = ", ".join(data) or "an empty executor"
    raise UnsupportedSpec(f"Component {name} is run by {kind}, which localcloud does not support.")


def _container(name: str, data: Json) -> Container:
    if not data.get("image"):
        raise InvalidSpec(f"the container of component {name} has no image.")
    return Container(
        image=data["image"],
        command=tuple(data.get("command", ())),
        args=tuple(data.get("args", ())),
        env={variable["name"]: variable.get("value", "") for variable in data.get("env", ())},
    )


def _importer(data: Json) -> Importer:
    uri = data.get("artifactUri", {})
    return Importer(
        uri=ComponentInput(uri["runtimeParameter"])
        if "runtimeParameter" in uri
        else Constant(uri.get("constant", "")),
        schema=dict(data.get("typeSchema", {})),
        metadata=data.get("metadata", {}),
        reimport=data.get("reimport", False),
    )


def _dag(component: str, data: Json) -> Dag:
    outputs = data.get("outputs", {})
    return Dag(
        tasks={name: _task(component, name, task) for name, task in data.get("tasks", {}).items()},
        parameters={
            key: _parameter_selectors(selector)
            for key, selector in outputs.get("parameters", {}).items()
        },
        artifacts={
            key: tuple(
                TaskOutput(selector["producerSubtask"], selector["outputArtifactKey"])
                for selector in selectors.get("artifactSelectors", ())
            )
            for key, selectors in outputs.get("artifacts", {}).items()
        },
    )


def _parameter_selectors(data: Json) -> tuple[TaskOutput, ...]:
    selectors = (
        [data["valueFromParameter"]]
        if "valueFromParameter" in data
        else data.get("valueFromOneof", {}).get("parameterSelectors", [])
    )
    return tuple(
        TaskOutput(selector["producerSubtask"], selector["outputParameterKey"])
        for selector in selectors
    )


def _task(component: str, name: str, data: Json) -> Task:
    where = f"task {name} of component {component}"
    if not data.get("componentRef", {}).get("name"):
        raise InvalidSpec(f"{where} has no componentRef.name.")
    inputs, trigger = data.get("inputs", {}), data.get("triggerPolicy", {})
    parameters = {
        key: Binding(
            _source(where, key, source, "Parameter"), source.get("parameterExpressionSelector", "")
        )
        for key, source in inputs.get("parameters", {}).items()
    }
    artifacts = {
        key: Binding(_source(where, key, source, "Artifact"))
        for key, source in inputs.get("artifacts", {}).items()
    }
    return Task(
        name=name,
        component=data["componentRef"]["name"],
        parameters=parameters,
        artifacts=artifacts,
        dependencies=_producers(parameters)
        | _producers(artifacts)
        | frozenset(data.get("dependentTasks", ())),
        condition=trigger.get("condition", ""),
        always=trigger.get("strategy") == _ALWAYS,
        loop=_loop(data),
        cached=data.get("cachingOptions", {}).get("enableCache", False),
        cache_key=data.get("cachingOptions", {}).get("cacheKey", ""),
        retry=_retry(data.get("retryPolicy", {})),
    )


def _producers(bindings: Mapping[str, Binding]) -> frozenset[str]:
    return frozenset(
        binding.source.task
        for binding in bindings.values()
        if isinstance(binding.source, TaskOutput | FinalStatus)
    )


def _source(where: str, key: str, data: Json, kind: str) -> Source:
    if output := data.get(f"taskOutput{kind}"):
        return TaskOutput(output["producerTask"], output[f"output{kind}Key"])
    if name := data.get(f"componentInput{kind}"):
        return ComponentInput(name)
    if status := data.get("taskFinalStatus"):
        return FinalStatus(status["producerTask"])
    if "constant" in data.get("runtimeValue", {}):
        return Constant(data["runtimeValue"]["constant"])
    raise InvalidSpec(f"input {key} of {where} has no source that schema 2.1 knows.")


def _loop(data: Json) -> Loop | None:
    over_artifacts = "artifactIterator" in data
    iterator: dict[str, Any] | None = data.get("artifactIterator") or data.get("parameterIterator")
    if not iterator:
        return None
    items = iterator.get("items", {})
    return Loop(
        item=iterator["itemInput"],
        raw=items.get("raw", ""),
        input=items.get("inputArtifact" if over_artifacts else "inputParameter", ""),
        over_artifacts=over_artifacts,
        parallelism=int(data.get("iteratorPolicy", {}).get("parallelismLimit", 0)),
    )


def _retry(data: Json) -> Retry:
    default = Retry()
    return Retry(
        count=int(data.get("maxRetryCount", 0)),
        backoff=seconds(data.get("backoffDuration", "0s")),
        factor=float(data.get("backoffFactor") or default.factor),
        longest=seconds(data.get("backoffMaxDuration", "3600s")),
    )
