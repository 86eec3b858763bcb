"""What the resources of Feature Store have in common: ids, updates, lists, deletions."""

import re
from collections.abc import Collection
from typing import Any

from google.api_core.exceptions import AlreadyExists, FailedPrecondition, InvalidArgument

from localcloud.cloud import Cloud
from localcloud.rpc import raw
from localcloud.vertex import filters
from localcloud.vertex.resources import (
    check_etag,
    check_labels,
    masked_fields,
    now,
    populated_fields,
    replace_fields,
    touch,
)

FILTERS: filters.Fields = {
    "create_time": lambda resource: resource.create_time,
    "labels": lambda resource: resource.labels,
    "update_time": lambda resource: resource.update_time,
}
ORDER = ("create_time", "update_time")
LARGE_PAGES = (1000, 1000)
SMALL_PAGES = (100, 100)


def prepare(cloud: Cloud, resource: Any, name: str, longest: int) -> None:
    """Give a new resource its name and times.

    Raises:
        InvalidArgument: its id or its labels are malformed.
        AlreadyExists: there is one of this name.
    """
    kind, resource_id = name.split("/")[-2:]
    if not re.fullmatch(rf"[a-z_][a-z0-9_]{{0,{longest - 1}}}", resource_id):
        raise InvalidArgument(
            f"{resource_id!r} cannot be an id in {kind}; use at most {longest} lowercase letters,"
            " digits and _, and no digit first."
        )
    check_labels(resource.labels)
    if cloud.store.exists(name):
        raise AlreadyExists(f"{name} already exists.")
    resource.name = name
    resource.create_time = now()
    touch(resource)


def update(resource: Any, wanted: Any, mask: Any, supported: Collection[str]) -> None:
    """Replace the fields that a mask names, or without a mask those that have a value.

    Raises:
        InvalidArgument: the mask names another field, or the labels are malformed.
        Aborted: the resource has changed since it was read.
    """
    check_etag(resource, wanted.etag)
    fields = masked_fields(mask, supported) if mask.paths else populated_fields(wanted, supported)
    replace_fields(resource, wanted, fields)
    check_labels(resource.labels)
    touch(resource)


def save(cloud: Cloud, resource: Any, last_etag: str) -> None:
    """Keep a resource that was changed and checked outside a transaction, reading BigQuery.

    Raises:
        NotFound: it was deleted meanwhile.
        Aborted: it was changed meanwhile.
    """
    with cloud.store.editing(resource.name, type(resource)) as kept:
        check_etag(kept, last_etag)
        raw(kept).CopyFrom(raw(resource))


def delete(cloud: Cloud, name: str, children: str, force: bool) -> None:
    """Delete a resource, and what is below it if that is asked for.

    Raises:
        NotFound: there is no such resource.
        FailedPrecondition: it has children, and deleting them is not asked for.
    """
    with cloud.store.transaction():
        if not force and f"{name}/{children}" in cloud.store.collections(f"/{children}"):
            raise FailedPrecondition(f"{name} has {children}; delete them first, or set force.")
        cloud.store.delete(name)


def has(resource: Any, field: str) -> bool:
    """Whether a field that is a message is set."""
    return bool(raw(resource).HasField(field))
