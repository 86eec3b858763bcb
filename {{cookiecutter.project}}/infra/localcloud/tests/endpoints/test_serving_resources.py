"""The machines that deployed models and pools ask for."""

from typing import Any

import pytest
from google.api_core.exceptions import (
    AlreadyExists,
    FailedPrecondition,
    InvalidArgument,
    MethodNotImplemented,
    NotFound,
)
from google.cloud import aiplatform
from google.cloud.aiplatform_v1 import (
    DeploymentResourcePoolServiceClient,
    EndpointServiceClient,
)
from google.cloud.aiplatform_v1.types import DeployedModel

from tests.vertex import OPTIONS, PARENT, RESOURCES, refuses, unique

CPU = "aiplatform.googleapis.com/prediction/online/cpu/utilization"


def test_a_deployment_keeps_its_machines_and_vertexs_defaults(
    endpoint: aiplatform.Endpoint, model: aiplatform.Model
) -> None:
    endpoint.deploy(
        model,
        machine_type="g2-standard-8",
        min_replica_count=2,
        accelerator_type="NVIDIA_L4",
        accelerator_count=1,
        autoscaling_target_cpu_utilization=75,
        service_account="serving@test-project.iam.gserviceaccount.com",
        spot=True,
    )
    (deployed,) = endpoint.list_models()
    resources = deployed.dedicated_resources
    assert (resources.min_replica_count, resources.max_replica_count) == (2, 2)
    assert (resources.machine_spec.machine_type, resources.spot) == ("g2-standard-8", True)
    assert resources.machine_spec.accelerator_type.name == "NVIDIA_L4"
    assert [(each.metric_name, each.target) for each in resources.autoscaling_metric_specs] == [
        (CPU, 75)
    ]
    assert deployed.service_account == "serving@test-project.iam.gserviceaccount.com"
    assert deployed.status.available_replica_count == 2


def test_what_a_deployment_leaves_open_has_a_default(
    client: EndpointServiceClient, endpoint: aiplatform.Endpoint, model: aiplatform.Model
) -> None:
    deployed = DeployedModel(
        model=model.resource_name,
        dedicated_resources={
            "min_replica_count": 1,
            "autoscaling_metric_specs": [{"metric_name": CPU}],
        },
    )
    name = endpoint.resource_name
    answer = client.deploy_model(endpoint=name, deployed_model=deployed).result()
    resources = answer.deployed_model.dedicated_resources
    assert resources.machine_spec.machine_type == "n1-standard-2"
    assert resources.autoscaling_metric_specs[0].target == 60
    wanted = answer.deployed_model
    wanted.dedicated_resources.max_replica_count = 3
    wanted.dedicated_resources.autoscaling_metric_specs[0].target = 80
    paths = ["max_replica_count", "autoscaling_metric_specs"]
    mask = {"paths": [f"dedicated_resources.{path}" for path in paths]}
    request = {"endpoint": name, "deployed_model": wanted, "update_mask": mask}
    changed = client.mutate_deployed_model(request).result().deployed_model.dedicated_resources
    assert (changed.min_replica_count, changed.max_replica_count) == (1, 3)
    assert changed.autoscaling_metric_specs[0].target == 80
    with refuses(InvalidArgument, match="update_mask names dedicated_resources.machine_spec"):
        client.mutate_deployed_model(
            {**request, "update_mask": {"paths": ["dedicated_resources.machine_spec"]}}
        )


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"machine_spec": {"machine_type": "large"}}, "'large' is no machine type"),
        (
            {"machine_spec": {"machine_type": "n1-standard-4", "accelerator_count": 1}},
            "set both or none",
        ),
        ({"required_replica_count": 5}, "required_replica_count is 5"),
        ({"autoscaling_metric_specs": [{"metric_name": "cpu", "target": 50}]}, "is 'cpu'; use one"),
        (
            {"autoscaling_metric_specs": [{"metric_name": CPU, "target": 101}]},
            "is 101; give a percentage in 1 to 100",
        ),
        (
            {"autoscaling_metric_specs": [{"metric_name": CPU}, {"metric_name": CPU}]},
            "more than once",
        ),
    ],
)
def test_wrong_machines_are_refused(
    client: EndpointServiceClient,
    endpoint: aiplatform.Endpoint,
    model: aiplatform.Model,
    fields: dict[str, Any],
    message: str,
) -> None:
    deployed = {"model": model.resource_name, "dedicated_resources": {**RESOURCES, **fields}}
    with refuses(InvalidArgument, match=message):
        client.deploy_model(endpoint=endpoint.resource_name, deployed_model=deployed)


