"""What artifacts, executions and contexts have in common: creating, changing, deleting, finding."""

import re
import time
import uuid
from collections.abc import Iterable
from typing import Any

from google.api_core.exceptions import (
    Aborted,
    AlreadyExists,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
)
from google.protobuf.field_mask_pb2 import FieldMask

from localcloud.cloud import Cloud
from localcloud.rpc import raw
from localcloud.store import Store
from localcloud.vertex.metadata import node_filters, schemas
from localcloud.vertex.metadata.kinds import CONTEXT, Kind
from localcloud.vertex.resources import (
    check_display_name,
    check_labels,
    masked_fields,
    now,
    populated_fields,
    replace_fields,
)

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,127}")
_LARGEST_METADATA = 200 * 1024  # bytes


def create(store: Store, kind: Kind, parent: str, resource_id: str, node: Any) -> Any:
    """Keep a new artifact, execution or context; an empty id stands for a random one.

    Raises:
        InvalidArgument: the id, a label or another field is malformed.
        NotFound: there is no such metadata store, or no such schema.
        AlreadyExists: there is one of this id.
    """
    check_id(f"{kind.noun.lower()}_id", resource_id)
    created = kind.type(node)
    created.name = f"{parent}/{kind.collection}/{resource_id or uuid.uuid4()}"
    for field in ("create_time", "etag"):
        raw(created).ClearField(field)
    if kind is CONTEXT:
        created.parent_contexts = []
    _check_fields(created)
    check_store(store, parent)
    if created.schema_title:
        created.schema_version = schemas.latest_version(
            store, parent, created.schema_title, created.schema_version, kind.schema_type
        )
    with store.transaction():
        if store.exists(created.name):
            raise AlreadyExists(f"{kind.noun} with name {created.name} already exists")
        stamp(created)
        store.save(created)
    return created


def update(store: Store, kind: Kind, node: Any, mask: FieldMask, allow_missing: bool) -> Any:
    """Change the fields that the mask names, or, without one, those that have a value.

    Raises:
        InvalidArgument: the mask or a value is malformed.
        NotFound: there is no such resource, and none may be created.
        Aborted: it has changed since it was read.
    """
    parent, _, resource_id = node.name.rpartition(f"/{kind.collection}/")
    if allow_missing and not store.exists(node.name):
        return create(store, kind, parent, resource_id, node)
    fields = masked_fields(mask, kind.fields) if mask.paths else populated_fields(node, kind.fields)
    with store.editing(node.name, kind.type) as kept:
        if node.etag and node.etag != kept.etag:
            raise Aborted(_mismatch(kind, node.etag, kept.etag))
        replace_fields(kept, node, fields)
        _check_fields(kept)
        stamp(kept)
    return kept


def delete(store: Store, kind: Kind, name: str, etag: str) -> None:
    """Forget a resource, its events and its memberships.

    Raises:
        NotFound: there is no such resource.
        FailedPrecondition: it has changed since it was read.
    """
    with store.transaction():
        kept = store.get(name, kind.type)
        if etag and etag != kept.etag:
            raise FailedPrecondition(_mismatch(kind, etag, kept.etag))
        store.delete(name)


def find(cloud: Cloud, kind: Kind, parent: str, text: str) -> list[Any]:
    """The resources of a metadata store that a filter selects, newest first.

    Raises:
        NotFound: there is no such metadata store.
        InvalidArgument: the filter cannot be read.
    """
    selects = node_filters.predicate(cloud, kind, parent, text)
    check_store(cloud.store, parent)
    found = cloud.store.in_collection(f"{parent}/{kind.collection}", kind.type)
    return [node for node in found if selects(node)]


def stamp(node: Any) -> None:
    """Note a creation or a change: its time, and a new etag.

    Etags are growing numbers, since the SDK reads them as such to tell who is behind.
    """
    node.update_time = now()
    node.create_time = node.create_time or node.update_time
    node.etag = str(max(time.time_ns(), int(node.etag or 0) + 1))


def check_store(store: Store, name: str) -> None:
    """Refuse to work in a metadata store that is not there.

    Raises:
        NotFound: there is none of this name.
    """
    if not store.exists(name):
        raise NotFound(f"MetadataStore {name} was not found; create it first.")


def check_id(field: str, resource_id: str) -> None:
    """Refuse a malformed id; an empty one is left for the server to choose.

    Raises:
        InvalidArgument: it is malformed.
    """
    if resource_id and not _ID.fullmatch(resource_id):
        raise InvalidArgument(
            f"{field} {resource_id!r} is malformed; a resource id must match {_ID.pattern}."
        )


def check_neighbours(name: str, kind: Kind, others: Iterable[str]) -> None:
    """Refuse to connect a resource with what is not of a kind, or in another metadata store.

    Raises:
        InvalidArgument: one of the others is.
    """
    collection = f"{name.rsplit('/', 2)[0]}/{kind.collection}"
    for other in others:
        if other.rpartition("/")[0] != collection:
            raise InvalidArgument(f"{other!r} is not in {collection}, where it must be.")


def _check_fields(node: Any) -> None:
    if node.display_name:
        check_display_name(node.display_name)
    check_labels(node.labels)
    size = raw(node).metadata.ByteSize()
    if size > _LARGEST_METADATA:
        raise InvalidArgument(f"metadata has {size} bytes; keep at most {_LARGEST_METADATA}.")


def _mismatch(kind: Kind, requested: str, kept: str) -> str:
    """As Vertex says it: the SDK reads this sentence, and repeats with the new etag."""
    return f"Specified {kind.noun} `etag`: `{requested}` does not match server `etag`: `{kept}`"
