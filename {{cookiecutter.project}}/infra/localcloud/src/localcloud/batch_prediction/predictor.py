"""Asks a model server for predictions, a batch at a time, and finds out which rows are bad."""

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NoReturn

import httpx
from google.api_core.exceptions import GoogleAPICallError, ServiceUnavailable
from google.rpc.status_pb2 import Status
from grpc import StatusCode

from localcloud import errors
from localcloud.batch_prediction.rows import Json
from localcloud.jobs.job import Job, JobFailed
from localcloud.prediction.server import PredictionServer

_RECOVERY_SECONDS = 60.0
_POLL_SECONDS = 0.1
_LONGEST_ERROR = 1000  # characters


@dataclass(frozen=True)
class Outcome:
    """A prediction, or why there is none."""

    prediction: Json = None
    error: Status | None = None


class PredictionError(Exception):
    """The model server did not predict a batch."""

    def __init__(self, code: StatusCode, message: str) -> None:
        super().__init__(message)
        self.status = Status(code=code.value[0], message=message)


@dataclass(frozen=True)
class Predictor:
    """Asks the server of a job; `parameters` go along with each batch."""

    job: Job
    server: PredictionServer
    parameters: Json = None

    def outcomes(self, instances: Sequence[Json]) -> Iterator[Outcome]:
        """What becomes of each instance; a batch that fails is tried again one by one.

        Raises:
            JobFailed: the server has ended and does not come back.
        """
        try:
            yield from map(Outcome, self._predict(instances))
        except PredictionError as error:
            if len(instances) == 1:
                yield Outcome(error=error.status)
                return
            for instance in instances:
                yield from self.outcomes([instance])

    def _predict(self, instances: Sequence[Json]) -> list[Json]:
        body = {"instances": list(instances)}
        if self.parameters is not None:
            body["parameters"] = self.parameters
        try:
            return _read(self._ask(json.dumps(body).encode()), len(instances))
        except GoogleAPICallError as error:
            raise PredictionError(errors.status_code(error), error.message) from error

    def _ask(self, body: bytes) -> httpx.Response:
        """The server's answer; a server that is just starting again is asked once it is there.

        Raises:
            GoogleAPICallError: it took too long, or ended when it was asked.
            JobFailed: it has ended and does not come back.
        """
        deadline = time.monotonic() + _RECOVERY_SECONDS
        while True:
            try:
                return self.server.predict(body, "application/json")
            except ServiceUnavailable as error:
                if _was_asked(error):
                    raise
                self._check_alive(deadline)
            self.job.sleep(_POLL_SECONDS)

    def _check_alive(self, deadline: float) -> None:
        try:
            self.server.wait_ready()
        except GoogleAPICallError as error:
            if time.monotonic() > deadline or not isinstance(error, ServiceUnavailable):
                raise JobFailed(error.message, errors.status_code(error)) from error


def _was_asked(error: ServiceUnavailable) -> bool:
    """Whether the server had the request when it ended, so that the request may be to blame."""
    cause = error.__cause__
    return isinstance(cause, httpx.TransportError) and not isinstance(cause, httpx.ConnectError)


def _read(answer: httpx.Response, count: int) -> list[Json]:
    if answer.status_code != httpx.codes.OK:
        code = (
            StatusCode.INTERNAL
            if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR
            else StatusCode.INVALID_ARGUMENT
        )
        raise PredictionError(
            code,
            f"The model answered {answer.status_code}: {answer.text[:_LONGEST_ERROR]}",
        )
    try:
        predictions = json.loads(answer.content, parse_constant=_refuse)["predictions"]
    except (ValueError, KeyError, TypeError) as error:
        raise PredictionError(
            StatusCode.INTERNAL, 'The model did not answer {"predictions": [...]} in JSON.'
        ) from error
    if not isinstance(predictions, list) or len(predictions) != count:
        raise PredictionError(
            StatusCode.INTERNAL,
            f"The model did not answer {count} predictions to {count} instances.",
        )
    return predictions


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
