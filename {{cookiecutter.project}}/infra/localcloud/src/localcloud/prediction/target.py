"""The deployed model that answers a request, and what its answers mean to the client."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NoReturn

import httpx
from google.api_core import exceptions
from google.api_core.exceptions import (
    FailedPrecondition,
    InternalServerError,
    InvalidArgument,
    NotFound,
)
from google.cloud.aiplatform_v1.types import DeployedModel, Endpoint

from localcloud import call_context
from localcloud.cloud import Cloud
from localcloud.cloud_monitoring.endpoint_metrics import Served
from localcloud.hosts import is_dedicated_host, is_google_host
from localcloud.prediction.server import PREDICT_SECONDS, PredictionServer
from localcloud.vertex.traffic import choose

JSON = "application/json"
_LARGEST_REQUEST = 1_500_000  # bytes
_LARGEST_DEDICATED_REQUEST = 10_000_000
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


@dataclass
class _Stopwatch:
    """How long one request has taken since it came, and how much of it its model took."""

    started: float = field(default_factory=time.perf_counter)
    model: float = 0.0  # seconds

    @contextmanager
    def asking(self) -> Iterator[None]:
        """The model is asked in this block."""
        asked = time.perf_counter()
        try:
            yield
        finally:
            self.model += time.perf_counter() - asked

    @property
    def total(self) -> float:
        """Seconds since the request came."""
        return time.perf_counter() - self.started


@dataclass(frozen=True)
class Target:
    """A deployed model that one request goes to."""

    cloud: Cloud
    endpoint: Endpoint
    deployed: DeployedModel
    _stopwatch: _Stopwatch = field(default_factory=_Stopwatch)

    @classmethod
    def find(cls, cloud: Cloud, endpoint: str, size: int, model_id: str = "") -> "Target":
        """The deployed model of this id, or else one that is drawn by the traffic split.

        Args:
            cloud: keeps the endpoint.
            endpoint: its resource name.
            size: bytes of the request.
            model_id: of the deployed model, or nothing.

        Raises:
            FailedPrecondition: no model has traffic, the request is too large, or it came by the
                shared domain and the endpoint is a dedicated one.
            NotFound: there is no such endpoint or deployed model, or not at this host.
        """
        kept = cloud.store.get(endpoint, Endpoint)
        _check_host(kept)
        _check_size(kept, size)
        if not model_id:
            return cls(cloud, kept, choose(kept))
        for deployed in kept.deployed_models:
            if deployed.id == model_id:
                return cls(cloud, kept, deployed)
        raise NotFound(f"Endpoint {endpoint} has no deployed model {model_id}.")

    @contextmanager
    def answering(self, predictions: int = 1) -> Iterator[None]:
        """The request is answered in this block, which Cloud Monitoring is told of.

        Args:
            predictions: how many are made, unless the block raises.
        """
        try:
            yield
        except exceptions.GoogleAPICallError as error:
            self.record(int(error.code or httpx.codes.INTERNAL_SERVER_ERROR), 0)
            raise
        self.record(httpx.codes.OK, predictions)

    def record(self, code: int, predictions: int = 1) -> None:
        """Tell Cloud Monitoring by which HTTP status the request was answered."""
        watch = self._stopwatch
        served = Served(code, predictions, 1000 * watch.total, 1000 * watch.model)
        self.cloud.endpoint_metrics.record(self.endpoint, self.deployed, served)

    def predict(self, content: bytes, content_type: str = JSON) -> httpx.Response:
        """What the model answers, which is logged if the endpoint logs.

        Raises:
            GoogleAPICallError: it does not answer, or answers with an error.
        """
        answer = self.ask(content, content_type)
        self.cloud.request_logs.record(self.endpoint, self.deployed.id, content, answer.content)
        return answer

    def ask(self, content: bytes, content_type: str = JSON) -> httpx.Response:
        """What the model answers.

        Raises:
            GoogleAPICallError: it does not answer, or answers with an error.
        """
        with self._stopwatch.asking():
            answer = self._server.predict(content, content_type, self._seconds)
        self._check(answer)
        return answer

    def stream(self, content: bytes, content_type: str) -> tuple[Iterator[bytes], str]:
        """The model's answer piece by piece, as the model sends it, and its content type.

        Raises:
            GoogleAPICallError: it does not answer, or answers with an error.
        """
        with self._stopwatch.asking():
            answer = self._server.stream(content, content_type, self._seconds)
        if answer.status_code != httpx.codes.OK:
            answer.read()
        self._check(answer)
        return self._server.chunks(answer), answer.headers.get("Content-Type", "")

    def invoke(self, route: str, content: bytes, content_type: str) -> httpx.Response:
        """What the model answers on another route than predict, be it an error; see `chunks`.

        Raises:
            GoogleAPICallError: it does not answer.
        """
        with self._stopwatch.asking():
            answer = self._server.stream(content, content_type, self._seconds, route)
        self.record(answer.status_code)
        return answer

    def chunks(self, answer: httpx.Response) -> Iterator[bytes]:
        """The body of an answer, piece by piece as the model sends it."""
        return self._server.chunks(answer)

    def read(self, content: bytes) -> dict[str, Any]:
        """The model's answer, which has a list of predictions.

        Raises:
            InternalServerError: it has none.
        """
        try:
            answer = json.loads(content, parse_constant=_refuse_constant)
        except ValueError as error:
            raise InternalServerError(
                f"Deployed model {self.deployed.id} answered no valid JSON ({error}); correct its"
                " container."
            ) from error
        if not isinstance(answer, dict) or not isinstance(answer.get("predictions"), list):
            raise InternalServerError(
                f"Deployed model {self.deployed.id} answered without predictions; its container"
                ' must answer {"predictions": [...]}.'
            )
        return answer

    @property
    def headers(self) -> dict[str, str]:
        """The headers by which the answer to a raw request tells who has answered."""
        return {
            "X-Vertex-AI-Endpoint-Id": self.endpoint.name.rpartition("/")[2],
            "X-Vertex-AI-Deployed-Model-Id": self.deployed.id,
            "X-Vertex-AI-Model": self.deployed.model,
            "X-Vertex-AI-Model-Version-Id": self.deployed.model_version_id,
        }

    @property
    def _server(self) -> PredictionServer:
        return self.cloud.servers.find(self.endpoint.name, self.deployed.id)

    @property
    def _seconds(self) -> float:
        timeout = self.endpoint.client_connection_config.inference_timeout
        return timeout.total_seconds() or PREDICT_SECONDS

    def _check(self, answer: httpx.Response) -> None:
        """Raise what a container's error is to the client: the code that stands for its status."""
        status = answer.status_code
        if status == httpx.codes.OK:
            return
        default = InternalServerError if status >= 500 else InvalidArgument
        raise _ERRORS.get(status, default)(
            f"Failed to handle request. endpoint_id: {self.endpoint.name.rpartition('/')[2]},"
            f" deployed_model_id: {self.deployed.id} with error: {answer.text[:_LONGEST_ERROR]}"
        )


def _check_host(endpoint: Endpoint) -> None:
    """Refuse a request that came by a host name at which the endpoint does not answer."""
    host, own = call_context.current().host, endpoint.dedicated_endpoint_dns
    if host == own or not is_google_host(host):  # loopback addresses reach everything
        return
    if is_dedicated_host(host):
        raise NotFound(f"Endpoint {endpoint.name} is not at {host}; ask {own or 'Vertex AI'}.")
    if own:
        raise FailedPrecondition(
            f"Dedicated Endpoint cannot be accessed through the shared Vertex AI domain {host}."
            f" Please access the endpoint using its dedicated dns name {own!r}."
        )


def _check_size(endpoint: Endpoint, size: int) -> None:
    dedicated = endpoint.dedicated_endpoint_enabled
    limit = _LARGEST_DEDICATED_REQUEST if dedicated else _LARGEST_REQUEST
    if size > limit:
        raise FailedPrecondition(
            f"The request size ({size} bytes) exceeds {limit / 1e6:.3f}MB limit; send fewer"
            " instances at once."
        )


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