@pytest.mark.parametrize(
    "fields",
    [
        {"network": "projects/1/global/networks/n"},
        {"private_service_connect_config": {"enable_private_service_connect": True}},
    ],
)
def test_private_endpoints_are_not_served(
    client: EndpointServiceClient, fields: dict[str, Any]
) -> None:
    with refuses(MethodNotImplemented, match="localcloud has no private endpoints"):
        client.create_endpoint(parent=PARENT, endpoint={"display_name": "private", **fields})


def test_endpoints_are_listed_filtered_and_ordered(client: EndpointServiceClient) -> None:
    mark = unique()
    names = [
        aiplatform.Endpoint.create(display_name=f"{mark}{n}", labels={mark: n}).resource_name
        for n in "132"
    ]
    found = aiplatform.Endpoint.list(filter=f"labels.{mark}:*", order_by="display_name")
    assert [each.resource_name for each in found] == [names[0], names[2], names[1]]
    found = aiplatform.Endpoint.list(filter=f'display_name="{mark}3"')
    assert [each.resource_name for each in found] == [names[1]]
    masked = client.list_endpoints(
        {"parent": PARENT, "filter": f"labels.{mark}=2", "read_mask": {"paths": ["name"]}}
    )
    (endpoint,) = masked
    assert (endpoint.name, endpoint.display_name) == (names[2], "")
    with refuses(InvalidArgument, match="order_by"):
        list(client.list_endpoints({"parent": PARENT, "order_by": "labels"}))


def test_the_time_that_predictions_may_take_is_changed(
    client: EndpointServiceClient, endpoint: aiplatform.Endpoint
) -> None:
    changed = {
        "name": endpoint.resource_name,
        "client_connection_config": {"inference_timeout": {"seconds": 5}},
    }
    answer = client.update_endpoint_long_running(endpoint=changed).result()
    assert answer.client_connection_config.inference_timeout.total_seconds() == 5
    assert answer.display_name == "endpoint"


def test_a_pool_serves_several_models(
    endpoint: aiplatform.Endpoint, model: aiplatform.Model, transport: str
) -> None:
    pools = DeploymentResourcePoolServiceClient(transport=transport, client_options=OPTIONS)
    pool = aiplatform.DeploymentResourcePool.create(f"p{unique()}", min_replica_count=1)
    assert pool.gca_resource.dedicated_resources.machine_spec.machine_type
    assert pool.gca_resource.dedicated_resources.max_replica_count == 1
    for share in (0, 40):
        endpoint.deploy(model, deployment_resource_pool=pool, traffic_percentage=share)
    assert {each.shared_resources for each in endpoint.list_models()} == {pool.resource_name}
    assert endpoint.predict([1]).predictions == [1]
    answer = pools.query_deployed_models(deployment_resource_pool=pool.resource_name).raw_page
    assert (answer.total_deployed_model_count, answer.total_endpoint_count) == (2, 1)
    assert {each.endpoint for each in answer.deployed_model_refs} == {endpoint.resource_name}
    assert pool.resource_name in [
        each.resource_name for each in aiplatform.DeploymentResourcePool.list()
    ]
    with refuses(FailedPrecondition, match="serves deployed model .*; undeploy it first"):
        pools.delete_deployment_resource_pool(name=pool.resource_name)
    endpoint.undeploy_all()
    changed = {"name": pool.resource_name, "dedicated_resources": {"max_replica_count": 4}}
    mask = {"paths": ["dedicated_resources.max_replica_count"]}
    updated = pools.update_deployment_resource_pool(
        deployment_resource_pool=changed, update_mask=mask
    ).result()
    assert updated.dedicated_resources.max_replica_count == 4
    pool.delete()
    with refuses(NotFound):
        pools.get_deployment_resource_pool(name=pool.resource_name)


def test_wrong_pools_are_refused(
    client: EndpointServiceClient,
    endpoint: aiplatform.Endpoint,
    model: aiplatform.Model,
    transport: str,
) -> None:
    pools = DeploymentResourcePoolServiceClient(transport=transport, client_options=OPTIONS)

    def create(pool_id: str, **fields: Any) -> Any:
        return pools.create_deployment_resource_pool(
            parent=PARENT, deployment_resource_pool=fields, deployment_resource_pool_id=pool_id
        )

    with refuses(InvalidArgument, match="'Upper' is malformed"):
        create("Upper", dedicated_resources=RESOURCES)
    with refuses(InvalidArgument, match="dedicated_resources is required"):
        create("lower")
    taken = f"p{unique()}"
    create(taken, dedicated_resources=RESOURCES)
    with refuses(AlreadyExists):
        create(taken, dedicated_resources=RESOURCES)
    for pool, error in [("1", InvalidArgument), (f"{PARENT}/deploymentResourcePools/1", NotFound)]:
        deployed = {"model": model.resource_name, "shared_resources": pool}
        with refuses(error):
            client.deploy_model(endpoint=endpoint.resource_name, deployed_model=deployed)
