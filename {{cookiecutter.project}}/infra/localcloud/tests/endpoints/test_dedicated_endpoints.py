"""Endpoints with a domain of their own: predictions there, streamed answers, headers."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.api.httpbody_pb2 import HttpBody
from google.api_core.exceptions import (
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    ServiceUnavailable,
)
from google.cloud import aiplatform
from google.cloud.aiplatform_v1 import PredictionServiceClient
from google.cloud.aiplatform_v1.services.prediction_service.transports import (
    PredictionServiceGrpcTransport,
)
from requests import RequestException

from tests.conftest import Localcloud
from tests.vertex import connect, eventually, refuses, upload

HEADERS = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def dedicated_name(cloud_environment: Localcloud) -> Iterator[str]:
    connect("grpc")
    endpoint = aiplatform.Endpoint.create(
        display_name="dedicated", dedicated_endpoint_enabled=True, inference_timeout=2
    )
    endpoint.deploy(upload())
    yield str(endpoint.resource_name)
    endpoint.delete(force=True)


@pytest.fixture
def dedicated(dedicated_name: str) -> aiplatform.Endpoint:
    return aiplatform.Endpoint(dedicated_name)


def client_at(host: str, transport: str) -> PredictionServiceClient:
    return PredictionServiceClient(transport=transport, client_options={"api_endpoint": host})


def test_a_dedicated_endpoint_answers_at_its_own_domain(
    dedicated: aiplatform.Endpoint, transport: str
) -> None:
    host = str(dedicated.dedicated_endpoint_dns)
    assert host.startswith(f"{dedicated.name}.us-central1-")
    assert host.endswith(".prediction.vertexai.goog")
    answer = dedicated.predict([{"a": 1}], use_dedicated_endpoint=True)
    assert answer.predictions == [{"a": 1}]
    assert answer.deployed_model_id == dedicated.list_models()[0].id
    answer = client_at(host, transport).predict(endpoint=dedicated.resource_name, instances=[2])
    assert list(answer.predictions) == [2]


def test_the_shared_domain_refuses_a_dedicated_endpoint(
    dedicated: aiplatform.Endpoint, predictions: PredictionServiceClient
) -> None:
    message = "cannot be accessed through the shared Vertex AI domain us-central1-aiplatform"
    with refuses(FailedPrecondition, match=message):
        predictions.predict(endpoint=dedicated.resource_name, instances=[1])


def test_a_dedicated_domain_refuses_other_endpoints(
    dedicated: aiplatform.Endpoint, shared: aiplatform.Endpoint, transport: str
) -> None:
    client = client_at(str(dedicated.dedicated_endpoint_dns), transport)
    with refuses(NotFound, match=f"{shared.resource_name} is not at {dedicated.name}"):
        client.predict(endpoint=shared.resource_name, instances=[1])


def test_a_dedicated_endpoint_takes_larger_requests_and_has_its_own_timeout(
    dedicated: aiplatform.Endpoint,
) -> None:
    assert dedicated.predict(["x" * 2_000_000]).predictions
    with pytest.raises(ValueError, match=r"504.*did not answer in 2 s"):
        dedicated.predict([{"stream": ["/absent"]}])


def test_raw_answers_name_who_has_answered(shared: aiplatform.Endpoint) -> None:
    (deployed,) = shared.list_models()
    answer = shared.raw_predict(b'{"instances": [3]}', HEADERS)
    assert answer.headers["X-Vertex-AI-Endpoint-Id"] == shared.name
    assert answer.headers["X-Vertex-AI-Deployed-Model-Id"] == deployed.id
    assert answer.headers["Content-Type"] == "application/json"
    prediction = shared.predict([4], use_raw_predict=True)
    assert prediction.predictions == [4]
    assert prediction.deployed_model_id == deployed.id
    assert prediction.model_resource_name == deployed.model
    assert prediction.model_version_id == "1"


def test_grpc_sends_these_headers_as_metadata(shared: aiplatform.Endpoint, transport: str) -> None:
    if transport == "rest":
        pytest.skip("metadata belongs to gRPC")
    received: dict[str, Any] = {}

    class Recorder(grpc.UnaryUnaryClientInterceptor):  # type: ignore[misc]
        def intercept_unary_unary(self, call: Any, details: Any, request: Any) -> Any:
            response = call(details, request)
            received.update(response.initial_metadata())
            return response

    channel = PredictionServiceGrpcTransport.create_channel("us-central1-aiplatform.googleapis.com")
    recorded = PredictionServiceGrpcTransport(channel=grpc.intercept_channel(channel, Recorder()))
    PredictionServiceClient(transport=recorded).raw_predict(
        endpoint=shared.resource_name,
        http_body=HttpBody(content_type="application/json", data=b'{"instances": [1]}'),
    )
    assert received["x-vertex-ai-endpoint-id"] == shared.name


def test_answers_are_streamed(
    dedicated: aiplatform.Endpoint, transport: str, tmp_path: Path
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    body = json.dumps({"instances": [{"stream": [str(first), str(second)]}]}).encode()
    first.touch()
    if transport == "rest":
        lines = iter(dedicated.stream_raw_predict(body, HEADERS))
        assert next(lines) == f"data: {first}".encode()
        second.touch()
        assert list(lines) == [f"data: {second}".encode()]
        return
    stream = client_at(str(dedicated.dedicated_endpoint_dns), "grpc").stream_raw_predict(
        endpoint=dedicated.resource_name,
        http_body=HttpBody(content_type="application/json", data=body),
    )
    piece = next(stream)
    assert (piece.content_type, piece.data) == ("text/event-stream", f"data: {first}\n".encode())
    second.touch()
    assert [piece.data for piece in stream] == [f"data: {second}\n".encode()]


def test_an_error_is_not_streamed(dedicated: aiplatform.Endpoint, transport: str) -> None:
    body = b'{"instances": [{"fail": 422}]}'
    if transport == "rest":
        (line,) = dedicated.stream_raw_predict(body, HEADERS)
        assert json.loads(line)["error"]["status"] == "INVALID_ARGUMENT"
        return
    client = client_at(str(dedicated.dedicated_endpoint_dns), "grpc")
    with refuses(InvalidArgument, match="told to fail with 422"):
        list(
            client.stream_raw_predict(
                endpoint=dedicated.resource_name, http_body=HttpBody(data=body)
            )
        )


def test_a_model_that_ends_within_its_answer_ends_the_stream(
    dedicated: aiplatform.Endpoint, transport: str, tmp_path: Path
) -> None:
    piece = tmp_path / "piece"
    piece.touch()
    body = json.dumps({"instances": [{"stream": [str(piece), "exit"]}]}).encode()
    received = []
    if transport == "rest":
        with pytest.raises(RequestException):
            received.extend(dedicated.stream_raw_predict(body, HEADERS))
    else:
        client = client_at(str(dedicated.dedicated_endpoint_dns), "grpc")
        stream = client.stream_raw_predict(
            endpoint=dedicated.resource_name, http_body=HttpBody(data=body)
        )
        assert next(stream).data == f"data: {piece}\n".encode()
        with refuses(ServiceUnavailable, match="ended before it answered"):
            next(stream)
    assert eventually(lambda: answers(dedicated))


def answers(endpoint: aiplatform.Endpoint) -> bool:
    try:
        return bool(endpoint.predict([1]).predictions)
    except ValueError:  # the SDK's error at dedicated domains
        return False


def test_only_dedicated_endpoints_stream(shared: aiplatform.Endpoint) -> None:
    (line,) = shared.stream_raw_predict(b'{"instances": [1]}', HEADERS)
    assert "is not a dedicated endpoint" in json.loads(line)["error"]["message"]


def test_a_containers_own_routes_are_invoked(
    dedicated: aiplatform.Endpoint, transport: str
) -> None:
    if transport == "rest":
        pytest.skip("the SDK invokes over HTTP, whatever the transport")
    with refuses(FailedPrecondition, match="can only be deployed to a dedicated endpoint"):
        aiplatform.Endpoint.create(display_name="shared").deploy(
            upload(serving_container_invoke_route_prefix="/*")
        )
    refused = dedicated.invoke("/chat", b"{}", HEADERS)
    assert "has no container_spec.invoke_route_prefix" in refused.json()["error"]["message"]
    endpoint = aiplatform.Endpoint.create(display_name="routes", dedicated_endpoint_enabled=True)
    endpoint.deploy(upload(serving_container_invoke_route_prefix="/*"))
    endpoint = aiplatform.Endpoint(endpoint.resource_name)
    (deployed,) = endpoint.list_models()
    answer = endpoint.invoke("/chat/completions?a=1", b'{"hello": 1}', HEADERS)
    assert answer.json() == {"path": "/chat/completions?a=1", "said": {"hello": 1}}
    assert answer.headers["X-Vertex-AI-Deployed-Model-Id"] == deployed.id
    (line,) = endpoint.invoke("/chat", b"[]", HEADERS, deployed_model_id=deployed.id, stream=True)
    assert json.loads(line) == {"path": "/chat", "said": []}
    missing = endpoint.invoke("/absent", b"{}", HEADERS)
    assert (missing.status_code, missing.json()) == (404, {"error": "no route /absent"})
    endpoint.delete(force=True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"predict_route": "ask"}, "predict_route is 'ask'; start it with a slash"),
        ({"invoke_route_prefix": "/chat"}, "invoke_route_prefix is '/chat'"),
        ({"invoke_route_prefix": "/*", "predict_route": "/ask"}, "set one of them"),
        ({"environment_variables": {"a-b": "1"}}, "container_spec.env has 'a-b'"),
        ({"ports": [70000]}, "container_spec.ports has 70000"),
        ({"deployment_timeout": 7201}, "2 hours are the most"),
    ],
)
def test_a_wrong_container_is_refused(arguments: dict[str, Any], message: str) -> None:
    with refuses(InvalidArgument, match=message):
        upload(**{f"serving_container_{name}": value for name, value in arguments.items()})
