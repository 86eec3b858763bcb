"""What the prediction container is told by environment variables."""

from __future__ import annotations

import os
from dataclasses import dataclass

from mlops.serving.digest import HASH_VARIABLE


class EnvironmentVariableError(RuntimeError):
    """A variable is missing or mistyped."""


@dataclass(frozen=True)
class Environment:
    """Vertex AI's variables for custom containers, and a few of our own.

    Attributes:
        model_uri: AIP_STORAGE_URI, the SavedModel's `gs://…` or folder.
        model_hash: MODEL_HASH, which the SavedModel must have; nothing when any will do.
        deployed_model: AIP_DEPLOYED_MODEL_ID.
        host: AIP_HTTP_HOST; the image sets it to all interfaces, elsewhere it is loopback.
        port: AIP_HTTP_PORT.
        health_route: AIP_HEALTH_ROUTE.
        predict_route: AIP_PREDICT_ROUTE.
        max_batch_rows: SERVING_MAX_BATCH_ROWS, of one call of the model.
        max_waiting_rows: SERVING_MAX_WAITING_ROWS; when more would wait, requests are refused.
        drain_seconds: SERVING_DRAIN_SECONDS, for which a server that is to end still takes the
            requests that come, at most.
    """

    model_uri: str
    model_hash: str
    deployed_model: str
    host: str
    port: int
    health_route: str
    predict_route: str
    max_batch_rows: int
    max_waiting_rows: int
    drain_seconds: int


def read_environment() -> Environment:
    """Reads the variables.

    Raises:
        EnvironmentVariableError: one is missing or mistyped; names it.
    """
    return Environment(
        model_uri=_read("AIP_STORAGE_URI").rstrip("/"),
        model_hash=_read(HASH_VARIABLE, ""),
        deployed_model=_read("AIP_DEPLOYED_MODEL_ID", ""),
        host=_read("AIP_HTTP_HOST", "127.0.0.1"),
        port=_read_number("AIP_HTTP_PORT", 8080),
        health_route=_read("AIP_HEALTH_ROUTE", "/health"),
        predict_route=_read("AIP_PREDICT_ROUTE", "/predict"),
        max_batch_rows=_read_number("SERVING_MAX_BATCH_ROWS", 512),
        max_waiting_rows=_read_number("SERVING_MAX_WAITING_ROWS", 16_384),
        drain_seconds=_read_number("SERVING_DRAIN_SECONDS", 5),
    )


def _read(name: str, default: str | None = None) -> str:
    value = os.environ.get(name, default)
    if value is None:
        raise EnvironmentVariableError(f"{name} is not set: set it to the SavedModel's place.")
    return value


def _read_number(name: str, default: int) -> int:
    value = _read(name, str(default))
    if not value.isdecimal() or int(value) < 1:
        raise EnvironmentVariableError(f"{name} is {value!r}: set it to a whole number above 0.")
    return int(value)
