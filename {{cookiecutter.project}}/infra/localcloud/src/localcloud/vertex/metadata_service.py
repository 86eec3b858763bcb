"""MetadataService: metadata stores, schemas, artifacts, executions, contexts and lineage."""

import uuid
from typing import Any

from google.api_core.exceptions import InvalidArgument
from google.cloud.aiplatform_v1 import types
from google.protobuf.empty_pb2 import Empty

from localcloud.cloud import Cloud
from localcloud.operations import Operation
from localcloud.vertex import filters
from localcloud.vertex.listing import page
from localcloud.vertex.metadata import contexts, node_filters, nodes, schemas, stores
from localcloud.vertex.metadata.kinds import ARTIFACT, CONTEXT, EXECUTION, Kind
from localcloud.vertex.metadata.purging import purge
from localcloud.vertex.resources import location, now, operation_metadata

_ORDER = ("create_time", "display_name", "name", "update_time")
_SCHEMA_FIELDS: filters.Fields = {
    "create_time": lambda schema: schema.create_time,
    "schema_title": lambda schema: schemas.title_of(schema.schema),
    "schema_type": lambda schema: schema.schema_type.name,
    "schema_version": lambda schema: schema.schema_version,
}


def create_metadata_store(cloud: Cloud, request: types.CreateMetadataStoreRequest) -> Operation:
    """Keep a new metadata store with the system schemas.

    Partly: `encryption_spec` and `dataplex_config` have no effect.
    """
    nodes.check_id("metadata_store_id", request.metadata_store_id)
    name = f"{request.parent}/metadataStores/{request.metadata_store_id or uuid.uuid4()}"
    store = stores.create(cloud.store, name, request.metadata_store)
    metadata = types.CreateMetadataStoreOperationMetadata(generic_metadata=operation_metadata())
    return cloud.operations.done(name, store, metadata)


def get_metadata_store(cloud: Cloud, request: types.GetMetadataStoreRequest) -> types.MetadataStore:
    """One metadata store."""
    return cloud.store.get(request.name, types.MetadataStore)


def list_metadata_stores(
    cloud: Cloud, request: types.ListMetadataStoresRequest
) -> types.ListMetadataStoresResponse:
    """The metadata stores of a location."""
    found = cloud.store.in_collection(f"{request.parent}/metadataStores", types.MetadataStore)
    shown, token = page(found, request)
    return types.ListMetadataStoresResponse(metadata_stores=shown, next_page_token=token)


def delete_metadata_store(cloud: Cloud, request: types.DeleteMetadataStoreRequest) -> Operation:
    """Forget a metadata store and all that is in it."""
    cloud.store.delete(request.name)
    metadata = types.DeleteMetadataStoreOperationMetadata(generic_metadata=operation_metadata())
    return cloud.operations.done(location(request.name), Empty(), metadata)


def create_metadata_schema(
    cloud: Cloud, request: types.CreateMetadataSchemaRequest
) -> types.MetadataSchema:
    """Keep a schema of artifacts, executions or contexts.

    Partly: what a schema says about fields is not enforced.
    """
    nodes.check_id("metadata_schema_id", request.metadata_schema_id)
    nodes.check_store(cloud.store, request.parent)
    return schemas.create(
        cloud.store, request.parent, request.metadata_schema, request.metadata_schema_id
    )


def get_metadata_schema(
    cloud: Cloud, request: types.GetMetadataSchemaRequest
) -> types.MetadataSchema:
    """One schema."""
    return cloud.store.get(request.name, types.MetadataSchema)


def list_metadata_schemas(
    cloud: Cloud, request: types.ListMetadataSchemasRequest
) -> types.ListMetadataSchemasResponse:
    """The schemas of a metadata store that a filter selects."""
    nodes.check_store(cloud.store, request.parent)
    found = cloud.store.in_collection(f"{request.parent}/metadataSchemas", types.MetadataSchema)
    selects = filters.predicate(request.filter, _SCHEMA_FIELDS)
    shown, token = page(found, request, selects=selects)
    return types.ListMetadataSchemasResponse(metadata_schemas=shown, next_page_token=token)


def create_artifact(cloud: Cloud, request: types.CreateArtifactRequest) -> types.Artifact:
    """Keep a new artifact."""
    artifact: types.Artifact = nodes.create(
        cloud.store, ARTIFACT, request.parent, request.artifact_id, request.artifact
    )
    return artifact


