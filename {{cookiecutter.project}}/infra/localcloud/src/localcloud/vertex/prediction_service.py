"""PredictionService: online predictions, answered by the processes of deployed models."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from google.api.httpbody_pb2 import HttpBody
from google.api_core.exceptions import FailedPrecondition, InternalServerError, InvalidArgument
from google.cloud.aiplatform_v1.types import (
    ExplainRequest,
    ExplainResponse,
    Model,
    PredictRequest,
    PredictResponse,
    RawPredictRequest,
    StreamRawPredictRequest,
)
from google.protobuf.struct_pb2 import Value

from localcloud import call_context
from localcloud.cloud import Cloud
from localcloud.explanation import specs
from localcloud.explanation.explainer import Explainer
from localcloud.prediction.target import JSON, Target
from localcloud.rpc import raw
from localcloud.vertex.json_values import plain, set_value


def predict(cloud: Cloud, request: PredictRequest) -> PredictResponse:
    """Send the instances to one deployed model, drawn by the traffic split."""
    message = raw(request)
    target = Target.find(cloud, request.endpoint, message.ByteSize())
    instances = _instances(message.instances)
    with target.answering(len(instances)):
        answer = target.read(target.predict(_content(instances, message)).content)
    return _response(target, answer)


def raw_predict(cloud: Cloud, request: RawPredictRequest) -> HttpBody:
    """Send a body as it is to one deployed model, and its answer back as it is."""
    body = raw(request).http_body
    target = Target.find(cloud, request.endpoint, len(body.data))
    with target.answering():
        answer = target.predict(body.data, body.content_type or JSON)
    call_context.current().response_headers.update(target.headers)
    return HttpBody(content_type=answer.headers.get("Content-Type", ""), data=answer.content)


def stream_raw_predict(cloud: Cloud, request: StreamRawPredictRequest) -> Iterator[HttpBody]:
    """The same, with an answer that is passed on piece by piece, as the model sends it."""
    body = raw(request).http_body
    target = Target.find(cloud, request.endpoint, len(body.data))
    if not target.endpoint.dedicated_endpoint_enabled:
        raise FailedPrecondition(
            f"Endpoint {request.endpoint} is not a dedicated endpoint, which streamRawPredict"
            " needs; create one with dedicated_endpoint_enabled."
        )
    with target.answering():
        chunks, content_type = target.stream(body.data, body.content_type or JSON)
    call_context.current().response_headers.update(target.headers)
    return (HttpBody(content_type=content_type, data=chunk) for chunk in chunks)


def explain(cloud: Cloud, request: ExplainRequest) -> ExplainResponse:
    """Predict the instances, and explain each prediction as the deployed model's spec says.

    Partly: sampled Shapley values only; encodings of inputs have no effect.
    """
    message = raw(request)
    model_id = request.deployed_model_id
    target = Target.find(cloud, request.endpoint, message.ByteSize(), model_id)
    if "explanation_spec" not in target.deployed:
        raise FailedPrecondition(
            f"Deployed model {target.deployed.id} has no explanation_spec, so it cannot explain;"
            " upload or deploy the model with explanation_parameters and explanation_metadata."
        )
    spec = specs.override(target.deployed.explanation_spec, request.explanation_spec_override)
    instances = _instances(message.instances)

    def ask_again(mixtures: Sequence[Any]) -> list[Any]:
        return _predictions(target, target.ask(_content(mixtures, message)).content, len(mixtures))

    with target.answering(len(instances)):
        answer = target.predict(_content(instances, message))
        predictions = _predictions(target, answer.content, len(instances))
        explainer = Explainer(spec, ask_again)
        explanations = [
            explainer.explain(instance, prediction)
            for instance, prediction in zip(instances, predictions, strict=True)
        ]
    response = ExplainResponse(explanations=explanations, deployed_model_id=target.deployed.id)
    for prediction in predictions:
        set_value(raw(response).predictions.add(), prediction)
    return response


def _predictions(target: Target, content: bytes, count: int) -> list[Any]:
    predictions: list[Any] = target.read(content)["predictions"]
    if len(predictions) != count:
        raise InternalServerError(
            f"Deployed model {target.deployed.id} answered {len(predictions)} predictions to"
            f" {count} instances; correct its container."
        )
    return predictions


def _instances(values: Sequence[Value]) -> list[Any]:
    if not values:
        raise InvalidArgument("instances is required; give at least one.")
    return [plain(instance) for instance in values]


def _content(instances: Sequence[Any], message: Any) -> bytes:
    """The body that a container is sent."""
    body: dict[str, Any] = {"instances": instances}
    if message.HasField("parameters"):
        body["parameters"] = plain(message.parameters)
    return json.dumps(body, separators=(",", ":")).encode()


def _response(target: Target, answer: dict[str, Any]) -> PredictResponse:
    deployed = target.deployed
    response = PredictResponse(
        deployed_model_id=deployed.id,
        model=deployed.model,
        model_version_id=deployed.model_version_id,
        model_display_name=target.cloud.store.get(deployed.model, Model).display_name,
    )
    message = raw(response)
    for prediction in answer["predictions"]:
        set_value(message.predictions.add(), prediction)
    if answer.get("metadata") is not None:
        set_value(message.metadata, answer["metadata"])
    return response
