"""EndpointService: endpoints, the models deployed on them and their traffic."""

import re

from google.api_core.exceptions import (
    FailedPrecondition,
    InvalidArgument,
    MethodNotImplemented,
)
from google.cloud.aiplatform_v1.types import (
    CreateEndpointOperationMetadata,
    CreateEndpointRequest,
    DeleteEndpointRequest,
    DeleteOperationMetadata,
    DeployModelOperationMetadata,
    DeployModelRequest,
    DeployModelResponse,
    Endpoint,
    GetEndpointRequest,
    ListEndpointsRequest,
    ListEndpointsResponse,
    MutateDeployedModelOperationMetadata,
    MutateDeployedModelRequest,
    MutateDeployedModelResponse,
    UndeployModelOperationMetadata,
    UndeployModelRequest,
    UndeployModelResponse,
    UpdateEndpointLongRunningRequest,
    UpdateEndpointOperationMetadata,
    UpdateEndpointRequest,
)
from google.protobuf.empty_pb2 import Empty

from localcloud.cloud import Cloud
from localcloud.operations import Operation
from localcloud.request_logging import tables
from localcloud.resource_manager.projects import project_number
from localcloud.vertex import deployments, filters
from localcloud.vertex.listing import page
from localcloud.vertex.resources import (
    check_display_name,
    check_etag,
    check_labels,
    location,
    masked_fields,
    new_id,
    now,
    operation_metadata,
    touch,
)
from localcloud.vertex.traffic import NEW, check_split

_ENDPOINT_ID = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?|[1-9][0-9]{0,8}")
_PRIVATE = ("network", "enable_private_service_connect", "private_service_connect_config")
_LOGGING = "predict_request_response_logging_config"
_FILTERS: filters.Fields = {
    "display_name": lambda endpoint: endpoint.display_name,
    "endpoint": lambda endpoint: endpoint.name.rpartition("/")[2],
    "labels": lambda endpoint: endpoint.labels,
}
_FIELDS = (
    "display_name",
    "description",
    "labels",
    "traffic_split",
    "client_connection_config",
    _LOGGING,
)


def create_endpoint(cloud: Cloud, request: CreateEndpointRequest) -> Operation:
    """Keep a new endpoint without models.

    Partly: private endpoints (`network`, Private Service Connect) are refused; `encryption_spec`,
    `gen_ai_advanced_features_config` and `private_model_server_enabled` have no effect.
    """
    endpoint = Endpoint(request.endpoint)
    if request.endpoint_id and not _ENDPOINT_ID.fullmatch(request.endpoint_id):
        raise InvalidArgument(
            f"endpoint_id {request.endpoint_id!r} is malformed; match {_ENDPOINT_ID.pattern}."
        )
    check_display_name(endpoint.display_name)
    check_labels(endpoint.labels)
    check_split(endpoint.traffic_split, ids=())
    _refuse_private(endpoint)
    endpoint.name = f"{request.parent}/endpoints/{request.endpoint_id or new_id()}"
    endpoint.deployed_models = []
    endpoint.dedicated_endpoint_dns = _dedicated_dns(endpoint)
    endpoint.create_time = now()
    touch(endpoint)
    tables.complete(endpoint)
    cloud.request_logs.create_table(endpoint)
    cloud.store.create(endpoint)
    metadata = CreateEndpointOperationMetadata(generic_metadata=operation_metadata())
    return cloud.operations.done(endpoint.name, endpoint, metadata)


def get_endpoint(cloud: Cloud, request: GetEndpointRequest) -> Endpoint:
    """One endpoint."""
    return cloud.store.get(request.name, Endpoint)


def list_endpoints(cloud: Cloud, request: ListEndpointsRequest) -> ListEndpointsResponse:
    """The endpoints of a location that a filter selects.

    Partly: a filter cannot name `base_model_name`.
    """
    found = cloud.store.in_collection(f"{request.parent}/endpoints", Endpoint)
    order = ("display_name", "create_time", "update_time")
    selects = filters.predicate(request.filter, _FILTERS)
    shown, token = page(found, request, order=order, selects=selects)
    return ListEndpointsResponse(endpoints=shown, next_page_token=token)


