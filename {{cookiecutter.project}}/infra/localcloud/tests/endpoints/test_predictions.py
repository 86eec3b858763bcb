"""Online predictions through Google's own client."""

import json
from typing import Any

import pytest
from google.api_core import exceptions
from google.api_core.exceptions import FailedPrecondition, InvalidArgument, NotFound
from google.cloud import aiplatform
from google.cloud.aiplatform_v1 import EndpointServiceClient, PredictionServiceClient

from tests.vertex import PARENT, RESOURCES, refuses


def test_values_go_through_unchanged(shared: aiplatform.Endpoint) -> None:
    instances = [
        {"whole": 3, "part": 0.1, "none": None, "flag": True, "text": "ü", "list": [], "map": {}},
        [1, [2.5, -7], "x"],
        2**53,
        1e300,
        None,
    ]
    answer = shared.predict(instances, parameters={"threshold": 0.5})
    assert answer.predictions == instances
    assert answer.metadata == {"threshold": 0.5}


def test_whole_numbers_reach_the_container_as_whole(shared: aiplatform.Endpoint) -> None:
    body = shared.raw_predict(b'{"instances": [3]}', {"Content-Type": "application/json"})
    assert json.loads(body.content)["predictions"] == [3]
    assert shared.predict([{"json": [3, 3.5, None]}]).predictions == ["[3, 3.5, null]"]


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, InvalidArgument),
        (404, NotFound),
        (422, InvalidArgument),
        (429, exceptions.ResourceExhausted),
        (500, exceptions.InternalServerError),
        (503, exceptions.ServiceUnavailable),
    ],
)
def test_the_containers_error_reaches_the_client(
    shared: aiplatform.Endpoint, predictions: PredictionServiceClient, status: int, error: Any
) -> None:
    with refuses(error, match=f"told to fail with {status}"):
        predictions.predict(endpoint=shared.resource_name, instances=[{"fail": status}], retry=None)


@pytest.mark.parametrize("reply", ["no json", '{"predictions": [NaN]}', "{}", "[1]"])
def test_a_reply_that_breaks_the_contract_is_an_error(
    shared: aiplatform.Endpoint, reply: str
) -> None:
    with refuses(exceptions.InternalServerError, match=r"(its|correct its) container"):
        shared.predict([{"reply": reply}])


def test_predictions_that_nothing_can_answer_are_refused(
    endpoint: aiplatform.Endpoint,
    model: aiplatform.Model,
    client: EndpointServiceClient,
    predictions: PredictionServiceClient,
) -> None:
    with refuses(FailedPrecondition, match="doesn't have traffic_split"):
        endpoint.predict([1])
    with refuses(NotFound, match="endpoints/404 was not found"):
        predictions.predict(endpoint=f"{PARENT}/endpoints/404", instances=[1])
    client.deploy_model(
        endpoint=endpoint.resource_name,
        deployed_model={"model": model.resource_name, "dedicated_resources": RESOURCES},
    ).result()
    with refuses(FailedPrecondition, match="doesn't have traffic_split"):
        endpoint.predict([1])


def test_requests_are_limited_as_on_vertex(shared: aiplatform.Endpoint) -> None:
    assert shared.predict(["x" * 1_400_000]).predictions
    with refuses(FailedPrecondition, match=r"exceeds 1\.500MB limit"):
        shared.predict(["x" * 1_600_000])
    with refuses(InvalidArgument, match="instances is required"):
        shared.predict([])
