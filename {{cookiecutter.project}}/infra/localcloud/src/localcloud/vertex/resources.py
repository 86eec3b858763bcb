"""What all Vertex resources have in common: ids, times, etags, labels, update masks."""

import re
import uuid
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from google.api_core.exceptions import Aborted, InvalidArgument, MethodNotImplemented
from google.cloud.aiplatform_v1.types import GenericOperationMetadata
from google.protobuf.field_mask_pb2 import FieldMask

from localcloud.rpc import raw

_LABEL_KEY = re.compile(r"[^\W\dA-Z][\w-]{0,62}")
_LABEL_VALUE = re.compile(r"[\w-]{0,63}")


def new_id() -> str:
    """A number of 19 digits, as Vertex gives to what its caller does not name."""
    return str(10**18 + uuid.uuid4().int % (9 * 10**18))


def now() -> datetime:
    """The time that goes into a resource."""
    return datetime.now(UTC)


def touch(resource: Any) -> None:
    """Note a change: a new update time and a new etag."""
    resource.update_time = now()
    resource.etag = uuid.uuid4().hex


def operation_metadata() -> GenericOperationMetadata:
    """The part that the metadata of all operations have."""
    return GenericOperationMetadata(create_time=now(), update_time=now())


def location(name: str) -> str:
    """The `projects/P/locations/L` that a resource name starts with."""
    return "/".join(name.split("/")[:4])


def check_display_name(name: str) -> None:
    """Refuse what Vertex does not take as a display name.

    Raises:
        InvalidArgument: it is missing or too long.
    """
    if not name:
        raise InvalidArgument("display_name is required; give the resource a display name.")
    if len(name) > 128:
        raise InvalidArgument(
            f"display_name has {len(name)} characters; shorten it to at most 128."
        )


def check_labels(labels: Mapping[str, str]) -> None:
    """Refuse what Vertex does not take as labels.

    Raises:
        InvalidArgument: a key or a value breaks the rules, or there are too many.
    """
    if len(labels) > 64:
        raise InvalidArgument(f"labels has {len(labels)} entries; keep at most 64.")
    for key, value in labels.items():
        text = key + value
        if not (_LABEL_KEY.fullmatch(key) and _LABEL_VALUE.fullmatch(value)) or (
            text != text.lower()
        ):
            raise InvalidArgument(
                f"labels has {key!r}: {value!r}; use at most 63 lowercase letters, digits, _ and -,"
                " and start keys with a letter."
            )


def check_etag(resource: Any, requested: str) -> None:
    """Refuse an update that was prepared on an older state of the resource.

    Raises:
        Aborted: the request carries an etag, and it is not the resource's.
    """
    if requested and requested != resource.etag:
        raise Aborted(
            f"{resource.name} has changed since etag {requested}; read it again and repeat."
        )


def masked_fields(mask: FieldMask, supported: Collection[str]) -> list[str]:
    """The fields that an update mask names; `*` names all that are supported.

    Raises:
        InvalidArgument: it is empty, or names a field that cannot be updated.
    """
    fields = list(supported) if list(mask.paths) == ["*"] else list(mask.paths)
    if not fields:
        raise InvalidArgument("update_mask is required; name the fields to update.")
    for name in fields:
        if name not in supported:
            raise InvalidArgument(
                f"update_mask names {name}, which cannot be updated; use {', '.join(supported)}."
            )
    return fields


def populated_fields(resource: Any, supported: Collection[str]) -> list[str]:
    """The fields with a value, of those supported: what an update without a mask is about."""
    names = [descriptor.name for descriptor, _ in raw(resource).ListFields()]
    return [name for name in names if name in supported]


def refuse_fields(resource: Any, path: str, unsupported: Collection[str]) -> None:
    """Refuse a request for what localcloud does not have.

    Args:
        resource: a message of the request.
        path: where it stands there, such as `deployed_model`.
        unsupported: fields of it that must have no value.

    Raises:
        MethodNotImplemented: one of them has.
    """
    for field in populated_fields(resource, unsupported):
        raise MethodNotImplemented(f"localcloud does not support {path}.{field}; leave it out.")


def replace_fields(target: Any, source: Any, fields: Collection[str]) -> None:
    """Give these fields of a resource the values that they have in another, or none."""
    FieldMask(paths=fields).MergeMessage(
        raw(source), raw(target), replace_message_field=True, replace_repeated_field=True
    )