def get_artifact(cloud: Cloud, request: types.GetArtifactRequest) -> types.Artifact:
    """One artifact."""
    return cloud.store.get(request.name, types.Artifact)


def list_artifacts(
    cloud: Cloud, request: types.ListArtifactsRequest
) -> types.ListArtifactsResponse:
    """The artifacts of a metadata store that a filter selects."""
    shown, token = _listed(cloud, ARTIFACT, request)
    return types.ListArtifactsResponse(artifacts=shown, next_page_token=token)


def update_artifact(cloud: Cloud, request: types.UpdateArtifactRequest) -> types.Artifact:
    """Change an artifact's fields."""
    artifact: types.Artifact = nodes.update(
        cloud.store, ARTIFACT, request.artifact, request.update_mask, request.allow_missing
    )
    return artifact


def delete_artifact(cloud: Cloud, request: types.DeleteArtifactRequest) -> Operation:
    """Forget an artifact and its events."""
    nodes.delete(cloud.store, ARTIFACT, request.name, request.etag)
    return _deleted(cloud, request.name)


def purge_artifacts(cloud: Cloud, request: types.PurgeArtifactsRequest) -> Operation:
    """Forget all artifacts that a filter selects, or say which those are."""
    metadata = types.PurgeArtifactsMetadata(generic_metadata=operation_metadata())
    response = types.PurgeArtifactsResponse(**purge(cloud, ARTIFACT, request))
    return cloud.operations.done(request.parent, response, metadata)


def create_execution(cloud: Cloud, request: types.CreateExecutionRequest) -> types.Execution:
    """Keep a new execution."""
    execution: types.Execution = nodes.create(
        cloud.store, EXECUTION, request.parent, request.execution_id, request.execution
    )
    return execution


def get_execution(cloud: Cloud, request: types.GetExecutionRequest) -> types.Execution:
    """One execution."""
    return cloud.store.get(request.name, types.Execution)


def list_executions(
    cloud: Cloud, request: types.ListExecutionsRequest
) -> types.ListExecutionsResponse:
    """The executions of a metadata store that a filter selects."""
    shown, token = _listed(cloud, EXECUTION, request)
    return types.ListExecutionsResponse(executions=shown, next_page_token=token)


def update_execution(cloud: Cloud, request: types.UpdateExecutionRequest) -> types.Execution:
    """Change an execution's fields."""
    execution: types.Execution = nodes.update(
        cloud.store, EXECUTION, request.execution, request.update_mask, request.allow_missing
    )
    return execution


def delete_execution(cloud: Cloud, request: types.DeleteExecutionRequest) -> Operation:
    """Forget an execution and its events."""
    nodes.delete(cloud.store, EXECUTION, request.name, request.etag)
    return _deleted(cloud, request.name)


def purge_executions(cloud: Cloud, request: types.PurgeExecutionsRequest) -> Operation:
    """Forget all executions that a filter selects, or say which those are."""
    metadata = types.PurgeExecutionsMetadata(generic_metadata=operation_metadata())
    response = types.PurgeExecutionsResponse(**purge(cloud, EXECUTION, request))
    return cloud.operations.done(request.parent, response, metadata)


def add_execution_events(
    cloud: Cloud, request: types.AddExecutionEventsRequest
) -> types.AddExecutionEventsResponse:
    """Say which artifacts an execution has used or made."""
    artifacts = [event.artifact for event in request.events]
    nodes.check_neighbours(request.execution, ARTIFACT, artifacts)
    with cloud.store.transaction():
        cloud.store.get(request.execution, types.Execution)
        for event in request.events:
            if not event.type_:
                raise InvalidArgument(f"type of the event with {event.artifact} is required.")
            cloud.store.get(event.artifact, types.Artifact)
            event.execution, event.event_time = request.execution, now()
            cloud.lineage.add_event(event)
    return types.AddExecutionEventsResponse()


def create_context(cloud: Cloud, request: types.CreateContextRequest) -> types.Context:
    """Keep a new context."""
    context: types.Context = nodes.create(
        cloud.store, CONTEXT, request.parent, request.context_id, request.context
    )
    return context


def get_context(cloud: Cloud, request: types.GetContextRequest) -> types.Context:
    """One context."""
    return cloud.store.get(request.name, types.Context)


