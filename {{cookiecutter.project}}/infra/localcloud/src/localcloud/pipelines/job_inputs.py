"""What a PipelineJob message gives to its pipeline: parameters, and artifacts of the store."""

from typing import Any

from google.api_core.exceptions import NotFound
from google.cloud.aiplatform_v1 import types
from google.protobuf.json_format import MessageToDict

from localcloud.pipelines.artifacts import Artifact
from localcloud.pipelines.run import Values
from localcloud.pipelines.spec import InvalidSpec, Pipeline
from localcloud.pipelines.values import from_struct, runtime_parameters
from localcloud.store import Store


def job_inputs(store: Store, parent: str, job: Any, pipeline: Pipeline) -> Values:
    """The inputs of a job.

    Args:
        store: where the artifacts are kept.
        parent: the job's location, `projects/P/locations/L`.
        job: the PipelineJob's protobuf message.
        pipeline: what it runs.

    Raises:
        InvalidSpec: one is unknown or missing, a parameter has the wrong type, or there is no
            such artifact.
    """
    given = {
        name: MessageToDict(value) for name, value in job.runtime_config.parameter_values.items()
    }
    return Values(
        parameters=runtime_parameters(given, pipeline.root.parameters),
        artifacts=_artifacts(store, parent, job, pipeline),
    )


def _artifacts(
    store: Store, parent: str, job: Any, pipeline: Pipeline
) -> dict[str, list[Artifact]]:
    given = job.runtime_config.input_artifacts
    definitions = pipeline.root.artifacts
    if unknown := sorted(set(given) - set(definitions)):
        raise InvalidSpec(
            f"the pipeline has no input artifact {unknown[0]}; it has"
            f" {', '.join(sorted(definitions)) or 'none'}."
        )
    for name, definition in definitions.items():
        if name not in given and not definition.optional:
            raise InvalidSpec(f"input artifact {name} is required and was not given.")
    kept = f"{parent}/metadataStores/default/artifacts"
    return {name: [_artifact(store, f"{kept}/{each.artifact_id}")] for name, each in given.items()}


def _artifact(store: Store, name: str) -> Artifact:
    try:
        kept = store.get(name, types.Artifact)
    except NotFound as error:
        raise InvalidSpec(
            f"there is no artifact {name}; runtime_config.input_artifacts takes the id of one in"
            " the default metadata store of the job's location."
        ) from error
    return Artifact(
        name=name,
        schema={"schemaTitle": kept.schema_title, "schemaVersion": kept.schema_version},
        uri=kept.uri,
        metadata=from_struct(MessageToDict(types.Artifact.pb(kept).metadata)),
    )