def update_endpoint(cloud: Cloud, request: UpdateEndpointRequest) -> Endpoint:
    """Change the fields that the mask names; a new traffic split counts from the next request."""
    fields = masked_fields(request.update_mask, _FIELDS)
    wanted = request.endpoint
    with cloud.store.editing(wanted.name, Endpoint) as endpoint:
        check_etag(endpoint, wanted.etag)
        for field in fields:
            setattr(endpoint, field, getattr(wanted, field))
        check_display_name(endpoint.display_name)
        check_labels(endpoint.labels)
        check_split(endpoint.traffic_split, deployments.ids(endpoint))
        tables.complete(endpoint)
        touch(endpoint)
    if _LOGGING in fields:  # after the edit: BigQuery is not waited for with the store locked
        cloud.request_logs.create_table(endpoint)
    return endpoint


def update_endpoint_long_running(
    cloud: Cloud, request: UpdateEndpointLongRunningRequest
) -> Operation:
    """Change how long predictions may take."""
    wanted = request.endpoint
    with cloud.store.editing(wanted.name, Endpoint) as endpoint:
        check_etag(endpoint, wanted.etag)
        endpoint.client_connection_config = wanted.client_connection_config
        touch(endpoint)
    metadata = UpdateEndpointOperationMetadata(generic_metadata=operation_metadata())
    return cloud.operations.done(endpoint.name, endpoint, metadata)


def delete_endpoint(cloud: Cloud, request: DeleteEndpointRequest) -> Operation:
    """Remove an endpoint on which nothing is deployed."""
    with cloud.store.transaction():
        endpoint = cloud.store.get(request.name, Endpoint)
        if endpoint.deployed_models:
            raise FailedPrecondition(
                f"Endpoint {request.name} has deployed models; undeploy them first."
            )
        cloud.store.delete(request.name)
    metadata = DeleteOperationMetadata(generic_metadata=operation_metadata())
    return cloud.operations.done(location(request.name), Empty(), metadata)


def deploy_model(cloud: Cloud, request: DeployModelRequest) -> Operation:
    """Start a model's server; once it answers the endpoint has it, with the split asked for.

    Partly: one process stands for all replicas, on this machine; service account, access logging
    and faster deployment have no effect; checkpoints and speculative decoding are refused.
    """
    endpoint = cloud.store.get(request.endpoint, Endpoint)
    deployed = deployments.prepare(cloud, endpoint, request.deployed_model)
    split = dict(request.traffic_split)
    check_split(split, {*deployments.ids(endpoint), NEW})

    def deploy() -> DeployModelResponse:
        cloud.servers.deploy(endpoint.name, deployed)
        try:
            deployments.add(cloud.store, endpoint.name, deployed, split)
        except BaseException:  # the endpoint has changed or gone meanwhile
            cloud.servers.undeploy(endpoint.name, deployed.id)
            raise
        return DeployModelResponse(deployed_model=deployed)

    metadata = DeployModelOperationMetadata(generic_metadata=operation_metadata())
    return cloud.operations.start(endpoint.name, deploy, metadata)


def undeploy_model(cloud: Cloud, request: UndeployModelRequest) -> Operation:
    """Take a model without traffic off its endpoint, then end its server."""
    name, model_id = request.endpoint, request.deployed_model_id
    deployments.remove(cloud.store, name, model_id, dict(request.traffic_split))

    def undeploy() -> UndeployModelResponse:
        cloud.servers.undeploy(name, model_id)
        return UndeployModelResponse()

    metadata = UndeployModelOperationMetadata(generic_metadata=operation_metadata())
    return cloud.operations.start(name, undeploy, metadata)


def mutate_deployed_model(cloud: Cloud, request: MutateDeployedModelRequest) -> Operation:
    """Change a deployed model's replica counts and logging; locally it stays one process.

    Partly: replica counts, scaling and logging are kept without effect.
    """
    deployed = deployments.mutate(
        cloud.store, request.endpoint, request.deployed_model, request.update_mask
    )
    metadata = MutateDeployedModelOperationMetadata(generic_metadata=operation_metadata())
    response = MutateDeployedModelResponse(deployed_model=deployed)
    return cloud.operations.done(request.endpoint, response, metadata)


def _refuse_private(endpoint: Endpoint) -> None:
    for field in _PRIVATE:
        if field in endpoint and getattr(endpoint, field):
            raise MethodNotImplemented(
                f"localcloud has no private endpoints (endpoint.{field}); create a public one, or"
                " one with dedicated_endpoint_enabled."
            )


def _dedicated_dns(endpoint: Endpoint) -> str:
    if not endpoint.dedicated_endpoint_enabled:
        return ""
    _, project, _, region, _, endpoint_id = endpoint.name.split("/")
    return f"{endpoint_id}.{region}-{project_number(project)}.prediction.vertexai.goog"
