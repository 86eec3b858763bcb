"""REST through the front door: transcoding by the RPCs' bindings, errors as Google's JSON."""

import socket
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import requests
from google.api.httpbody_pb2 import HttpBody
from google.api_core.exceptions import InvalidArgument
from google.cloud.aiplatform_v1 import EndpointServiceClient
from google.cloud.aiplatform_v1.types import (
    Endpoint,
    ListModelsRequest,
    RawPredictRequest,
    UpdateEndpointRequest,
)

from localcloud.handlers import all_rpcs
from localcloud.transcoding import Match, Router, parse_request, render, render_stream
from tests.conftest import Localcloud

HOST = "https://us-central1-aiplatform.googleapis.com"
PARENT = "projects/rest/locations/us-central1"
ENDPOINTS = f"{HOST}/v1/{PARENT}/endpoints"


@pytest.fixture(scope="module")
def http(cloud_environment: Localcloud) -> Iterator[httpx.Client]:
    with httpx.Client() as client:
        yield client


@pytest.fixture(scope="module")
def router() -> Router:
    return Router(all_rpcs().values())


@pytest.fixture
def endpoint(http: httpx.Client) -> str:
    operation = http.post(ENDPOINTS, json={"displayName": "rest"}).json()
    assert operation["done"]
    return str(operation["response"]["name"])


def match(router: Router, method: str, path: str) -> Match:
    found = router.match(method, path)
    assert found
    return found


def error(answer: httpx.Response) -> dict[str, Any]:
    content: dict[str, Any] = answer.json()["error"]
    assert content["code"] == answer.status_code
    return content


# Through the running server


def test_a_resource_is_created_read_changed_listed_and_deleted(
    http: httpx.Client, endpoint: str
) -> None:
    url = f"{HOST}/v1/{endpoint}"
    assert http.get(url).json()["displayName"] == "rest"
    changed = http.patch(url, params={"updateMask": "description"}, json={"description": "new"})
    assert (changed.json()["description"], changed.json()["displayName"]) == ("new", "rest")
    assert endpoint in [each["name"] for each in http.get(ENDPOINTS).json()["endpoints"]]
    assert http.delete(url).json()["done"]
    assert http.get(url).status_code == 404


def test_times_and_any_messages_are_googles_json(http: httpx.Client, endpoint: str) -> None:
    assert http.get(f"{HOST}/v1/{endpoint}").json()["createTime"].endswith("Z")
    operation = http.post(ENDPOINTS, json={"displayName": "a"}).json()
    assert (
        operation["response"]["@type"] == "type.googleapis.com/google.cloud.aiplatform.v1.Endpoint"
    )


@pytest.mark.parametrize("prefix", ["v1", "ui"])
def test_an_operation_is_polled(http: httpx.Client, prefix: str) -> None:
    operation = http.post(ENDPOINTS, json={"displayName": "a"}).json()
    answer = http.get(f"{HOST}/{prefix}/{operation['name']}")
    assert answer.json() == operation


@pytest.mark.parametrize(
    ("method", "path", "status", "code", "text"),
    [
        ("GET", f"{PARENT}/endpoints/77", 404, "NOT_FOUND", "endpoints/77 was not found"),
        ("GET", f"{PARENT}/notebookRuntimes/1", 501, "UNIMPLEMENTED", "/GetNotebookRuntime"),
        ("GET", f"{PARENT}/nothing", 501, "UNIMPLEMENTED", f"GET {HOST}/v1/{PARENT}/nothing"),
        ("GET", f"{PARENT}/endpoints?nope=1", 400, "INVALID_ARGUMENT", 'Unknown name "nope"'),
        ("GET", f"{PARENT}/endpoints?pageSize=x", 400, "INVALID_ARGUMENT", "Invalid JSON payload"),
    ],
)
def test_an_error_is_googles_json(
    http: httpx.Client, method: str, path: str, status: int, code: str, text: str
) -> None:
    answer = http.request(method, f"{HOST}/v1/{path}")
    assert answer.status_code == status
    assert error(answer)["status"] == code
    assert text in error(answer)["message"]


@pytest.mark.parametrize("body", ["{", "[]", '{"nope": 1}', '{"displayName": 1}', "\xff"])
def test_a_body_that_is_no_such_message_is_refused(http: httpx.Client, body: str) -> None:
    answer = http.post(ENDPOINTS, content=body.encode("latin-1"))
    assert (answer.status_code, error(answer)["status"]) == (400, "INVALID_ARGUMENT")


def test_a_body_that_is_too_large_is_refused(http: httpx.Client) -> None:
    answer = http.post(ENDPOINTS, content=b" " * (11 << 20))
    assert error(answer)["message"].startswith("Request payload size exceeds the limit")


def test_googles_client_over_rest(cloud_environment: Localcloud) -> None:
    client = EndpointServiceClient(
        transport="rest", client_options={"api_endpoint": HOST.removeprefix("https://")}
    )
    made = client.create_endpoint(parent=PARENT, endpoint={"display_name": "sdk"}).result()
    assert client.get_endpoint(name=made.name).display_name == "sdk"
    changed = client.update_endpoint(
        endpoint={"name": made.name, "labels": {"a": "b"}}, update_mask={"paths": ["labels"]}
    )
    assert dict(changed.labels) == {"a": "b"}


def test_an_access_token_is_given(http: httpx.Client) -> None:
    for url in (
        "https://oauth2.googleapis.com/token",
        "https://www.googleapis.com/oauth2/v4/token",
    ):
        assert http.post(url).json()["expires_in"] > 0


