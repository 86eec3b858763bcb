"""Imports what files list into a dataset of images, texts or videos."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.api_core.exceptions import (
    FailedPrecondition,
    GoogleAPICallError,
    InvalidArgument,
)
from google.cloud.aiplatform_v1.types import Dataset, ImportDataConfig, ImportDataOperationMetadata
from google.rpc.status_pb2 import Status
from grpc import StatusCode

from localcloud.cloud import Cloud
from localcloud.datasets import items, listings
from localcloud.datasets.listings import LineError, ListedItem
from localcloud.datasets.schemas import Format, format_of, kind_of
from localcloud.storage.matching import matching_files
from localcloud.vertex.resources import check_labels, now, touch

_MOST_PARTIAL_FAILURES = 20


def check(dataset: Dataset, configs: Iterable[ImportDataConfig]) -> None:
    """Refuse an import that cannot be.

    Raises:
        FailedPrecondition: the dataset's data is not imported but named when it is created.
        InvalidArgument: a required field is missing or malformed.
    """
    kind = kind_of(dataset.metadata_schema_uri)
    if not kind.has_items:
        raise FailedPrecondition(
            f"{dataset.name} is of kind {kind.name}, which takes no import; create it with its"
            " source."
        )
    configs = list(configs)
    if not configs:
        raise InvalidArgument("import_configs is required; name the files to import.")
    for config in configs:
        format_of(config.import_schema_uri, kind)
        if not config.gcs_source.uris:
            raise InvalidArgument("import_configs.gcs_source.uris is required.")
        for labels in (config.data_item_labels, config.annotation_labels):
            check_labels({key: value for key, value in labels.items() if "/" not in key})


def import_data(
    cloud: Cloud,
    name: str,
    configs: Iterable[ImportDataConfig],
    metadata: ImportDataOperationMetadata,
) -> None:
    """Import all that can be; what cannot is noted as partial failures in the metadata.

    Raises:
        FailedPrecondition: an import file is not there.
        InvalidArgument: nothing at all could be imported.
    """
    problems, storage = Problems(metadata), cloud.home.storage
    kind = kind_of(cloud.store.get(name, Dataset).metadata_schema_uri)
    made = ((format_of(config.import_schema_uri, kind), config) for config in configs)
    # Files are read before the store is locked.
    found = [item for each in made for item in _found(*each, storage, problems)]
    with cloud.store.transaction():
        dataset = cloud.store.get(name, Dataset)
        count = sum(_add(cloud, dataset, item, problems) for item in found)
        if problems.count and not count:
            raise InvalidArgument(
                f"None of {problems.count} items could be imported; the first one: {problems.first}"
            )
        dataset.data_item_count = len(items.data_items(cloud.store, name))
        touch(dataset)
        cloud.store.save(dataset)


class Problems:
    """What could not be imported: all of it counted, the first twenty told."""

    def __init__(self, metadata: ImportDataOperationMetadata) -> None:
        self._metadata: Any = metadata.generic_metadata
        self.count = 0

    @property
    def first(self) -> str:
        """The first one's message."""
        return str(self._metadata.partial_failures[0].message)

    def note(self, message: str, code: StatusCode = StatusCode.INVALID_ARGUMENT) -> None:
        """Count one."""
        self.count += 1
        if self.count <= _MOST_PARTIAL_FAILURES:
            self._metadata.partial_failures.append(Status(code=code.value[0], message=message))
        self._metadata.update_time = now()


@dataclass(frozen=True)
class _Found:
    """A listed item whose content is there."""

    made: Format
    listed: ListedItem
    item_id: str


def _found(
    made: Format, config: ImportDataConfig, storage: Path, problems: Problems
) -> Iterator[_Found]:
    for listed in _listed(config, made, storage, problems):
        file = None if listed.is_inline else storage / listed.content.removeprefix("gs://")
        if file and not file.is_file():
            problems.note(f"{listed.content} was not found.", StatusCode.NOT_FOUND)
        else:
            yield _Found(made, listed, items.content_id(listed, file))


def _listed(
    config: ImportDataConfig, made: Format, storage: Path, problems: Problems
) -> Iterator[ListedItem]:
    for uri in config.gcs_source.uris:
        for file in matching_files(uri, storage):
            for found in listings.read(file, made):
                if isinstance(found, LineError):
                    problems.note(str(found))
                else:
                    found.labels = {**config.data_item_labels, **found.labels}
                    found.annotations = [
                        items.labelled(each, config.annotation_labels) for each in found.annotations
                    ]
                    yield found


def _add(cloud: Cloud, dataset: Dataset, item: _Found, problems: Problems) -> bool:
    """Keep an item; whether that could be."""
    try:
        items.add(cloud.store, dataset, item.made, item.listed, item.item_id)
    except GoogleAPICallError as error:
        problems.note(str(error.message))
        return False
    return True
