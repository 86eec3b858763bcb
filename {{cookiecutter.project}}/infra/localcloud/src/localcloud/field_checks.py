"""Checks of a request's fields that all RPCs have in common: required ones, enums, read masks.

Which fields are required is told by the docstrings of Google's request types alone: the clients'
descriptors lack the google.api.field_behavior that these were generated from.
"""

import inspect
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from google.api_core.exceptions import InvalidArgument
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.rpc.error_details_pb2 import BadRequest

from localcloud.rpc import Message, Rpc, raw

_REQUIRED = re.compile(r"^ {4}(\w+) \([^\n]*\):\n +Required\.", re.MULTILINE)


def check_fields(rpc: Rpc, request: Message) -> None:
    """Refuse a request that lacks a field or has an unknown enum value or path in its read mask.

    Raises:
        InvalidArgument: names the field.
    """
    message = raw(request)
    for field in required_fields(rpc):
        if not _has(message, field):
            raise refusal(field, "is required")
    for path in _unknown_paths(rpc, message):
        raise refusal("read_mask", f"names {path}, which the resource does not have")
    if _holds_enums(message.DESCRIPTOR):
        for path, value in _unknown_enums(message):
            raise refusal(path, f"has the value {value}, which its enum does not have")


def refusal(field: str, problem: str) -> InvalidArgument:
    """The error for one field, as Google's services describe it."""
    violation = BadRequest.FieldViolation(field=field, description=problem)
    return InvalidArgument(
        f"Field {field} {problem}.", details=[BadRequest(field_violations=[violation])]
    )


@cache
def required_fields(rpc: Rpc) -> tuple[str, ...]:
    """The fields of an RPC's request that its documentation calls required."""
    return tuple(_REQUIRED.findall(inspect.getdoc(rpc.request_type) or ""))


def _has(message: Any, field: str) -> bool:
    descriptor = message.DESCRIPTOR.fields_by_name[field]
    if descriptor.has_presence:
        return bool(message.HasField(field))
    if descriptor.enum_type and not descriptor.is_repeated and _zero_has_meaning(descriptor):
        return True
    return bool(getattr(message, field))


def _zero_has_meaning(field: FieldDescriptor) -> bool:
    """Whether an enum's zero is one of its values, as `FULL`, and so cannot be told from none."""
    return not field.enum_type.values_by_number[0].name.endswith("UNSPECIFIED")


def _unknown_paths(rpc: Rpc, message: Any) -> Iterator[str]:
    """The paths of a read mask that do not begin with a field of what the RPC returns."""
    if "read_mask" not in message.DESCRIPTOR.fields_by_name:
        return
    known = _resource(rpc).fields_by_name
    for path in message.read_mask.paths:
        if path.partition(".")[0] not in ("*", *known):
            yield path


def _resource(rpc: Rpc) -> Descriptor:
    """The type of what an RPC returns, or of what it lists."""
    response = raw(rpc.response_type()).DESCRIPTOR
    if "next_page_token" not in response.fields_by_name:
        return response
    return next(field.message_type for field in response.fields if field.is_repeated)


def _unknown_enums(message: Any, prefix: str = "") -> Iterator[tuple[str, int]]:
    """Path and value of the enum fields that have none of their enum's values."""
    for field, value in message.ListFields():
        path = f"{prefix}{field.name}"
        if field.enum_type:
            for number in value if field.is_repeated else (value,):
                if number not in field.enum_type.values_by_number:
                    yield path, number
        elif field.message_type and _holds_enums(field.message_type):
            for inner in _messages(field, value):
                yield from _unknown_enums(inner, f"{path}.")


def _messages(field: FieldDescriptor, value: Any) -> Iterator[Any]:
    if not field.is_repeated:
        yield value
    elif field.message_type.GetOptions().map_entry:
        for inner in value.values():
            if hasattr(inner, "ListFields"):
                yield inner
    else:
        yield from value


@cache
def _holds_enums(descriptor: Descriptor) -> bool:
    """Whether an enum may be somewhere inside; free-form JSON has none to check."""
    seen, left = {descriptor.full_name}, [descriptor]
    while left:
        for field in left.pop().fields:
            inner = field.message_type
            if field.enum_type:
                return True
            if inner and inner.full_name not in seen and not _is_well_known(inner):
                seen.add(inner.full_name)
                left.append(inner)
    return False


def _is_well_known(descriptor: Descriptor) -> bool:
    return bool(descriptor.full_name.startswith("google.protobuf."))