def list_contexts(cloud: Cloud, request: types.ListContextsRequest) -> types.ListContextsResponse:
    """The contexts of a metadata store that a filter selects."""
    shown, token = _listed(cloud, CONTEXT, request)
    return types.ListContextsResponse(contexts=shown, next_page_token=token)


def update_context(cloud: Cloud, request: types.UpdateContextRequest) -> types.Context:
    """Change a context's fields."""
    context: types.Context = nodes.update(
        cloud.store, CONTEXT, request.context, request.update_mask, request.allow_missing
    )
    return context


def delete_context(cloud: Cloud, request: types.DeleteContextRequest) -> Operation:
    """Forget a context; what was in it and below it stays."""
    with cloud.store.transaction():
        contexts.release_children(cloud.store, request.name)
        nodes.delete(cloud.store, CONTEXT, request.name, request.etag)
    return _deleted(cloud, request.name)


def purge_contexts(cloud: Cloud, request: types.PurgeContextsRequest) -> Operation:
    """Forget all contexts that a filter selects, or say which those are."""
    metadata = types.PurgeContextsMetadata(generic_metadata=operation_metadata())
    response = types.PurgeContextsResponse(**purge(cloud, CONTEXT, request))
    return cloud.operations.done(request.parent, response, metadata)


def add_context_artifacts_and_executions(
    cloud: Cloud, request: types.AddContextArtifactsAndExecutionsRequest
) -> types.AddContextArtifactsAndExecutionsResponse:
    """Put artifacts and executions into a context."""
    nodes.check_neighbours(request.context, ARTIFACT, request.artifacts)
    nodes.check_neighbours(request.context, EXECUTION, request.executions)
    with cloud.store.transaction():
        cloud.store.get(request.context, types.Context)
        for name in request.artifacts:
            cloud.store.get(name, types.Artifact)
        for name in request.executions:
            cloud.store.get(name, types.Execution)
        cloud.lineage.add_members(request.context, [*request.artifacts, *request.executions])
    return types.AddContextArtifactsAndExecutionsResponse()


def add_context_children(
    cloud: Cloud, request: types.AddContextChildrenRequest
) -> types.AddContextChildrenResponse:
    """Put contexts below a context."""
    contexts.add_children(cloud.store, request.context, request.child_contexts)
    return types.AddContextChildrenResponse()


def remove_context_children(
    cloud: Cloud, request: types.RemoveContextChildrenRequest
) -> types.RemoveContextChildrenResponse:
    """Take contexts from below a context."""
    contexts.remove_children(cloud.store, request.context, request.child_contexts)
    return types.RemoveContextChildrenResponse()


def query_context_lineage_subgraph(
    cloud: Cloud, request: types.QueryContextLineageSubgraphRequest
) -> types.LineageSubgraph:
    """The artifacts and executions of a context, with the events between them."""
    cloud.store.get(request.context, types.Context)
    return cloud.lineage.in_context(request.context)


def query_execution_inputs_and_outputs(
    cloud: Cloud, request: types.QueryExecutionInputsAndOutputsRequest
) -> types.LineageSubgraph:
    """An execution with the artifacts that it has used and made."""
    cloud.store.get(request.execution, types.Execution)
    return cloud.lineage.around_execution(request.execution)


def query_artifact_lineage_subgraph(
    cloud: Cloud, request: types.QueryArtifactLineageSubgraphRequest
) -> types.LineageSubgraph:
    """What an artifact comes from and what has come of it; 0 hops stand for any number."""
    if request.max_hops < 0:
        raise InvalidArgument(f"max_hops is {request.max_hops}; give a positive number or none.")
    parent = request.artifact.rpartition("/artifacts/")[0]
    selects = node_filters.predicate(cloud, ARTIFACT, parent, request.filter)
    cloud.store.get(request.artifact, types.Artifact)
    return cloud.lineage.around_artifact(request.artifact, request.max_hops, selects)


def _listed(cloud: Cloud, kind: Kind, request: Any) -> tuple[list[Any], str]:
    found = nodes.find(cloud, kind, request.parent, request.filter)
    return page(found, request, order=_ORDER)


def _deleted(cloud: Cloud, name: str) -> Operation:
    metadata = types.DeleteOperationMetadata(generic_metadata=operation_metadata())
    return cloud.operations.done(location(name), Empty(), metadata)
