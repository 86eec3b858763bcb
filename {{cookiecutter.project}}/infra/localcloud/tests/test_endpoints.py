"""Endpoints, deployed models and predictions through Google's own client, over gRPC and REST."""

import json
import math
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import Localcloud
from google.api_core import exceptions
from google.api_core.exceptions import FailedPrecondition, InvalidArgument, NotFound
from google.cloud import aiplatform
from google.cloud.aiplatform_v1 import EndpointServiceClient, PredictionServiceClient
from google.cloud.aiplatform_v1.types import DeployedModel
from vertex import OPTIONS, PARENT, connect, eventually, refuses, unique, upload

RESOURCES = {"min_replica_count": 1, "machine_spec": {"machine_type": "n1-standard-2"}}


@pytest.fixture(params=["grpc", "rest"], autouse=True)
def transport(request: pytest.FixtureRequest, cloud_environment: Localcloud) -> str:
    connect(request.param)
    return str(request.param)


@pytest.fixture
def client(transport: str) -> EndpointServiceClient:
    return EndpointServiceClient(transport=transport, client_options=OPTIONS)


@pytest.fixture
def predictions(transport: str) -> PredictionServiceClient:
    return PredictionServiceClient(transport=transport, client_options=OPTIONS)


@pytest.fixture
def endpoint() -> Iterator[aiplatform.Endpoint]:
    endpoint = aiplatform.Endpoint.create(display_name="endpoint")
    yield endpoint
    endpoint.delete(force=True)


@pytest.fixture(scope="module")
def shared_name(cloud_environment: Localcloud) -> str:
    """An endpoint with one model, for tests that only ask it."""
    connect("grpc")
    endpoint = aiplatform.Endpoint.create(display_name="shared")
    endpoint.deploy(upload())
    return str(endpoint.resource_name)


@pytest.fixture
def shared(shared_name: str) -> aiplatform.Endpoint:
    return aiplatform.Endpoint(shared_name)


@pytest.fixture
def model() -> aiplatform.Model:
    return upload()


@pytest.fixture
def serving(endpoint: aiplatform.Endpoint, model: aiplatform.Model) -> aiplatform.Endpoint:
    """An endpoint with one model that has all traffic."""
    endpoint.deploy(model)
    return endpoint


def deployed_id(endpoint: aiplatform.Endpoint, display_name: str) -> str:
    return next(each.id for each in endpoint.list_models() if each.display_name == display_name)


# Endpoints


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


# Deployment and traffic


def test_traffic_follows_the_split(
    serving: aiplatform.Endpoint,
    model: aiplatform.Model,
    predictions: PredictionServiceClient,
    transport: str,
) -> None:
    if transport == "rest":
        pytest.skip("the draw is the same whatever the transport")
    challenger = upload(parent_model=model.resource_name, is_default_version=False)
    serving.deploy(challenger, deployed_model_display_name="challenger", traffic_percentage=30)
    new, old = deployed_id(serving, "challenger"), deployed_id(serving, "model")
    assert serving.traffic_split == {new: 30, old: 70}
    answers = Counter(
        (answer.deployed_model_id, answer.model, answer.model_version_id, answer.model_display_name)
        for answer in (
            predictions.predict(endpoint=serving.resource_name, instances=[{"n": 1}])
            for _ in range(1000)
        )
    )
    assert set(answers) == {
        (new, model.resource_name, "2", "model"),
        (old, model.resource_name, "1", "model"),
    }
    low, high = binomial_bounds(1000, 0.3, confidence=0.999)
    assert low <= answers[new, model.resource_name, "2", "model"] <= high
    serving.update(traffic_split={new: 100})
    assert {serving.predict([1]).deployed_model_id for _ in range(20)} == {new}


def binomial_bounds(trials: int, share: float, confidence: float) -> tuple[int, int]:
    """The smallest interval with equal tails that holds a binomial count this surely."""
    weights = [
        math.comb(trials, k) * share**k * (1 - share) ** (trials - k) for k in range(trials + 1)
    ]
    tail = (1 - confidence) / 2
    below = [sum(weights[: k + 1]) for k in range(trials + 1)]
    low = next(k for k in range(trials + 1) if below[k] > tail)
    high = next(k for k in range(trials + 1) if below[k] >= 1 - tail)
    return low, high


