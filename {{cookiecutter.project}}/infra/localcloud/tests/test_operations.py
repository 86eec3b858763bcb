"""Long-running operations, in the process and as clients follow them."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.api_core.exceptions import FailedPrecondition, InvalidArgument, NotFound
from google.cloud.aiplatform_v1 import EndpointServiceClient
from google.cloud.aiplatform_v1.types import Endpoint
from google.longrunning.operations_pb2 import Operation, WaitOperationRequest
from google.protobuf.duration_pb2 import Duration

from localcloud.operations import Operations
from localcloud.store import Store
from tests.conftest import Localcloud

PARENT = "projects/operations/locations/us-central1"


@pytest.fixture
def operations(tmp_path: Path) -> Iterator[Operations]:
    store = Store(tmp_path / "state.sqlite")
    yield Operations(store)
    for thread in threading.enumerate():
        if "/operations/" in thread.name:
            thread.join(10)
    store.close()


@pytest.fixture(scope="module")
def client(cloud_environment: Localcloud) -> EndpointServiceClient:
    return EndpointServiceClient(
        client_options={"api_endpoint": "us-central1-aiplatform.googleapis.com"}
    )


def test_done_at_once(operations: Operations) -> None:
    name = operations.done("p", Endpoint(display_name="a")).name
    answer = Endpoint()
    assert operations.get(name).response.Unpack(Endpoint.pb(answer))
    assert answer.display_name == "a"


def test_work_in_a_thread_ends_with_its_result(operations: Operations) -> None:
    go = threading.Event()

    def work() -> Endpoint:
        go.wait(10)
        return Endpoint(display_name="late")

    name = operations.start("p", work).name
    assert not operations.get(name).done
    go.set()
    assert b"late" in operations.wait(name, 10).response.value


def test_what_the_work_refuses_is_the_operations_error(operations: Operations) -> None:
    def work() -> Endpoint:
        raise FailedPrecondition("not now")

    error = operations.wait(operations.start("p", work).name, 10).error
    assert (error.code, error.message) == (9, "not now")


def test_a_bug_in_the_work_is_internal(operations: Operations) -> None:
    def work() -> Endpoint:
        raise ZeroDivisionError("oops")

    error = operations.wait(operations.start("p", work).name, 10).error
    assert (error.code, error.message) == (13, "ZeroDivisionError: oops")


def test_waiting_ends_when_the_time_is_over(operations: Operations) -> None:
    release = threading.Event()
    name = operations.start("p", lambda: release.wait(10) and Endpoint()).name
    start = time.monotonic()
    assert not operations.wait(name, 0.2).done
    assert 0.2 <= time.monotonic() - start < 5
    release.set()


def test_what_an_earlier_server_left_is_aborted(operations: Operations) -> None:
    release = threading.Event()
    name = operations.start("p", lambda: release.wait(10) and Endpoint()).name
    done = operations.done("p", Endpoint()).name
    operations.abort_unfinished()
    assert operations.get(name).error.code == 10
    assert not operations.get(done).HasField("error")
    release.set()


def test_a_client_gets_waits_for_lists_and_deletes(client: EndpointServiceClient) -> None:
    created = client.create_endpoint(parent=PARENT, endpoint=Endpoint(display_name="a"))
    endpoint, name = created.result().name, created.operation.name
    assert client.get_operation({"name": name}).done
    waiting = WaitOperationRequest(name=name, timeout=Duration(seconds=5))
    waited = client.wait_operation(waiting)  # the client leaves the bytes as they are
    assert Operation.FromString(waited).done
    listed = client.list_operations({"name": endpoint}).operations
    assert name in [each.name for each in listed]
    assert not client.list_operations({"name": endpoint, "filter": "done=false"}).operations
    with pytest.raises(InvalidArgument, match="filter 'nope=1'"):
        client.list_operations({"name": endpoint, "filter": "nope=1"})
    with pytest.raises(InvalidArgument, match="page_token"):
        client.list_operations({"name": endpoint, "page_token": "nope"})
    client.cancel_operation({"name": name})
    client.delete_operation({"name": name})
    with pytest.raises(NotFound, match=r"operations/\d+ was not found"):
        client.get_operation({"name": name})
