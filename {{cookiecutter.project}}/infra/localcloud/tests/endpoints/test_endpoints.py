"""Endpoints through Google's own client."""

from typing import Any

import pytest
from google.api_core import exceptions
from google.api_core.exceptions import InvalidArgument, NotFound
from google.cloud import aiplatform
from google.cloud.aiplatform_v1 import EndpointServiceClient

from tests.vertex import PARENT, refuses, unique


def test_an_endpoint_lives(client: EndpointServiceClient) -> None:
    mark = unique()
    endpoint = aiplatform.Endpoint.create(
        display_name="before", endpoint_id=mark, labels={mark: "1"}, description="text"
    )
    assert endpoint.name == mark
    endpoint.update(display_name="after", labels={mark: "2"})
    read = aiplatform.Endpoint(endpoint.resource_name)
    assert (read.display_name, read.labels) == ("after", {mark: "2"})
    assert read.gca_resource.description == "text"
    (listed,) = aiplatform.Endpoint.list(filter=f"labels.{mark}=2 AND endpoint={mark}")
    assert listed.resource_name == endpoint.resource_name
    assert read.gca_resource.create_time < read.gca_resource.update_time
    with refuses(exceptions.AlreadyExists):
        aiplatform.Endpoint.create(display_name="again", endpoint_id=mark)
    endpoint.delete()
    with refuses(NotFound, match=f"endpoints/{mark} was not found"):
        client.get_endpoint(name=endpoint.resource_name)
    with refuses(NotFound):
        client.delete_endpoint(name=endpoint.resource_name)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"endpoint": {}}, "display_name is required"),
        ({"endpoint": {"display_name": "a", "traffic_split": {"1": 100}}}, "names 1, which is not"),
        ({"endpoint": {"display_name": "a"}, "endpoint_id": "Upper"}, "'Upper' is malformed"),
        ({"endpoint": {"display_name": "a"}, "endpoint_id": "007"}, "'007' is malformed"),
        ({"endpoint": {"display_name": "a"}, "endpoint_id": "ends-"}, "'ends-' is malformed"),
        ({"endpoint": {"display_name": "a"}, "endpoint_id": "1" * 10}, "is malformed"),
    ],
)
def test_a_malformed_endpoint_is_refused(
    client: EndpointServiceClient, fields: dict[str, Any], message: str
) -> None:
    with refuses(InvalidArgument, match=message):
        client.create_endpoint({"parent": PARENT, **fields})


def test_an_update_on_an_older_state_is_aborted(
    client: EndpointServiceClient, endpoint: aiplatform.Endpoint
) -> None:
    old = client.get_endpoint(name=endpoint.resource_name)
    mask = {"paths": ["description"]}
    client.update_endpoint(endpoint=old, update_mask=mask)
    with refuses(exceptions.Aborted, match="has changed since etag"):
        client.update_endpoint(endpoint=old, update_mask=mask)
