"""Explanations through Google's own client; the toy model computes a formula of its instance."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from google.api_core.exceptions import FailedPrecondition, InvalidArgument, MethodNotImplemented
from google.cloud import aiplatform
from google.cloud.aiplatform_v1 import ModelServiceClient, PredictionServiceClient
from google.cloud.aiplatform_v1.types import (
    Attribution,
    ExplainRequest,
    ExplanationSpec,
    ExplanationSpecOverride,
)
from google.protobuf.struct_pb2 import ListValue, Value

from tests.conftest import Localcloud
from tests.vertex import IMAGE, OPTIONS, PARENT, connect, refuses, upload

SHAPLEY = {"sampled_shapley_attribution": {"path_count": 20}}
OUTPUT = {"outputs": {"score": {}}}
SCALARS = {"inputs": {"x": {}, "y": {}, "z": {}}, **OUTPUT}
INSTANCE = {"x": 2, "y": 3, "z": 5}


def numbers(*values: float) -> list[Value]:
    return [Value(number_value=value) for value in values]


@pytest.fixture(autouse=True)
def transport(cloud_environment: Localcloud) -> str:
    """Explanations are the same over gRPC and REST, so one test of REST is enough."""
    connect("grpc")
    return "grpc"


@pytest.fixture(scope="module")
def explaining(cloud_environment: Localcloud) -> Iterator[Callable[..., aiplatform.Endpoint]]:
    """Gives an endpoint whose model computes a formula and has an explanation spec."""
    connect("grpc")
    made: dict[str, aiplatform.Endpoint] = {}

    def explaining(
        formula: str, metadata: Any = SCALARS, parameters: Any = SHAPLEY
    ) -> aiplatform.Endpoint:
        key = repr((formula, metadata, parameters))
        if key not in made:
            endpoint = aiplatform.Endpoint.create(display_name="explained")
            model = upload(
                serving_container_environment_variables={"FORMULA": formula},
                explanation_metadata=aiplatform.explain.ExplanationMetadata(metadata),
                explanation_parameters=aiplatform.explain.ExplanationParameters(parameters),
            )
            endpoint.deploy(model)
            made[key] = endpoint
        return aiplatform.Endpoint(made[key].resource_name)

    yield explaining
    for endpoint in made.values():
        endpoint.delete(force=True)


def attributions(endpoint: aiplatform.Endpoint, instance: Any) -> list[Attribution]:
    answer = endpoint.explain([instance])
    (explanation,) = answer.explanations
    return list(explanation.attributions)


def shares(attribution: Attribution) -> Any:
    return Attribution.to_dict(attribution)["feature_attributions"]


def test_a_sum_is_attributed_to_its_terms(explaining: Any) -> None:
    endpoint = explaining("10 * x - 2 * y + z + 7")
    answer = endpoint.explain([INSTANCE, {**INSTANCE, "x": 0}])
    assert answer.predictions == [26, 6]
    assert answer.deployed_model_id == endpoint.list_models()[0].id
    first, second = (each.attributions[0] for each in answer.explanations)
    assert shares(first) == {"x": 20, "y": -6, "z": 5}
    assert shares(second) == {"x": 0, "y": -6, "z": 5}
    assert (first.baseline_output_value, first.instance_output_value) == (7, 26)
    assert (first.output_name, list(first.output_index)) == ("score", [])
    assert first.approximation_error == pytest.approx(0, abs=1e-9)


def test_explanations_come_over_rest_too(explaining: Any) -> None:
    connect("rest")
    (attribution,) = attributions(explaining("10 * x - 2 * y + z + 7"), INSTANCE)
    assert shares(attribution) == {"x": 20, "y": -6, "z": 5}


def test_an_interaction_is_shared(explaining: Any) -> None:
    (attribution,) = attributions(explaining("x * y + z"), INSTANCE)
    found = shares(attribution)
    assert found["z"] == 5
    assert found["x"] + found["y"] == pytest.approx(6)
    assert 0.5 < found["x"] < 5.5  # 3 in the mean over all orders
    assert 0 < attribution.approximation_error < 1


def test_baselines_are_what_a_feature_is_compared_with(explaining: Any) -> None:
    inputs = {
        "x": {"input_baselines": numbers(1, 3)},
        "y": {"input_baselines": numbers(1)},
        "z": {},
    }
    (attribution,) = attributions(explaining("x + y + z", {"inputs": inputs, **OUTPUT}), INSTANCE)
    assert shares(attribution) == {"x": 0, "y": 2, "z": 5}  # x: the mean of 2 - 1 and 2 - 3
    assert attribution.baseline_output_value == 3  # the mean of 2 and 4


def test_texts_and_truth_values_are_features(explaining: Any) -> None:
    metadata = {"inputs": {"city": {}, "new": {}}, **OUTPUT}
    endpoint = explaining("len(city) + 10 * new", metadata)
    (attribution,) = attributions(endpoint, {"city": "Rome", "new": True, "id": "kept"})
    assert shares(attribution) == {"city": 4, "new": 10}


def test_the_elements_of_a_list_are_features(explaining: Any) -> None:
    endpoint = explaining("sum(instance)", {"inputs": {"all": {}}, **OUTPUT})
    (attribution,) = attributions(endpoint, [1, 2, 4])
    assert shares(attribution) == {"all": [1, 2, 4]}


def test_positions_have_names_if_the_metadata_names_them(explaining: Any) -> None:
    named = {"encoding": "BAG_OF_FEATURES", "index_feature_mapping": ["a", "b"]}
    endpoint = explaining("instance[0] - instance[1]", {"inputs": {"all": named}, **OUTPUT})
    (attribution,) = attributions(endpoint, [4, 1])
    assert shares(attribution) == {"a": 4, "b": -1}


def test_a_group_is_one_feature(explaining: Any) -> None:
    inputs = {"x": {"group_name": "pair"}, "y": {"group_name": "pair"}, "z": {}}
    (attribution,) = attributions(explaining("x * y + z", {"inputs": inputs, **OUTPUT}), INSTANCE)
    assert shares(attribution) == {"pair": 6, "z": 5}


def overriding(endpoint: aiplatform.Endpoint, **override: Any) -> ExplainRequest:
    """A request to explain the instance, which overrides the spec."""
    request = ExplainRequest(
        endpoint=endpoint.resource_name,
        explanation_spec_override=ExplanationSpecOverride(override),
    )
    request.instances.append(INSTANCE)
    return request


CLASSES = "{'scores': [x, y, z], 'names': ['low', 'middle', 'high']}"
CLASS_METADATA = {
    "inputs": SCALARS["inputs"],
    "outputs": {"scores": {"display_name_mapping_key": "names"}},
}


def test_the_largest_of_several_outputs_is_explained(
    explaining: Any, predictions: PredictionServiceClient
) -> None:
    endpoint = explaining(CLASSES, CLASS_METADATA)
    (largest,) = attributions(endpoint, INSTANCE)
    assert (list(largest.output_index), largest.output_display_name) == ([2], "high")
    assert shares(largest) == {"x": 0, "y": 0, "z": 5}

    def explained(parameters: dict[str, Any]) -> list[list[int]]:
        answer = predictions.explain(overriding(endpoint, parameters=parameters))
        return [list(each.output_index) for each in answer.explanations[0].attributions]

    assert explained({"top_k": 2}) == [[2], [1]]
    assert explained({"top_k": -1}) == [[2], [1], [0]]
    assert explained({"output_indices": ListValue(values=numbers(0, 1))}) == [[0], [1]]
    with refuses(InvalidArgument, match="output_indices has"):
        explained({"output_indices": ListValue(values=numbers(3))})


def test_a_request_overrides_the_spec(
    explaining: Any, predictions: PredictionServiceClient
) -> None:
    endpoint = explaining("x + y + z")

    def explain(**override: Any) -> Any:
        return predictions.explain(overriding(endpoint, **override))

    answer = explain(metadata={"inputs": {"x": {"input_baselines": numbers(2)}}})
    assert shares(answer.explanations[0].attributions[0]) == {"x": 0, "y": 3, "z": 5}
    with refuses(InvalidArgument, match=r"path_count is 51; it lies in 1 to 50"):
        explain(parameters={"sampled_shapley_attribution": {"path_count": 51}})
    with refuses(InvalidArgument, match="cannot change the attribution method"):
        explain(parameters={"integrated_gradients_attribution": {"step_count": 5}})
    with refuses(InvalidArgument, match="names w, which is not one of x, y, z"):
        explain(metadata={"inputs": {"w": {"input_baselines": numbers(2)}}})


@pytest.mark.parametrize(
    ("instance", "message"),
    [
        ({"x": 1, "y": 1}, "has no z"),
        ([1, 2, 3], "An instance is a list; send objects"),
    ],
)
def test_an_instance_that_the_spec_does_not_describe_is_refused(
    explaining: Any, instance: Any, message: str
) -> None:
    endpoint = explaining("1", SCALARS)
    with refuses(InvalidArgument, match=message):
        endpoint.explain([instance])


def test_a_prediction_without_the_output_is_refused(explaining: Any) -> None:
    with refuses(InvalidArgument, match="has no score, which .* names; it has other"):
        explaining("{'other': x}").explain([INSTANCE])


def test_what_has_no_spec_cannot_explain(shared: aiplatform.Endpoint) -> None:
    with refuses(FailedPrecondition, match="has no explanation_spec"):
        shared.explain([1])


def test_methods_that_need_the_graph_are_refused_when_asked(explaining: Any) -> None:
    endpoint = explaining("x", SCALARS, {"integrated_gradients_attribution": {"step_count": 10}})
    with refuses(MethodNotImplemented, match="not with integrated_gradients_attribution"):
        endpoint.explain([INSTANCE])


def test_a_deployment_overrides_its_models_spec(explaining: Any) -> None:
    first = explaining("x + y + z")
    model = aiplatform.Model(first.list_models()[0].model)
    endpoint = aiplatform.Endpoint.create(display_name="overridden")
    ten = aiplatform.explain.ExplanationParameters(sampled_shapley_attribution={"path_count": 10})
    endpoint.deploy(model, explanation_parameters=ten)
    (deployed,) = endpoint.list_models()
    spec = deployed.explanation_spec
    assert spec.parameters.sampled_shapley_attribution.path_count == 10
    assert sorted(spec.metadata.inputs) == ["x", "y", "z"]
    assert shares(*attributions(endpoint, INSTANCE)) == {"x": 2, "y": 3, "z": 5}
    metadata = {"inputs": {"x": {"input_baselines": numbers(1)}}, **OUTPUT}
    endpoint.deploy(
        model,
        traffic_percentage=100,
        explanation_parameters=ten,
        explanation_metadata=aiplatform.explain.ExplanationMetadata(metadata),
    )
    assert shares(*attributions(endpoint, INSTANCE)) == {"x": 1}
    endpoint.delete(force=True)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"metadata": SCALARS}, "parameters is required; set its attribution method"),
        ({"parameters": SHAPLEY}, "metadata.inputs is required"),
        ({"parameters": SHAPLEY, "metadata": {"inputs": {"x": {}}}}, "outputs has 0 entries"),
        (
            {
                "parameters": {"sampled_shapley_attribution": {"path_count": 0}},
                "metadata": SCALARS,
            },
            "path_count is 0",
        ),
        ({"parameters": {**SHAPLEY, "top_k": -2}, "metadata": SCALARS}, "top_k is -2"),
        (
            {
                "parameters": SHAPLEY,
                "metadata": {
                    "inputs": {
                        "x": {"input_baselines": numbers(1, 2)},
                        "y": {"input_baselines": numbers(1, 2, 3)},
                    },
                    **OUTPUT,
                },
            },
            "different numbers of input_baselines",
        ),
    ],
)
def test_a_wrong_spec_is_refused(transport: str, spec: Any, message: str) -> None:
    client = ModelServiceClient(transport=transport, client_options=OPTIONS)
    model = {
        "display_name": "explained",
        "container_spec": {"image_uri": IMAGE},
        "explanation_spec": ExplanationSpec(spec),
    }
    with refuses(InvalidArgument, match=message):
        client.upload_model({"parent": PARENT, "model": model})
