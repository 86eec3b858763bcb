"""Writes the items of a dataset with their annotations as JSONL files into Cloud Storage."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

from google.api_core.exceptions import FailedPrecondition, InvalidArgument, NotFound
from google.cloud.aiplatform_v1.types import Annotation, DataItem, Dataset

from localcloud.cloud import Cloud
from localcloud.datasets import items
from localcloud.datasets.schemas import FORMATS, Format, kind_of

_SHARD = 10_000  # lines in a file


def folder_name(display_name: str, time: datetime) -> str:
    """The folder that an export makes."""
    safe = re.sub(r"[^\w.-]", "_", display_name)
    return f"export-data-{safe}-{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03d}Z"


def check_destination(cloud: Cloud, dataset: Dataset, uri: str) -> None:
    """Refuse an export that cannot be.

    Raises:
        FailedPrecondition: the dataset has no items of its own.
        InvalidArgument: the destination is not in Cloud Storage.
        NotFound: its bucket is not there.
    """
    kind = kind_of(dataset.metadata_schema_uri)
    if not kind.has_items:
        raise FailedPrecondition(
            f"{dataset.name} is of kind {kind.name}, which is not exported; read its source."
        )
    bucket = uri.removeprefix("gs://").partition("/")[0]
    if not uri.startswith("gs://") or not bucket:
        raise InvalidArgument(f"gcs_destination is {uri!r}; give a Cloud Storage URI (gs://…).")
    if not (cloud.home.storage / bucket).is_dir():
        raise NotFound(f"Bucket {bucket} was not found; create it for the export.")


def export(
    cloud: Cloud, chosen: Sequence[DataItem], folder: str, annotations_filter: str = ""
) -> list[str]:
    """Write items, those of each annotation schema into a folder of its own.

    Args:
        cloud: where they are kept.
        chosen: the items.
        folder: the URI of a folder that ends with `/`.
        annotations_filter: selects annotations; those of no other are written.

    Returns:
        The URIs of the files.
    """
    selects = items.predicate(annotations_filter, annotations=True)
    by_schema: dict[str, dict[str, list[Annotation]]] = {}
    for item in chosen:
        for annotation in items.annotations(cloud.store, item.name):
            if selects(annotation):
                found = by_schema.setdefault(annotation.payload_schema_uri, {})
                found.setdefault(item.name, []).append(annotation)
    written: list[str] = []
    for schema, found in by_schema.items():
        made = format_for(schema, max(map(len, found.values())))
        place = f"{folder}{made.annotation}/"
        lines = (items.exported(made, item, found.get(item.name, [])) for item in chosen)
        written += write_lines(cloud.home.storage, f"{place}data", lines)
        schema_file = cloud.home.storage / place.removeprefix("gs://") / "schema.yaml"
        schema_file.write_text(f"title: {made.title}\ndescription: The schema is {made.uri}.\n")
        written.append(f"{place}schema.yaml")
    return written


def format_for(annotation_schema_uri: str, most: int) -> Format:
    """The format in which items with annotations of this schema are written.

    Args:
        annotation_schema_uri: the schema of their payloads.
        most: how many annotations an item has at most.

    Raises:
        InvalidArgument: there is no such schema.
    """
    fitting = [
        made for made in FORMATS.values() if made.annotation_schema_uri == annotation_schema_uri
    ]
    if not fitting:
        known = sorted({made.annotation_schema_uri for made in FORMATS.values()})
        raise InvalidArgument(
            f"annotation_schema_uri is {annotation_schema_uri!r}; use one of {', '.join(known)}."
        )
    return next((made for made in fitting if made.has_many or most <= 1), fitting[-1])


def write_lines(storage: Path, prefix: str, lines: Iterable[object]) -> list[str]:
    """Write JSON lines to `PREFIX-00001-of-0000N.jsonl`; the URIs of the files."""
    written = [json.dumps(line, ensure_ascii=False) + "\n" for line in lines]
    return [
        _write(storage, f"{prefix}-{name}.jsonl", "".join(shard)) for name, shard in shards(written)
    ]


def shards(lines: Sequence[str]) -> Iterator[tuple[str, Sequence[str]]]:
    """Parts of so many lines as a file holds, each with its name; at least one."""
    count = max(1, -(-len(lines) // _SHARD))
    for number in range(count):
        name = f"{number + 1:05d}-of-{count:05d}"
        yield name, lines[number * _SHARD : (number + 1) * _SHARD]


def _write(storage: Path, uri: str, content: str) -> str:
    path = storage / uri.removeprefix("gs://")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    return uri
