"""Reads what a model was trained on, as a monitoring job names it."""

import json
import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

from google.api_core.exceptions import FailedPrecondition, InvalidArgument, NotFound
from google.cloud.aiplatform_v1.types import Dataset, ModelMonitoringObjectiveConfig

from localcloud.bigquery.client import BigQuery, Table
from localcloud.cloud import Cloud
from localcloud.datasets import tables
from localcloud.datasets.tables import Source
from localcloud.monitoring.features import Example
from localcloud.monitoring.tf_examples import read_examples
from localcloud.rpc import raw
from localcloud.storage.matching import matching_files

TrainingDataset: TypeAlias = ModelMonitoringObjectiveConfig.TrainingDataset

_CSV = "csv"


def check(cloud: Cloud, bigquery: BigQuery, dataset: TrainingDataset) -> None:
    """Refuse a training dataset that cannot be read.

    Raises:
        InvalidArgument: it names no source, or a format that is not known.
        NotFound: there is no such table, file or dataset.
    """
    if raw(dataset).WhichOneof("data_source") is None:
        raise InvalidArgument(
            "objective_config.training_dataset is required to detect skew; give it a"
            " bigquery_source, a gcs_source or a dataset."
        )
    if "logging_sampling_strategy" in dataset and not 0 < _rate(dataset) <= 1:
        raise InvalidArgument(
            f"training_dataset's sample_rate is {_rate(dataset):g}; give a share above 0 and up"
            " to 1."
        )
    if "gcs_source" in dataset and dataset.data_format not in (_CSV, *_READERS):
        raise InvalidArgument(
            f"training_dataset.data_format is {dataset.data_format!r}; use one of"
            f" {', '.join([_CSV, *_READERS])}."
        )
    source = _source(cloud, dataset)
    if source.table and not bigquery.exists(Table.parse(source.table)):
        raise NotFound(f"Table {source.table} was not found; name the table of the training data.")
    try:
        _files(source, cloud.home.storage)
    except FailedPrecondition as error:
        raise NotFound(f"training_dataset: {error.message}") from error


def read(cloud: Cloud, bigquery: BigQuery, dataset: TrainingDataset) -> Iterator[Example]:
    """The rows, sampled if the dataset says so, without the target.

    The same rows are drawn each time, so that skew does not change by chance.

    Raises:
        FailedPrecondition: the data has gone since the job was created, or a line is malformed.
        InvalidArgument: a file is not in its format.
    """
    rate = _rate(dataset) or 1
    drawn = random.Random(0)  # noqa: S311 - no secret
    for row in _rows(cloud, bigquery, dataset):
        if rate == 1 or drawn.random() < rate:
            yield {name: value for name, value in row.items() if name != dataset.target_field}


def _rate(dataset: TrainingDataset) -> float:
    rate: float = dataset.logging_sampling_strategy.random_sample_config.sample_rate
    return rate


def _source(cloud: Cloud, dataset: TrainingDataset) -> Source:
    if "dataset" in dataset:
        return tables.source_of(cloud.store.get(dataset.dataset, Dataset))
    if "bigquery_source" in dataset:
        return Source(table=dataset.bigquery_source.input_uri)
    return Source(files=list(dataset.gcs_source.uris))


def _rows(cloud: Cloud, bigquery: BigQuery, dataset: TrainingDataset) -> Iterable[Example]:
    source, storage = _source(cloud, dataset), cloud.home.storage
    if dataset.data_format in _READERS:
        return _read(dataset.data_format, _files(source, storage))
    return tables.read(source, storage, bigquery)[1]


def _files(source: Source, storage: Path) -> list[Path]:
    return [file for uri in source.files for file in matching_files(uri, storage)]


def _read(data_format: str, files: Iterable[Path]) -> Iterator[Example]:
    for file in files:
        try:
            yield from _READERS[data_format](file)
        except ValueError as error:
            raise InvalidArgument(
                f"Training data {file.name} is not in the format {data_format}: {error}."
            ) from error


def _read_jsonl(file: Path) -> Iterator[Example]:
    with file.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            row = json.loads(line) if line.strip() else {}
            if not isinstance(row, dict):
                raise ValueError(f"line {number} is no object")
            if row:
                yield row


_READERS: Mapping[str, Callable[[Path], Iterator[Example]]] = {
    "jsonl": _read_jsonl,
    "tf-record": read_examples,
}
