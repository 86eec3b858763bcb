"""Imports what exists as an artifact."""

from google.cloud.aiplatform_v1 import types
from google.protobuf.json_format import MessageToDict

from localcloud.pipelines.artifacts import Artifact
from localcloud.pipelines.bindings import task_constants
from localcloud.pipelines.placeholders import Placeholders
from localcloud.pipelines.run import Run, Values
from localcloud.pipelines.spec import ComponentInput, Importer, Json
from localcloud.vertex.resources import location


def import_artifact(
    run: Run, importer: Importer, name: str, task_id: int, inputs: Values
) -> Artifact:
    """The artifact that an importer makes, or made before of the same URI and metadata.

    Raises:
        InvalidSpec: a placeholder in the URI or the metadata stands for nothing.
    """
    placeholders = Placeholders(
        {**run.constants(), **task_constants(name, task_id)},
        {"inputs": {"parameterValues": inputs.parameters}},
        run.local_path,
    )
    uri = (
        inputs.parameters.get(importer.uri.name, "")
        if isinstance(importer.uri, ComponentInput)
        else importer.uri.value
    )
    artifact = Artifact(
        name=run.record.metadata_name("artifacts"),
        schema=importer.schema,
        uri=placeholders.fill(uri),
        metadata=placeholders.fill(importer.metadata),
    )
    if not importer.reimport:
        artifact.name = _imported_before(run, artifact) or artifact.name
    return artifact


def _imported_before(run: Run, artifact: Artifact) -> str:
    """The name of the newest artifact that is the same, or nothing."""
    collection = f"{location(run.job.name)}/metadataStores/default/artifacts"
    wanted = _identity(types.Artifact.wrap(artifact.as_resource()))
    kept = run.cloud.store.in_collection(collection, types.Artifact)
    return next((each.name for each in kept if _identity(each) == wanted), "")


def _identity(artifact: types.Artifact) -> tuple[str, str, Json]:
    metadata = MessageToDict(types.Artifact.pb(artifact).metadata)
    return artifact.uri, artifact.schema_title, metadata
