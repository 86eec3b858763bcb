"""gRPC through the front door: what it refuses, and how it says so."""

import logging
import threading

import grpc
import pytest
from google.api_core.exceptions import (
    GoogleAPICallError,
    InvalidArgument,
    MethodNotImplemented,
    NotFound,
    ResourceExhausted,
)
from google.cloud.aiplatform_v1 import EndpointServiceClient, NotebookServiceClient
from google.cloud.aiplatform_v1.types import Endpoint, ListEndpointsRequest
from google.cloud.resourcemanager_v3 import ProjectsClient
from google.rpc.error_details_pb2 import BadRequest

from localcloud import handlers
from localcloud.cloud import Cloud
from localcloud.grpc_server import start_grpc_server
from localcloud.home import Home
from tests.conftest import Localcloud

OPTIONS = {"api_endpoint": "us-central1-aiplatform.googleapis.com"}
SERVICE = "/google.cloud.aiplatform.v1.EndpointService"
PARENT = "projects/grpc/locations/us-central1"


@pytest.fixture(scope="module")
def client(cloud_environment: Localcloud) -> EndpointServiceClient:
    return EndpointServiceClient(client_options=OPTIONS)


@pytest.mark.parametrize(
    ("call", "field", "expected"),
    [
        (
            lambda client: client.get_endpoint(name="e/1"),
            "name",
            "projects/*/locations/*/endpoints/*",
        ),
        (lambda client: client.get_endpoint(name=""), "name", "required"),
        (lambda client: client.get_endpoint(name=f"{PARENT}/endpoints/"), "name", "expected"),
        (
            lambda client: client.list_endpoints(parent="projects/p"),
            "parent",
            "projects/*/locations/*",
        ),
        (
            lambda client: client.update_endpoint(endpoint=Endpoint(name="x"), update_mask={}),
            "endpoint.name",
            "projects/*/locations/*/endpoints/*",
        ),
    ],
)
def test_a_malformed_name_is_refused(client, call, field: str, expected: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InvalidArgument) as refused:
        call(client)
    assert refused.value.message.startswith(f"Field {field} ")
    assert expected in refused.value.message
    (detail,) = refused.value.details
    assert isinstance(detail, BadRequest)
    assert detail.field_violations[0].field == field


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        (lambda client: client.create_endpoint(parent=PARENT), "endpoint is required"),
        (
            lambda client: client.undeploy_model(endpoint=f"{PARENT}/endpoints/1"),
            "deployed_model_id is required",
        ),
        (
            lambda client: client.deploy_model(
                endpoint=f"{PARENT}/endpoints/1",
                deployed_model={"dedicated_resources": {"machine_spec": {"accelerator_type": 99}}},
            ),
            "deployed_model.dedicated_resources.machine_spec.accelerator_type has the value 99",
        ),
        (
            lambda client: client.list_endpoints(
                {"parent": PARENT, "read_mask": {"paths": ["x.y"]}}
            ),
            "read_mask names x.y",
        ),
    ],
)
def test_a_missing_field_or_unknown_enum_value_is_refused(client, call, problem: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InvalidArgument, match=f"Field {problem}") as refused:
        call(client)
    assert refused.value.details[0].field_violations[0].field == problem.split()[0]


def test_a_well_formed_name_of_nothing_is_not_found(client: EndpointServiceClient) -> None:
    with pytest.raises(NotFound, match="endpoints/77 was not found"):
        client.get_endpoint(name=f"{PARENT}/endpoints/77")


def test_a_page_token_of_another_list_is_refused(client: EndpointServiceClient) -> None:
    for _ in range(2):
        client.create_endpoint(parent=PARENT, endpoint={"display_name": "paged"})
    token = client.list_endpoints({"parent": PARENT, "page_size": 1}).next_page_token
    for request in ({"parent": f"{PARENT}2"}, {"parent": PARENT, "filter": 'display_name="a"'}):
        with pytest.raises(InvalidArgument, match="page_token does not belong"):
            client.list_endpoints({**request, "page_token": token})
    client.list_endpoints({"parent": PARENT, "page_token": token})


def test_an_rpc_without_handler_is_named(cloud_environment: Localcloud) -> None:
    notebooks = NotebookServiceClient(client_options=OPTIONS)
    with pytest.raises(MethodNotImplemented, match="NotebookService/GetNotebookRuntime"):
        notebooks.get_notebook_runtime(name=f"{PARENT}/notebookRuntimes/1")


