"""Faults on demand, as the command adds them and as Google's clients meet them."""

import time
from collections.abc import Callable, Iterator

import pytest
from google.api_core.exceptions import (
    Aborted,
    GoogleAPICallError,
    InternalServerError,
    PermissionDenied,
    ResourceExhausted,
    ServiceUnavailable,
)
from google.api_core.retry import Retry
from google.cloud import bigquery, storage
from google.cloud.aiplatform_v1 import EndpointServiceClient
from typer.testing import CliRunner

from localcloud.cli import app
from localcloud.control import ControlError
from localcloud.faults import Faults
from tests.conftest import Localcloud
from tests.vertex import OPTIONS, refuses, unique

PARENT = "projects/faults/locations/us-central1"
PATIENT = Retry(initial=0.01, maximum=0.1, timeout=30)  # its predicate is Google's own

Add = Callable[..., str]


def faults(*arguments: str) -> str:
    """What `localcloud faults` prints, in this process, which is quicker than another."""
    done = CliRunner().invoke(app, ["faults", *arguments])
    if isinstance(done.exception, ControlError):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture
def add(cloud_environment: Localcloud) -> Iterator[Add]:
    """Adds a fault as a user does; faults end with the test."""

    yield lambda *arguments: faults("add", *arguments)
    faults("clear")


@pytest.fixture(params=["grpc", "rest"])
def client(request: pytest.FixtureRequest, cloud_environment: Localcloud) -> EndpointServiceClient:
    return EndpointServiceClient(transport=request.param, client_options=OPTIONS)


def test_clients_ride_over_errors(client: EndpointServiceClient, add: Add) -> None:
    shown = add("--service", "EndpointService", "--error", "UNAVAILABLE", "--count", "3")
    assert "EndpointService/*, error UNAVAILABLE, at most 3 times; has hit 0" in shown
    with refuses(ServiceUnavailable, "EndpointService/ListEndpoints fails by fault"):
        client.list_endpoints(parent=PARENT)
    client.list_endpoints(parent=PARENT, retry=PATIENT)  # the third of three is the last


@pytest.mark.parametrize("error", [Aborted, InternalServerError, PermissionDenied])
def test_an_error_is_well_formed_over_both_transports(
    client: EndpointServiceClient, add: Add, error: type[GoogleAPICallError]
) -> None:
    add("--method", "ListEndpoints", "--error", error.grpc_status_code.name)
    with refuses(error):
        client.list_endpoints(parent=PARENT)


def test_a_quota_lets_some_through(client: EndpointServiceClient, add: Add) -> None:
    add("--service", "endpoint*", "--quota", "2/h")
    for _ in range(2):
        client.list_endpoints(parent=PARENT)
    with refuses(ResourceExhausted, "Quota exceeded for EndpointService/ListEndpoints: 2 requests"):
        client.list_endpoints(parent=PARENT)


def test_latency_comes_before_the_answer(client: EndpointServiceClient, add: Add) -> None:
    add("--method", "ListEndpoints", "--latency", "300ms")
    start = time.monotonic()
    client.list_endpoints(parent=PARENT, timeout=30)
    assert time.monotonic() - start >= 0.3


def test_other_methods_are_left_alone(client: EndpointServiceClient, add: Add) -> None:
    add("--service", "EndpointService", "--method", "Get*", "--error", "INTERNAL")
    add("--service", "ModelService", "--error", "INTERNAL")
    client.list_endpoints(parent=PARENT)


def test_cloud_storage_clients_ride_over_503(add: Add) -> None:
    bucket = storage.Client(project="faults").create_bucket(f"{unique()}-faults")
    add("--service", "storage", "--method", "GET", "--error", "503", "--count", "1")
    add("--service", "storage", "--method", "POST", "--error", "429", "--count", "1")
    blob = bucket.blob("a")
    blob.upload_from_string(b"x" * 100_000, if_generation_match=0)
    assert blob.download_as_bytes() == b"x" * 100_000
    add("--service", "storage", "--error", "403", "--count", "1")
    with pytest.raises(GoogleAPICallError, match=r"storage/GET fails by fault \d+") as refused:
        bucket.reload()
    assert refused.value.code == 403
    assert refused.value.errors[0]["reason"] == "accessDenied"


def test_bigquery_clients_ride_over_503(add: Add) -> None:
    client = bigquery.Client(project="faults")
    add("--service", "bigquery", "--error", "503", "--count", "1")
    assert [row.n for row in client.query_and_wait("select 7 as n")] == [7]
    add("--service", "bigquery", "--error", "404", "--count", "1")
    with pytest.raises(GoogleAPICallError, match="bigquery/GET fails by fault"):
        list(client.list_datasets())


def test_faults_are_listed_with_their_hits_and_cleared(
    client: EndpointServiceClient, add: Add, cloud_environment: Localcloud
) -> None:
    add("--method", "ListEndpoints", "--error", "UNAVAILABLE", "--count", "1")
    add("--service", "nothing", "--rate", "0.5", "--latency", "2s", "--seed", "4")
    with refuses(ServiceUnavailable):
        client.list_endpoints(parent=PARENT)
    first, second = faults("list").splitlines()
    assert first.endswith("*/ListEndpoints, error UNAVAILABLE, at most 1 times; has hit 1")
    assert second.endswith("nothing/*, latency 2 s, rate 0.5, seed 4; has hit 0")
    number = first.partition(":")[0]
    assert faults("clear", number) == "1 fault removed\n"
    again = cloud_environment.cli("faults", "clear", number)  # as users see it
    problem = f"There is no fault {number}; `localcloud faults list` shows all.\n"
    assert (again.returncode, again.stderr) == (1, problem)
    assert faults("clear") == "1 fault removed\n"
    assert faults("list") == "no faults\n"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ((), "A fault needs an error, a latency or a quota."),
        (("--error", "NOPE"), "error is 'NOPE'; give an HTTP status from 400 to 599, or CANCELLED"),
        (("--error", "200"), "error is '200'"),
        (("--error", "503", "--rate", "1.5"), "rate is 1.5"),
        (("--latency", "soon"), "latency is 'soon'"),
        (("--quota", "10"), "quota is '10'"),
        (("--quota", "1/s", "--error", "503"), "A quota has an error of its own"),
    ],
)
def test_a_malformed_fault_is_refused(
    cloud_environment: Localcloud, arguments: tuple[str, ...], problem: str
) -> None:
    done = CliRunner().invoke(app, ["faults", "add", *arguments])
    assert done.exit_code != 0
    shown = f"{done.exception} {done.output}"
    assert problem in " ".join(shown.replace("│", " ").split())


def test_a_rate_hits_the_same_requests_each_time() -> None:
    def hits(seed: int) -> list[bool]:
        active = Faults()
        active.add({"error": "UNAVAILABLE", "rate": 0.3, "seed": seed})
        return [active.strike("s", "m")[1] is not None for _ in range(1000)]

    assert hits(1) == hits(1) != hits(2)
    assert 250 < sum(hits(1)) < 350
