"""Errors as they travel: google.rpc.Status over gRPC, Google's error JSON over REST."""

import json
from typing import Any

from google.api_core.exceptions import GoogleAPICallError, InternalServerError
from google.protobuf import json_format
from google.rpc.status_pb2 import Status
from grpc import StatusCode

_BY_HTTP_STATUS = {
    400: StatusCode.INVALID_ARGUMENT,
    401: StatusCode.UNAUTHENTICATED,
    403: StatusCode.PERMISSION_DENIED,
    404: StatusCode.NOT_FOUND,
    409: StatusCode.ABORTED,
    429: StatusCode.RESOURCE_EXHAUSTED,
    500: StatusCode.INTERNAL,
    501: StatusCode.UNIMPLEMENTED,
    503: StatusCode.UNAVAILABLE,
    504: StatusCode.DEADLINE_EXCEEDED,
}

# A message travels twice in gRPC's trailers, escaped, and clients take 8 KiB of trailers.
_LONGEST_MESSAGE = 1000


def internal(error: Exception) -> GoogleAPICallError:
    """What a client is told of an exception that no handler foresaw."""
    return InternalServerError(
        f"localcloud failed ({type(error).__name__}: {error}); `localcloud logs` shows where."
    )


def status_code(error: GoogleAPICallError) -> StatusCode:
    """The gRPC code of an error, also of one that only has an HTTP status."""
    code = error.grpc_status_code or _BY_HTTP_STATUS.get(http_status(error))
    return code or StatusCode.UNKNOWN


def http_status(error: GoogleAPICallError) -> int:
    """The HTTP status of an error."""
    return int(error.code or 500)


def to_status(error: GoogleAPICallError) -> Status:
    """An error as google.rpc.Status, with its details and no longer than gRPC can carry."""
    message = str(error.message)
    if len(message) > _LONGEST_MESSAGE:
        message = f"{message[:_LONGEST_MESSAGE]}…"
    status = Status(code=status_code(error).value[0], message=message)
    for detail in error.details:
        status.details.add().Pack(detail)
    return status


def to_json(error: GoogleAPICallError) -> bytes:
    """An error as Google's REST services send it."""
    status = to_status(error)
    body: dict[str, Any] = {
        "code": http_status(error),
        "message": status.message,
        "status": status_code(error).name,
    }
    if status.details:
        body["details"] = [json_format.MessageToDict(detail) for detail in status.details]
    return json.dumps({"error": body}).encode()
