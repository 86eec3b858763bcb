"""DeploymentResourcePoolService: machines that several deployed models share.

Locally each deployed model has its own process all the same; a pool is who may be deployed on it.
"""

import re

from google.api_core.exceptions import FailedPrecondition, InvalidArgument
from google.cloud.aiplatform_v1.types import (
    CreateDeploymentResourcePoolOperationMetadata,
    CreateDeploymentResourcePoolRequest,
    DeleteDeploymentResourcePoolRequest,
    DeleteOperationMetadata,
    DeployedModel,
    DeployedModelRef,
    DeploymentResourcePool,
    Endpoint,
    GetDeploymentResourcePoolRequest,
    ListDeploymentResourcePoolsRequest,
    ListDeploymentResourcePoolsResponse,
    QueryDeployedModelsRequest,
    QueryDeployedModelsResponse,
    UpdateDeploymentResourcePoolOperationMetadata,
    UpdateDeploymentResourcePoolRequest,
)
from google.protobuf.empty_pb2 import Empty

from localcloud.cloud import Cloud
from localcloud.operations import Operation
from localcloud.vertex.listing import page
from localcloud.vertex.resources import (
    location,
    masked_fields,
    now,
    operation_metadata,
    replace_fields,
)
from localcloud.vertex.serving_resources import complete_dedicated

_ID = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
_MUTABLE = (
    "dedicated_resources.min_replica_count",
    "dedicated_resources.max_replica_count",
    "dedicated_resources.required_replica_count",
    "dedicated_resources.autoscaling_metric_specs",
)


def create_deployment_resource_pool(
    cloud: Cloud, request: CreateDeploymentResourcePoolRequest
) -> Operation:
    """Keep a new pool.

    Partly: each model deployed on it has a process of its own; machines, service account, logging
    and `encryption_spec` have no effect.
    """
    pool = DeploymentResourcePool(request.deployment_resource_pool)
    pool_id = request.deployment_resource_pool_id
    if not _ID.fullmatch(pool_id):
        raise InvalidArgument(
            f"deployment_resource_pool_id {pool_id!r} is malformed; match {_ID.pattern}."
        )
    if "dedicated_resources" not in pool:
        raise InvalidArgument("deployment_resource_pool.dedicated_resources is required.")
    complete_dedicated(pool.dedicated_resources)
    pool.name = f"{request.parent}/deploymentResourcePools/{pool_id}"
    pool.create_time = now()
    cloud.store.create(pool)
    metadata = CreateDeploymentResourcePoolOperationMetadata(generic_metadata=operation_metadata())
    return cloud.operations.done(pool.name, pool, metadata)


def get_deployment_resource_pool(
    cloud: Cloud, request: GetDeploymentResourcePoolRequest
) -> DeploymentResourcePool:
    """One pool."""
    return cloud.store.get(request.name, DeploymentResourcePool)


def list_deployment_resource_pools(
    cloud: Cloud, request: ListDeploymentResourcePoolsRequest
) -> ListDeploymentResourcePoolsResponse:
    """The pools of a location."""
    collection = f"{request.parent}/deploymentResourcePools"
    found = cloud.store.in_collection(collection, DeploymentResourcePool)
    shown, token = page(found, request)
    return ListDeploymentResourcePoolsResponse(
        deployment_resource_pools=shown, next_page_token=token
    )


def update_deployment_resource_pool(
    cloud: Cloud, request: UpdateDeploymentResourcePoolRequest
) -> Operation:
    """Change the replica counts and autoscaling of a pool.

    Partly: replica counts and autoscaling are kept without effect.
    """
    fields = masked_fields(request.update_mask, _MUTABLE)
    wanted = request.deployment_resource_pool
    with cloud.store.editing(wanted.name, DeploymentResourcePool) as pool:
        replace_fields(pool, wanted, fields)
        complete_dedicated(pool.dedicated_resources)
    metadata = UpdateDeploymentResourcePoolOperationMetadata(generic_metadata=operation_metadata())
    return cloud.operations.done(pool.name, pool, metadata)


def delete_deployment_resource_pool(
    cloud: Cloud, request: DeleteDeploymentResourcePoolRequest
) -> Operation:
    """Remove a pool on which nothing is deployed."""
    with cloud.store.transaction():
        cloud.store.get(request.name, DeploymentResourcePool)
        for endpoint, deployed in _deployed(cloud, request.name):
            raise FailedPrecondition(
                f"{request.name} serves deployed model {deployed.id} of {endpoint}; undeploy it"
                " first."
            )
        cloud.store.delete(request.name)
    metadata = DeleteOperationMetadata(generic_metadata=operation_metadata())
    return cloud.operations.done(location(request.name), Empty(), metadata)


def query_deployed_models(
    cloud: Cloud, request: QueryDeployedModelsRequest
) -> QueryDeployedModelsResponse:
    """The models that are deployed on a pool."""
    name = request.deployment_resource_pool
    cloud.store.get(name, DeploymentResourcePool)
    found = _deployed(cloud, name)
    shown, token = page(found, request)
    return QueryDeployedModelsResponse(
        deployed_models=[deployed for _, deployed in shown],
        deployed_model_refs=[
            DeployedModelRef(endpoint=endpoint, deployed_model_id=deployed.id)
            for endpoint, deployed in shown
        ],
        total_deployed_model_count=len(found),
        total_endpoint_count=len({endpoint for endpoint, _ in found}),
        next_page_token=token,
    )


def _deployed(cloud: Cloud, pool: str) -> list[tuple[str, DeployedModel]]:
    """The names of endpoints, and what they have deployed on a pool."""
    endpoints = cloud.store.in_collection(f"{location(pool)}/endpoints", Endpoint)
    return [
        (endpoint.name, deployed)
        for endpoint in endpoints
        for deployed in endpoint.deployed_models
        if deployed.shared_resources == pool
    ]
