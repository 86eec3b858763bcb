"""What a pipeline job leaves in ML Metadata: its contexts, executions, artifacts and events."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from google.api_core.exceptions import AlreadyExists
from google.cloud.aiplatform_v1 import types

from localcloud.store import Store
from localcloud.vertex.metadata import contexts, nodes, schemas, stores
from localcloud.vertex.metadata.lineage import Lineage
from localcloud.vertex.resources import location, now

_VERSION = "0.0.1"


class Artifact(Protocol):
    """An artifact that tasks hand to each other."""

    name: str

    def as_resource(self) -> Any:
        """Vertex's Artifact, as a protobuf message."""


def create_contexts(store: Store, job: types.PipelineJob, pipeline: str) -> None:
    """Put a new job's run into a context of its own, below that of its pipeline.

    Args:
        store: where the contexts are kept, in the default metadata store of the job's location.
        job: the job, whose details name its contexts afterwards.
        pipeline: the pipeline's name.

    Raises:
        AlreadyExists: something else, such as an experiment, has the name of one of them.
    """
    parent = f"{location(job.name)}/metadataStores/default"
    stores.ensure(store, parent)
    above = _context(store, parent, pipeline, "system.Pipeline")
    run = _context(store, parent, job.name.rpartition("/")[2], "system.PipelineRun")
    contexts.add_children(store, above, [run])
    job.job_detail.pipeline_context = types.Context(name=above)
    job.job_detail.pipeline_run_context = types.Context(name=run)
    read_contexts(store, job)


def read_contexts(store: Store, job: types.PipelineJob) -> None:
    """Show a job's contexts as they are now: it may have been put into an experiment."""
    detail = job.job_detail
    for field in ("pipeline_context", "pipeline_run_context"):
        name = getattr(detail, field).name if field in detail else ""
        if name and store.exists(name):
            setattr(detail, field, store.get(name, types.Context))


class PipelineLineage:
    """Records the tasks of one job (a PipelineJob's protobuf message) as they run."""

    def __init__(self, store: Store, lineage: Lineage, job: Any) -> None:
        self._store = store
        self._lineage = lineage
        self._parent = f"{location(job.name)}/metadataStores/default"
        detail = job.job_detail
        self._contexts = (detail.pipeline_context.name, detail.pipeline_run_context.name)

    def record_inputs(self, execution: Any, artifacts: Mapping[str, Sequence[Artifact]]) -> None:
        """A task's execution has started, with these artifacts."""
        self._record(execution, types.Event.Type.INPUT, artifacts)

    def record_outputs(self, execution: Any, artifacts: Mapping[str, Sequence[Artifact]]) -> None:
        """A task's execution has ended, with these artifacts."""
        self._record(execution, types.Event.Type.OUTPUT, artifacts)

    def _record(
        self, execution: Any, event_type: int, artifacts: Mapping[str, Sequence[Artifact]]
    ) -> None:
        if not (execution.schema_title and execution.state):
            return  # the task is not one that Vertex shows, or was not triggered
        nodes.stamp(types.Execution.wrap(execution))
        self._store.save(execution)
        names = [execution.name]
        for key, artifact in ((key, each) for key, values in artifacts.items() for each in values):
            self._keep(key, artifact)
            event = types.Event(
                artifact=artifact.name,
                execution=execution.name,
                type_=event_type,
                event_time=now(),
            )
            self._lineage.add_event(event)
            names.append(artifact.name)
        for context in self._contexts:
            self._lineage.add_members(context, names)

    def _keep(self, key: str, artifact: Artifact) -> None:
        """Keep an artifact that is new; one from the cache, say, is there already."""
        if self._store.exists(artifact.name):
            return
        resource = types.Artifact.wrap(artifact.as_resource())
        resource.display_name = key
        nodes.stamp(resource)
        if resource.schema_title:
            artifact_type = schemas.Type.ARTIFACT_TYPE
            version = resource.schema_version or _VERSION
            schemas.ensure(self._store, self._parent, resource.schema_title, version, artifact_type)
        self._store.save(resource)


def _context(store: Store, parent: str, context_id: str, schema_title: str) -> str:
    """The name of a context of this id, made if it is not there."""
    name = f"{parent}/contexts/{context_id}"
    context = types.Context(
        name=name,
        display_name=context_id,
        schema_title=schema_title,
        schema_version=_VERSION,
    )
    with store.transaction():
        if not store.exists(name):
            nodes.stamp(context)
            store.create(context)
        kept = store.get(name, types.Context)
    if kept.schema_title != schema_title:
        raise AlreadyExists(
            f"{name} is a {kept.schema_title}, so {context_id} cannot be the name of a"
            f" {schema_title}; choose another."
        )
    return name
