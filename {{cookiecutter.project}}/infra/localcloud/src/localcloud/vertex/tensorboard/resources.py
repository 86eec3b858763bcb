"""What TensorBoards, their experiments, runs and time series have in common."""

import re
from collections.abc import Collection, Sequence
from typing import Any

from google.api_core.exceptions import InvalidArgument
from google.protobuf.field_mask_pb2 import FieldMask

from localcloud.store import Store
from localcloud.vertex import filters
from localcloud.vertex.listing import page
from localcloud.vertex.resources import (
    check_display_name,
    check_etag,
    check_labels,
    masked_fields,
    now,
    populated_fields,
    replace_fields,
    touch,
)

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,127}")
_ORDER = ("create_time", "display_name", "update_time")


def create(store: Store, name: str, resource: Any) -> Any:
    """Keep a new resource under a name.

    Raises:
        InvalidArgument: its display name or a label is malformed.
        AlreadyExists: there is one of this name.
    """
    created = type(resource)(resource)
    created.name = name
    _check(created)
    created.create_time = now()
    touch(created)
    store.create(created)
    return created


def update(store: Store, resource: Any, mask: FieldMask, supported: Collection[str]) -> Any:
    """Change the fields that the mask names, or, without one, those that have a value.

    Raises:
        NotFound: there is no such resource.
        InvalidArgument: the mask or a value is malformed.
        Aborted: it has changed since it was read.
    """
    fields = masked_fields(mask, supported) if mask.paths else populated_fields(resource, supported)
    with store.editing(resource.name, type(resource)) as kept:
        check_etag(kept, resource.etag)
        replace_fields(kept, resource, fields)
        _check(kept)
        touch(kept)
    return kept


def listed(
    store: Store,
    collection: str,
    resource_type: type[Any],
    request: Any,
    fields: Sequence[str] = (),
    sizes: tuple[int, int] = (50, 1000),
) -> tuple[list[Any], str]:
    """One page of a collection: what the request's filter selects, and the next page's token.

    Args:
        store: where the collection is.
        collection: its name; what is above it must be there.
        resource_type: what is in it.
        request: the list request.
        fields: what the filter can name besides names, times and labels.
        sizes: how large a page is by default, and at most.

    Raises:
        InvalidArgument: the filter, order or page token is malformed.
    """
    known = {name: _field(name) for name in (*_ORDER, "name", *fields)}
    if "labels" in resource_type.meta.fields:
        known["labels"] = _field("labels")
    selects = filters.predicate(request.filter, known)
    found = store.in_collection(collection, resource_type)
    return page(found, request, order=_ORDER, selects=selects, sizes=sizes)


def check_id(field: str, resource_id: str) -> None:
    """Refuse a missing or malformed id.

    Raises:
        InvalidArgument: it is missing or malformed.
    """
    if not _ID.fullmatch(resource_id):
        raise InvalidArgument(f"{field} {resource_id!r} is malformed; match {_ID.pattern}.")


def check_unused(store: Store, collection: str, resource: Any) -> None:
    """Refuse a display name that another resource of the collection has.

    Raises:
        InvalidArgument: it is in use; so says Vertex, and its uploader looks for `already exist`.
    """
    for other in store.in_collection(collection, type(resource)):
        if other.display_name == resource.display_name:
            raise InvalidArgument(
                f"{other.name} with display name {resource.display_name!r} already exists."
            )


def check_below(parent: str, name: str) -> None:
    """Refuse a name that is not below a parent.

    Raises:
        InvalidArgument: it is not.
    """
    if not name.startswith(f"{parent}/"):
        raise InvalidArgument(f"{name!r} is not below {parent}.")


def _check(resource: Any) -> None:
    check_display_name(resource.display_name)
    check_labels(getattr(resource, "labels", {}))


def _field(name: str) -> Any:
    def value(resource: Any) -> Any:
        found = getattr(resource, name)
        return getattr(found, "name", found)  # an enum's value by its name

    return value
