"""The v1beta1 API: those of its RPCs that v1 has too are answered by v1's handlers.

Their messages are the same on the wire, as a test makes sure, but for the names of types inside
operations. So Google's v1beta1 package, which takes seconds to import, is not needed here.
"""

from google.longrunning.operations_pb2 import ListOperationsResponse, Operation
from google.protobuf.message import Message

_STABLE = "google.cloud.aiplatform.v1."
_PREVIEW = "google.cloud.aiplatform.v1beta1."
_STABLE_URL, _PREVIEW_URL = "/v1/", "/v1beta1/"


def is_preview(path: str) -> bool:
    """Whether a gRPC path or an HTTP path is one of v1beta1."""
    return path.startswith((f"/{_PREVIEW}", _PREVIEW_URL))


def stable_path(path: str) -> str:
    """The path of the same RPC in v1; other paths stay as they are."""
    if path.startswith(_PREVIEW_URL):
        return path.replace(_PREVIEW_URL, _STABLE_URL, 1)
    return path.replace(_PREVIEW, _STABLE, 1) if is_preview(path) else path


def name_preview_types(operation: Operation) -> None:
    """Give the messages inside an operation the names that v1beta1's clients look for."""
    _rename(operation, _STABLE, _PREVIEW)


def name_stable_types(response: Message) -> bool:
    """Give them v1's names, in an operation or a list of them; whether they had others."""
    if isinstance(response, ListOperationsResponse):
        renamed = [_rename(each, _PREVIEW, _STABLE) for each in response.operations]
        return any(renamed)
    return isinstance(response, Operation) and _rename(response, _PREVIEW, _STABLE)


def to_preview_json(text: str) -> str:
    """The JSON of operations with v1beta1's names of the types inside it."""
    prefix = '"@type": "type.googleapis.com/'
    return text.replace(f"{prefix}{_STABLE}", f"{prefix}{_PREVIEW}")


def _rename(operation: Operation, old: str, new: str) -> bool:
    renamed = False
    for field in ("metadata", "response"):
        if operation.HasField(field) and f"/{old}" in getattr(operation, field).type_url:
            inner = getattr(operation, field)
            inner.type_url = inner.type_url.replace(old, new, 1)
            renamed = True
    return renamed
