"""PredictionService: online predictions, answered by the processes of deployed models."""

import json
from typing import Any, NoReturn

import httpx
from google.api.httpbody_pb2 import HttpBody
from google.api_core import exceptions
from google.api_core.exceptions import FailedPrecondition, InternalServerError, InvalidArgument
from google.cloud.aiplatform_v1.types import (
    DeployedModel,
    Endpoint,
    Model,
    PredictRequest,
    PredictResponse,
    RawPredictRequest,
)

from localcloud.cloud import Cloud
from localcloud.rpc import raw
from localcloud.vertex.json_values import plain, set_value
from localcloud.vertex.traffic import choose

_LARGEST_REQUEST = 1_500_000  # bytes
_LONGEST_ERROR = 4_000  # characters
_ERRORS: dict[int, type[exceptions.GoogleAPICallError]] = {
    401: exceptions.Unauthenticated,
    403: exceptions.PermissionDenied,
    404: exceptions.NotFound,
    409: exceptions.Aborted,
    429: exceptions.ResourceExhausted,
    501: exceptions.MethodNotImplemented,
    502: exceptions.ServiceUnavailable,
    503: exceptions.ServiceUnavailable,
    504: exceptions.DeadlineExceeded,
}


def predict(cloud: Cloud, request: PredictRequest) -> PredictResponse:
    """Send the instances to one deployed model, drawn by the traffic split."""
    message = raw(request)
    _check_size(message.ByteSize())
    if not message.instances:
        raise InvalidArgument("instances is required; give at least one.")
    body: dict[str, Any] = {"instances": [plain(instance) for instance in message.instances]}
    if message.HasField("parameters"):
        body["parameters"] = plain(message.parameters)
    content = json.dumps(body, separators=(",", ":")).encode()
    deployed, answer = _ask(cloud, request.endpoint, content, "application/json")
    return _response(cloud, deployed, answer.content)


def raw_predict(cloud: Cloud, request: RawPredictRequest) -> HttpBody:
    """Send a body as it is to one deployed model, and its answer back as it is."""
    body = raw(request).http_body
    _check_size(len(body.data))
    content_type = body.content_type or "application/json"
    _, answer = _ask(cloud, request.endpoint, body.data, content_type)
    return HttpBody(content_type=answer.headers.get("Content-Type", ""), data=answer.content)


def _ask(
    cloud: Cloud, endpoint: str, content: bytes, content_type: str
) -> tuple[DeployedModel, httpx.Response]:
    kept = cloud.store.get(endpoint, Endpoint)
    deployed = choose(kept)
    answer = cloud.servers.find(endpoint, deployed.id).predict(content, content_type)
    if answer.status_code != httpx.codes.OK:
        _refuse(endpoint, deployed, answer)
    cloud.request_logs.record(kept, deployed.id, content, answer.content)
    return deployed, answer


def _response(cloud: Cloud, deployed: DeployedModel, content: bytes) -> PredictResponse:
    answer = _read(deployed, content)
    response = PredictResponse(
        deployed_model_id=deployed.id,
        model=deployed.model,
        model_version_id=deployed.model_version_id,
        model_display_name=cloud.store.get(deployed.model, Model).display_name,
    )
    message = raw(response)
    for prediction in answer["predictions"]:
        set_value(message.predictions.add(), prediction)
    if answer.get("metadata") is not None:
        set_value(message.metadata, answer["metadata"])
    return response


def _read(deployed: DeployedModel, content: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(content, parse_constant=_refuse_constant)
    except ValueError as error:
        raise InternalServerError(
            f"Deployed model {deployed.id} answered no valid JSON ({error}); correct its container."
        ) from error
    if not isinstance(answer, dict) or not isinstance(answer.get("predictions"), list):
        raise InternalServerError(
            f"Deployed model {deployed.id} answered without predictions; its container must"
            ' answer {"predictions": [...]}.'
        )
    return answer


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _refuse(endpoint: str, deployed: DeployedModel, answer: httpx.Response) -> NoReturn:
    """Raise what a container's error is to the client: the code that stands for its status."""
    status = answer.status_code
    default = InternalServerError if status >= 500 else InvalidArgument
    raise _ERRORS.get(status, default)(
        f"Failed to handle request. endpoint_id: {endpoint.rpartition('/')[2]},"
        f" deployed_model_id: {deployed.id} with error: {answer.text[:_LONGEST_ERROR]}"
    )


def _check_size(size: int) -> None:
    if size > _LARGEST_REQUEST:
        raise FailedPrecondition(
            f"The request size ({size} bytes) exceeds 1.500MB limit; send fewer instances at once."
        )
