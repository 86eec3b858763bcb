"""Deployed models and their traffic through Google's own client."""

import math
from collections import Counter
from typing import Any

import pytest
from google.api_core.exceptions import (
    FailedPrecondition,
    InvalidArgument,
    MethodNotImplemented,
    NotFound,
)
from google.cloud import aiplatform
from google.cloud.aiplatform_v1 import EndpointServiceClient, PredictionServiceClient
from google.cloud.aiplatform_v1.types import DeployedModel

from tests.vertex import PARENT, RESOURCES, refuses, upload


def deployed_id(endpoint: aiplatform.Endpoint, display_name: str) -> str:
    return next(each.id for each in endpoint.list_models() if each.display_name == display_name)


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
        ({"service_account": "me"}, InvalidArgument, "service_account 'me' is no email"),
        ({"checkpoint_id": "7"}, MethodNotImplemented, "deployed_model.checkpoint_id"),
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
