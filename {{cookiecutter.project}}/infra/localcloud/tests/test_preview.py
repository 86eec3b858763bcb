"""Clients of v1beta1, which SDK preview classes use, are answered as v1's are."""

from typing import Any

import pytest
from google.api_core.exceptions import MethodNotImplemented, NotFound
from google.cloud import aiplatform_v1, aiplatform_v1beta1
from google.cloud.aiplatform_v1beta1.types import DeployModelResponse, Endpoint

from localcloud import handlers
from localcloud.preview import stable_path
from localcloud.rpc import raw, rpcs
from tests.conftest import Localcloud
from tests.vertex import OPTIONS, PARENT, RESOURCES, connect, refuses, upload


@pytest.fixture(params=["grpc", "rest"])
def transport(request: pytest.FixtureRequest, cloud_environment: Localcloud) -> str:
    return str(request.param)


@pytest.fixture
def client(transport: str) -> aiplatform_v1beta1.EndpointServiceClient:
    return aiplatform_v1beta1.EndpointServiceClient(transport=transport, client_options=OPTIONS)


def test_both_versions_are_one_cloud(
    client: aiplatform_v1beta1.EndpointServiceClient, transport: str
) -> None:
    creation = client.create_endpoint(parent=PARENT, endpoint={"display_name": "preview"})
    made = creation.result()
    assert type(made) is Endpoint
    stable = aiplatform_v1.EndpointServiceClient(transport=transport, client_options=OPTIONS)
    assert stable.get_endpoint(name=made.name).display_name == "preview"
    changed = client.update_endpoint(
        endpoint={"name": made.name, "labels": {"a": "b"}}, update_mask={"paths": ["labels"]}
    )
    assert dict(changed.labels) == {"a": "b"}
    assert made.name in [each.name for each in client.list_endpoints(parent=PARENT)]
    assert type(client.delete_endpoint(name=made.name).metadata).__module__.endswith(
        "aiplatform_v1beta1.types.operation"
    )
    with refuses(NotFound):
        client.get_endpoint(name=made.name)


def test_an_operation_that_takes_time_ends_with_its_message(
    client: aiplatform_v1beta1.EndpointServiceClient, transport: str
) -> None:
    connect(transport)
    made = client.create_endpoint(parent=PARENT, endpoint={"display_name": "p"}).result()
    model = {"model": upload().resource_name, "dedicated_resources": RESOURCES}
    deployment = client.deploy_model(
        endpoint=made.name, deployed_model=model, traffic_split={"0": 100}
    )
    deployed = deployment.result(timeout=60)
    assert type(deployed) is DeployModelResponse
    operations = client.list_operations({"name": made.name}).operations
    assert deployment.operation.name in [each.name for each in operations]
    predictions = aiplatform_v1beta1.PredictionServiceClient(
        transport=transport, client_options=OPTIONS
    )
    answer = predictions.predict(endpoint=made.name, instances=[{"a": 1}])
    assert answer.deployed_model_id == deployed.deployed_model.id
    client.undeploy_model(endpoint=made.name, deployed_model_id=answer.deployed_model_id).result()


def test_what_v1_does_not_serve_is_named_as_it_was_called(transport: str) -> None:
    notebooks = aiplatform_v1beta1.NotebookServiceClient(
        transport=transport, client_options=OPTIONS
    )
    with refuses(MethodNotImplemented, "v1beta1"):
        notebooks.get_notebook_runtime(name=f"{PARENT}/notebookRuntimes/1")


def test_messages_of_both_versions_are_the_same_on_the_wire() -> None:
    differences: list[str] = []
    seen: set[str] = set()
    previews = rpcs("google.cloud.aiplatform_v1beta1")
    for path, preview in previews.items():
        stable = handlers.all_rpcs().get(stable_path(path))
        if stable and stable is not preview and handlers.handler(stable.path):
            assert preview.streaming == stable.streaming
            for ours, theirs in (
                (stable.request_type, preview.request_type),
                (stable.response_type, preview.response_type),
            ):
                compare(raw(ours()).DESCRIPTOR, raw(theirs()).DESCRIPTOR, seen, differences)
    assert len(seen) > 300
    assert not differences


def compare(ours: Any, theirs: Any, seen: set[str], differences: list[str]) -> None:
    """Note the fields of one message that the other has with another number or type."""
    if ours.full_name in seen:
        return
    seen.add(ours.full_name)
    for field in ours.fields:
        other = theirs.fields_by_number.get(field.number)
        if other is None and field.name not in theirs.fields_by_name:
            continue  # only one version has it
        kinds = [each and (each.name, each.type, each.is_repeated) for each in (field, other)]
        if kinds[0] != kinds[1]:
            differences.append(f"{ours.full_name}.{field.name}: {kinds}")
        elif field.message_type:
            compare(field.message_type, other.message_type, seen, differences)
