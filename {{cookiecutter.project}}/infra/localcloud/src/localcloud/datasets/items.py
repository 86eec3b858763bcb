"""Data items, their annotations and the annotation specs of a dataset, as they are kept."""

import hashlib
import mimetypes
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from google.api_core.exceptions import InvalidArgument
from google.cloud.aiplatform_v1.types import Annotation, AnnotationSpec, DataItem, Dataset

from localcloud.datasets.listings import ListedItem, Payload
from localcloud.datasets.schemas import Format, kind_of
from localcloud.rpc import raw
from localcloud.store import Store
from localcloud.vertex import filters
from localcloud.vertex.json_values import plain, set_value
from localcloud.vertex.resources import new_id, now, touch

_SPEC_ID = "annotationSpecId"
_LABELS = "annotationResourceLabels"
_SYSTEM_LABEL = re.compile(r"(?<![\w.\"])labels\.(aiplatform\.googleapis\.com/\w+)")
_FIELDS: filters.Fields = {
    "create_time": lambda item: item.create_time,
    "labels": lambda item: item.labels,
    "name": lambda item: item.name,
    "update_time": lambda item: item.update_time,
}
_ANNOTATION_FIELDS: filters.Fields = {
    **_FIELDS,
    "payload_schema_uri": lambda annotation: annotation.payload_schema_uri,
}


def predicate(text: str, *, annotations: bool = False) -> filters.Predicate:
    """What a filter on data items, or on annotations, selects.

    Besides what other lists take, a system label may stand without quotes, as in Google's
    examples: `labels.aiplatform.googleapis.com/ml_use=training`.

    Raises:
        InvalidArgument: the filter cannot be read.
    """
    quoted = _SYSTEM_LABEL.sub(r'labels."\1"', text)
    return filters.predicate(quoted, _ANNOTATION_FIELDS if annotations else _FIELDS)


def data_items(store: Store, dataset: str) -> list[DataItem]:
    """The items of a dataset, newest first."""
    return store.in_collection(f"{dataset}/dataItems", DataItem)


def annotations(store: Store, item: str) -> list[Annotation]:
    """The annotations of an item, newest first."""
    return store.in_collection(f"{item}/annotations", Annotation)


def content_id(listed: ListedItem, file: Path | None) -> str:
    """The id of an item, from its content: the same content is found again without a search.

    Args:
        listed: the item.
        file: its file, unless its text is given.
    """
    content = file.read_bytes() if file else listed.content.encode()
    return str(int(hashlib.sha256(content).hexdigest(), 16) % 10**18 + 10**18)


def add(store: Store, dataset: Dataset, made: Format, listed: ListedItem, item_id: str) -> DataItem:
    """Keep an item with its annotations, each once.

    Two items of one content are one; it gets the labels and annotations of both.

    Args:
        store: holds an open transaction.
        dataset: to which it is added.
        made: the import format.
        listed: the item.
        item_id: from its content.

    Raises:
        InvalidArgument: it is no file, and the dataset takes files only.
    """
    name = f"{dataset.name}/dataItems/{item_id}"
    if store.exists(name):
        item = store.get(name, DataItem)
    else:
        item = DataItem(name=name, create_time=now())
        set_value(raw(item).payload, _payload(dataset, listed))
    item.labels = {**item.labels, **listed.labels}
    touch(item)
    store.save(item)
    kept = [(plain(raw(each).payload), dict(each.labels)) for each in annotations(store, name)]
    for given in listed.annotations:
        payload, labels = _annotation(store, dataset.name, given)
        if (payload, labels) not in kept:
            kept.append((payload, labels))
            _keep_annotation(store, name, made, payload, labels)
    return item


def labelled(annotation: Payload, labels: Mapping[str, str]) -> Payload:
    """An annotation of an import file with labels; those that the file gives it go first."""
    return {**annotation, _LABELS: {**labels, **annotation.get(_LABELS, {})}}


def exported(made: Format, item: DataItem, found: Iterable[Annotation]) -> Payload:
    """An item as a line of a JSONL file in this format says it."""
    payload = plain(raw(item).payload)
    payload.pop("mimeType", None)
    lines: list[Payload] = []
    for annotation in found:
        line = plain(raw(annotation).payload)
        line.pop(_SPEC_ID, None)
        lines.append({**line, _LABELS: dict(annotation.labels)})
    if made.has_many:
        payload[made.field] = lines
    elif lines:
        payload[made.field] = lines[0]
    return {**payload, "dataItemResourceLabels": dict(item.labels)}


def _payload(dataset: Dataset, listed: ListedItem) -> Payload:
    kind = kind_of(dataset.metadata_schema_uri)
    if listed.is_inline:
        if kind.name != "text":
            raise InvalidArgument(f"{listed.content!r} is no file in Cloud Storage (gs://…).")
        return {"textContent": listed.content}
    mime_type = mimetypes.guess_type(listed.content)[0]
    return {kind.uri_field: listed.content, **({"mimeType": mime_type} if mime_type else {})}


def _annotation(store: Store, dataset: str, given: Mapping[str, Any]) -> tuple[Any, dict[str, str]]:
    payload = {key: value for key, value in given.items() if key != _LABELS}
    if "displayName" in payload:
        payload[_SPEC_ID] = _spec_id(store, dataset, str(payload["displayName"]))
    labels = {key: str(value) for key, value in given.get(_LABELS, {}).items()}
    return payload, labels


def _keep_annotation(
    store: Store, item: str, made: Format, payload: Payload, labels: dict[str, str]
) -> None:
    annotation = Annotation(
        name=f"{item}/annotations/{new_id()}",
        payload_schema_uri=made.annotation_schema_uri,
        create_time=now(),
        labels=labels,
    )
    set_value(raw(annotation).payload, payload)
    touch(annotation)
    store.create(annotation)


def _spec_id(store: Store, dataset: str, display_name: str) -> str:
    """The id of the annotation spec of this name, which is made if it is not there."""
    specs = store.in_collection(f"{dataset}/annotationSpecs", AnnotationSpec)
    for spec in specs:
        if spec.display_name == display_name:
            return str(spec.name).rpartition("/")[2]
    spec = AnnotationSpec(
        name=f"{dataset}/annotationSpecs/{new_id()}", display_name=display_name, create_time=now()
    )
    touch(spec)
    store.create(spec)
    return str(spec.name).rpartition("/")[2]