def test_a_model_with_traffic_stays_until_its_traffic_is_given_away(
    serving: aiplatform.Endpoint, model: aiplatform.Model, client: EndpointServiceClient
) -> None:
    serving.deploy(model, deployed_model_display_name="other", traffic_percentage=0)
    busy, idle = deployed_id(serving, "model"), deployed_id(serving, "other")
    request = {"endpoint": serving.resource_name, "deployed_model_id": busy}
    for split, error in [
        ({}, FailedPrecondition),
        ({busy: 10, idle: 90}, FailedPrecondition),
        ({idle: 90}, InvalidArgument),
        ({idle: 101, busy: -1}, InvalidArgument),
        ({"12345": 100}, InvalidArgument),
    ]:
        with refuses(error, match="traffic"):
            client.undeploy_model({**request, "traffic_split": split})
    with refuses(NotFound, match="has no deployed model 12345"):
        client.undeploy_model({**request, "deployed_model_id": "12345"})
    assert client.get_endpoint(name=serving.resource_name).traffic_split == {busy: 100, idle: 0}
    serving.undeploy(busy, traffic_split={idle: 100})
    assert serving.traffic_split == {idle: 100}
    serving.undeploy(idle)
    assert (serving.traffic_split, serving.list_models()) == ({}, [])


@pytest.mark.parametrize("split", [{"0": 50}, {"0": 200, "9": -100}, {"9": 100}, {"0": 0}])
def test_a_wrong_split_is_refused_before_anything_starts(
    client: EndpointServiceClient,
    endpoint: aiplatform.Endpoint,
    model: aiplatform.Model,
    split: dict[str, int],
) -> None:
    deployed = {"model": model.resource_name, "dedicated_resources": RESOURCES}
    with refuses(InvalidArgument, match="traffic_split"):
        client.deploy_model(
            endpoint=endpoint.resource_name, deployed_model=deployed, traffic_split=split
        )


@pytest.mark.parametrize("split", [{"1": 50}, {"1": 150}])
def test_a_wrong_split_does_not_replace_the_endpoints(
    client: EndpointServiceClient, serving: aiplatform.Endpoint, split: dict[str, int]
) -> None:
    (deployed,) = serving.list_models()
    changed = client.get_endpoint(name=serving.resource_name)
    changed.traffic_split = {
        deployed.id if key == "1" else key: value for key, value in split.items()
    }
    with refuses(InvalidArgument, match="traffic_split"):
        client.update_endpoint(endpoint=changed, update_mask={"paths": ["traffic_split"]})
    assert client.get_endpoint(name=serving.resource_name).traffic_split == {deployed.id: 100}


@pytest.mark.parametrize(
    ("fields", "error", "message"),
    [
        ({"model": ""}, InvalidArgument, "deployed_model.model is required"),
        ({"model": f"{PARENT}/models/404"}, NotFound, "models/404 was not found"),
        ({"dedicated_resources": None}, InvalidArgument, "dedicated_resources is required"),
        ({"dedicated_resources": {**RESOURCES, "min_replica_count": 0}}, InvalidArgument, "is 0"),
        (
            {"dedicated_resources": {**RESOURCES, "min_replica_count": 3, "max_replica_count": 2}},
            InvalidArgument,
            "max_replica_count is 2",
        ),
        ({"dedicated_resources": {"min_replica_count": 1}}, InvalidArgument, "machine_type is req"),
        ({"id": "abc"}, InvalidArgument, "'abc' is malformed"),
        ({"id": "0"}, InvalidArgument, "'0' is malformed"),
    ],
)
def test_a_malformed_deployment_is_refused(
    client: EndpointServiceClient,
    endpoint: aiplatform.Endpoint,
    model: aiplatform.Model,
    fields: dict[str, Any],
    error: type[Exception],
    message: str,
) -> None:
    deployed = {"model": model.resource_name, "dedicated_resources": RESOURCES, **fields}
    deployed = {name: value for name, value in deployed.items() if value is not None}
    with refuses(error, match=message):
        client.deploy_model(endpoint=endpoint.resource_name, deployed_model=deployed)
    with refuses(NotFound, match="endpoints/404 was not found"):
        client.deploy_model(endpoint=f"{PARENT}/endpoints/404", deployed_model=deployed)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"artifact_uri": "gs://absent/model"}, FailedPrecondition, "has no files under gs://abs"),
        (
            {"serving_container_image_uri": "us-docker.pkg.dev/p/r/absent:1"},
            NotFound,
            "Image us-docker.pkg.dev/p/r/absent:1 is not here",
        ),
        (
            {"serving_container_args": ["--fail"]},
            FailedPrecondition,
            "exited unexpectedly with exit code 1(.|\n)*the weights are missing",
        ),
        (
            {"serving_container_command": ["absent-program"]},
            FailedPrecondition,
            "absent-program cannot be started: No such file",
        ),
        (
            {
                "serving_container_command": ["python", "-c", "import time; time.sleep(60)"],
                "serving_container_deployment_timeout": 1,
            },
            FailedPrecondition,
            "never became ready: no 200 from .* within 1 s",
        ),
    ],
)
def test_a_model_that_does_not_come_up_is_not_deployed(
    client: EndpointServiceClient,
    endpoint: aiplatform.Endpoint,
    arguments: dict[str, Any],
    error: type[Exception],
    message: str,
) -> None:
    with refuses(error, match=message):
        endpoint.deploy(upload(**arguments))
    read = client.get_endpoint(name=endpoint.resource_name)
    assert (list(read.deployed_models), dict(read.traffic_split)) == ([], {})