def test_an_unknown_service_is_named(cloud_environment: Localcloud) -> None:
    with _channel(cloud_environment, "vision.googleapis.com") as channel:
        call = channel.unary_unary("/google.cloud.vision.v1.ImageAnnotator/DetectImages")
        with pytest.raises(grpc.RpcError) as refused:
            call(b"")
    assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED
    assert "google.cloud.vision.v1.ImageAnnotator/DetectImages" in refused.value.details()


def test_bytes_that_are_no_message_are_refused_and_the_server_lives(
    cloud_environment: Localcloud, client: EndpointServiceClient
) -> None:
    with _channel(cloud_environment, OPTIONS["api_endpoint"]) as channel:
        for path in handlers.all_rpcs():
            if path.endswith(("/GetEndpoint", "/ListOperations", "/GetIamPolicy")):
                with pytest.raises(grpc.RpcError):
                    channel.unary_unary(path)(b"\xff\xff\xff\xff")
    client.list_endpoints(parent=PARENT)


def test_a_request_that_is_too_large_is_refused(client: EndpointServiceClient) -> None:
    with pytest.raises(ResourceExhausted, match="larger than max"):
        client.create_endpoint(parent=PARENT, endpoint={"description": "x" * (11 << 20)})


def test_a_large_request_is_taken(client: EndpointServiceClient) -> None:
    labels = {f"k{number}": "v" * 63 for number in range(50_000)}
    try:
        client.create_endpoint(parent=PARENT, endpoint={"display_name": "a", "labels": labels})
    except ResourceExhausted:
        pytest.fail("5 MB are within the limit")
    except InvalidArgument:
        pass  # refused for its labels, after it was read


def test_a_long_error_reaches_the_client(client: EndpointServiceClient) -> None:
    """gRPC carries messages in trailers, which clients limit to 8 KiB."""
    with pytest.raises(InvalidArgument, match=r"éé.*…$"):
        client.list_endpoints(request={"parent": PARENT, "filter": "é" * 20_000})
    with pytest.raises(InvalidArgument, match="Field name is 'éé"):
        client.get_endpoint(name="é" * 1_000)


def test_many_clients_at_once(cloud_environment: Localcloud) -> None:
    failures: list[GoogleAPICallError] = []

    def use() -> None:
        mine = EndpointServiceClient(client_options=OPTIONS)
        try:
            for _ in range(20):
                mine.list_endpoints(parent=PARENT)
        except GoogleAPICallError as error:
            failures.append(error)

    threads = [threading.Thread(target=use) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_any_project_is_there_with_a_number_that_stays(cloud_environment: Localcloud) -> None:
    projects = ProjectsClient()
    first, again = (projects.get_project(name="projects/some-project") for _ in range(2))
    assert first == again
    assert first.project_id == "some-project"
    number = first.name.removeprefix("projects/")
    assert len(number) == 12
    assert projects.get_project(name=first.name).name == first.name
    assert projects.get_project(name="projects/other-project").name != first.name


def test_a_bug_in_a_handler_is_internal_and_logged(
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(_cloud: Cloud, _request: ListEndpointsRequest) -> None:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr("localcloud.vertex.endpoint_service.list_endpoints", fail)
    handlers.handler.cache_clear()
    folder = tmp_path_factory.mktemp("g")
    server = start_grpc_server(Cloud(Home(folder / "home")), folder / "grpc")
    try:
        with (
            grpc.insecure_channel(f"unix:{folder}/grpc") as channel,
            caplog.at_level(logging.ERROR),
        ):
            call = channel.unary_unary(f"{SERVICE}/ListEndpoints")
            request = ListEndpointsRequest(parent=PARENT)
            with pytest.raises(grpc.RpcError) as failed:
                call(ListEndpointsRequest.serialize(request))
    finally:
        server.stop(0).wait()
        handlers.handler.cache_clear()
    assert failed.value.code() is grpc.StatusCode.INTERNAL
    assert "ZeroDivisionError: oops" in failed.value.details()
    assert "Traceback" in caplog.text


def _channel(localcloud: Localcloud, host: str) -> grpc.Channel:
    roots = (localcloud.home / "secrets" / "bundle.pem").read_bytes()
    return grpc.secure_channel(f"{host}:443", grpc.ssl_channel_credentials(roots))