def test_a_web_page_of_another_site_is_refused(http: httpx.Client, localcloud: Localcloud) -> None:
    local = f"http://127.0.0.1:{localcloud.port}"
    with httpx.Client(trust_env=False) as browser:
        status = f"{local}/localcloud/status"
        assert browser.get(status).status_code == 200
        assert browser.get(status, headers={"Origin": local}).status_code == 200
        assert browser.get(status, headers={"Origin": "http://evil.test"}).status_code == 403
        assert browser.get(status, headers={"Host": "evil.test"}).status_code == 403
    assert http.get(ENDPOINTS, headers={"Origin": "http://evil.test"}).status_code == 403


# Transcoding alone


def test_query_parameters_fill_fields_of_any_kind(router: Router) -> None:
    found = match(router, "GET", f"/v1/{PARENT}/models")
    query = {
        "pageSize": ["5"],
        "readMask": ["display_name,labels.a"],
        "filter": ["x=1"],
        "$alt": ["json"],
    }
    request = parse_request(found, query, b"", "")
    assert request == ListModelsRequest(
        parent=PARENT,
        page_size=5,
        filter="x=1",
        read_mask={"paths": ["display_name", "labels.a"]},
    )


def test_repeated_query_parameters_are_all_kept(router: Router) -> None:
    found = match(router, "POST", f"/v1/{PARENT}/pipelineJobs:batchDelete")
    request = parse_request(found, {"names": ["a", "b"]}, b"", "")
    assert list(request.names) == ["a", "b"]


def test_enums_and_booleans_of_the_query(router: Router) -> None:
    found = match(router, "DELETE", f"/v1/{PARENT}/metadataStores/1")
    assert parse_request(found, {"force": ["true"]}, b"", "").force
    found = match(router, "GET", f"/v1/{PARENT}/notebookExecutionJobs/1")
    assert parse_request(found, {"view": ["2"]}, b"", "").view.value == 2
    by_name = {"view": ["NOTEBOOK_EXECUTION_JOB_VIEW_FULL"]}
    assert parse_request(found, by_name, b"", "").view.value == 2


def test_the_path_fills_nested_fields_and_wins_over_the_body(router: Router) -> None:
    found = match(router, "PATCH", f"/v1/{PARENT}/endpoints/1")
    request = parse_request(found, {}, b'{"name": "other", "displayName": "a"}', "")
    assert request == UpdateEndpointRequest(
        endpoint=Endpoint(name=f"{PARENT}/endpoints/1", display_name="a")
    )


def test_a_raw_body_is_taken_as_it_is(router: Router) -> None:
    found = match(router, "POST", f"/v1/{PARENT}/endpoints/1:rawPredict")
    request = parse_request(found, {}, b"\x00\xff", "image/png")
    assert request == RawPredictRequest(
        endpoint=f"{PARENT}/endpoints/1",
        http_body=HttpBody(content_type="image/png", data=b"\x00\xff"),
    )


def test_a_raw_answer_is_sent_as_it_is() -> None:
    body = HttpBody(content_type="image/png", data=b"\x00\xff")
    assert render(body, integer_enums=False) == (b"\x00\xff", "image/png")
    pieces, content_type = render_stream([body, body], integer_enums=False)
    assert (list(pieces), content_type) == ([b"\x00\xff"] * 2, "image/png")


def test_a_stream_is_one_json_array() -> None:
    content, content_type = render_stream(
        [Endpoint(display_name="a"), Endpoint(display_name="b")], integer_enums=False
    )
    assert b"".join(content) == b'[{"displayName": "a"},{"displayName": "b"}]'
    assert content_type.startswith("application/json")
    assert b"".join(render_stream([], integer_enums=False)[0]) == b"[]"


def test_enums_are_names_or_numbers_as_asked(router: Router) -> None:
    request = match(router, "POST", f"/v1/{PARENT}/customJobs").rpc.request_type(
        custom_job={"state": "JOB_STATE_RUNNING"}
    )
    assert b'"JOB_STATE_RUNNING"' in render(request, integer_enums=False)[0]
    assert b'"state": 3' in render(request, integer_enums=True)[0]


def test_a_wrong_type_names_the_trouble(router: Router) -> None:
    found = match(router, "POST", f"/v1/{PARENT}/endpoints")
    with pytest.raises(InvalidArgument, match="displayName"):
        parse_request(found, {}, b'{"displayName": {}}', "")


# HTTP as TensorFlow's Cloud Storage client speaks it


def test_what_tensorflow_sends_is_understood(localcloud: Localcloud) -> None:
    """An obsolete encoding, both a length and chunks, and a body that waits to be asked for."""
    body = b'{"displayName": "a"}'
    head = f"POST /v1/{PARENT}/endpoints HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    empty = f"{head}Content-Length: 0\r\nTransfer-Encoding: identity\r\n\r\n"
    chunked = f"{head}Content-Length: {len(body)}\r\nTransfer-Encoding: chunked\r\n"
    with socket.create_connection(("127.0.0.1", localcloud.port), timeout=10) as connection:
        connection.sendall(empty.encode())
        assert b"Field endpoint is required" in connection.recv(65536)  # it got to the handler
        connection.sendall(f"{chunked}Expect: 100-continue\r\n\r\n".encode())
        assert connection.recv(65536).startswith(b"HTTP/1.1 100 ")
        connection.sendall(b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body))
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")


def test_a_body_is_not_held_back_for_an_acknowledgement(http: httpx.Client, endpoint: str) -> None:
    """Behind a proxy, urllib3 lets the kernel join small writes: 40 ms for each request."""
    session = requests.Session()
    url = f"{HOST}/v1/{endpoint}"
    elapsed = []
    for _ in range(30):
        start = time.monotonic()
        assert session.patch(url, params={"updateMask": "labels"}, json={}).ok
        elapsed.append(time.monotonic() - start)
    assert min(elapsed[1:]) < 0.035  # about 4 ms on an idle machine