def test_what_serves_cannot_be_deleted(
    serving: aiplatform.Endpoint, model: aiplatform.Model
) -> None:
    with refuses(FailedPrecondition, match="undeploy them first"):
        serving.delete()
    with refuses(FailedPrecondition, match=r"is deployed as \d+ on .*; undeploy it first"):
        model.delete()
    (deployment,) = aiplatform.Model(model.resource_name).gca_resource.deployed_models
    assert deployment.endpoint == serving.resource_name
    serving.undeploy_all()
    model.delete()


def test_replica_counts_are_changed(
    client: EndpointServiceClient, serving: aiplatform.Endpoint
) -> None:
    (deployed,) = serving.list_models()
    wanted = DeployedModel(
        id=deployed.id, dedicated_resources={"min_replica_count": 2, "max_replica_count": 4}
    )
    counts = ["dedicated_resources.min_replica_count", "dedicated_resources.max_replica_count"]
    client.mutate_deployed_model(
        endpoint=serving.resource_name, deployed_model=wanted, update_mask={"paths": counts}
    ).result()
    resources = serving.list_models()[0].dedicated_resources
    assert (resources.min_replica_count, resources.max_replica_count) == (2, 4)
    assert resources.machine_spec.machine_type
    wanted.dedicated_resources.max_replica_count = 1
    with refuses(InvalidArgument, match="max_replica_count is 1"):
        client.mutate_deployed_model(
            endpoint=serving.resource_name, deployed_model=wanted, update_mask={"paths": counts}
        )


# Predictions


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


# The container


def test_the_container_is_started_by_vertexs_contract(
    endpoint: aiplatform.Endpoint, localcloud: Localcloud
) -> None:
    folder = localcloud.home / "storage" / "models" / "toy"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "weights").write_text("1")
    model = upload(
        artifact_uri="gs://models/toy",
        serving_container_predict_route="/v1/ask",
        serving_container_environment_variables={"A": "1", "B": "$(A)-$(AIP_MODE)-$$(A)-$(NO)"},
        serving_container_command=["python", "-m", "server"],
        serving_container_args=["--id", "$(AIP_DEPLOYED_MODEL_ID)"],
    )
    endpoint.deploy(model)
    (deployed,) = endpoint.list_models()

    def variable(name: str) -> Any:
        return endpoint.predict([{"environment": name}]).predictions[0]

    assert variable("AIP_STORAGE_URI") == "gs://models/toy"
    assert variable("AIP_ENDPOINT_ID") == endpoint.name
    assert variable("AIP_DEPLOYED_MODEL_ID") == deployed.id
    assert variable("AIP_PREDICT_ROUTE") == "/v1/ask"
    assert variable("AIP_HEALTH_ROUTE") == (
        f"/v1/endpoints/{endpoint.name}/deployedModels/{deployed.id}"
    )
    assert variable("AIP_MODE") == "PREDICTION"
    assert variable("AIP_HTTP_HOST") == "127.0.0.1"
    assert variable("AIP_PROJECT_NUMBER").isdigit()
    assert variable("B") == "1-PREDICTION-$(A)-$(NO)"
    assert variable("HTTPS_PROXY") == localcloud.environment["HTTPS_PROXY"]
    assert variable("PYTEST_CURRENT_TEST") is None
    assert endpoint.predict([{"arguments": True}]).predictions == [f"--id {deployed.id}"]


def test_a_model_server_that_ends_is_started_again(
    serving: aiplatform.Endpoint, predictions: PredictionServiceClient, localcloud: Localcloud
) -> None:
    def process() -> int | None:
        try:
            return int(serving.predict([{"process": True}]).predictions[0])
        except exceptions.ServiceUnavailable:
            return None

    before = process()
    with refuses(exceptions.ServiceUnavailable, match="ended before it answered"):
        predictions.predict(endpoint=serving.resource_name, instances=[{"exit": 3}], retry=None)
    assert eventually(lambda: process() not in (None, before))


def test_undeploying_ends_the_process(serving: aiplatform.Endpoint) -> None:
    process = int(serving.predict([{"process": True}]).predictions[0])
    os.kill(process, 0)
    serving.undeploy_all()
    assert eventually(lambda: not Path(f"/proc/{process}").exists(), seconds=2)
