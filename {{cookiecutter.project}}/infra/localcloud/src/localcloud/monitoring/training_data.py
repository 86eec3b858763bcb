"""Reads what a model was trained on, as a monitoring job names it."""

import csv
import json
import random
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from google.api_core.exceptions import FailedPrecondition, InvalidArgument, NotFound
from google.cloud.aiplatform_v1.types import Dataset, ModelMonitoringObjectiveConfig

from localcloud.bigquery.client import BigQuery, Table
from localcloud.cloud import Cloud
from localcloud.monitoring.features import Example
from localcloud.monitoring.tf_examples import read_examples
from localcloud.rpc import raw
from localcloud.storage.matching import matching_files
from localcloud.vertex.json_values import plain

TrainingDataset: TypeAlias = ModelMonitoringObjectiveConfig.TrainingDataset


def check(cloud: Cloud, bigquery: BigQuery, source: TrainingDataset) -> None:
    """Refuse a training dataset that cannot be read.

    Raises:
        InvalidArgument: it names no source, or a format that is not known.
        NotFound: there is no such table, file or dataset.
    """
    kind = raw(source).WhichOneof("data_source")
    if kind is None:
        raise InvalidArgument(
            "objective_config.training_dataset is required to detect skew; give it a"
            " bigquery_source, a gcs_source or a dataset."
        )
    rate = source.logging_sampling_strategy.random_sample_config.sample_rate
    if "logging_sampling_strategy" in source and not 0 < rate <= 1:
        raise InvalidArgument(
            f"training_dataset's sample_rate is {rate:g}; give a share above 0 and up to 1."
        )
    resolved = _resolve(cloud, source)
    if "bigquery_source" in resolved:
        table = Table.parse(resolved.bigquery_source.input_uri)
        if not bigquery.exists(table):
            raise NotFound(f"Table {table} was not found; name the table of the training data.")
        return
    if resolved.data_format not in _FORMATS:
        raise InvalidArgument(
            f"training_dataset.data_format is {resolved.data_format!r}; use one of"
            f" {', '.join(_FORMATS)}."
        )
    try:
        _files(resolved, cloud.home.storage)
    except FailedPrecondition as error:
        raise NotFound(f"training_dataset: {error.message}") from error


def read(cloud: Cloud, bigquery: BigQuery, source: TrainingDataset) -> Iterator[Example]:
    """The rows, sampled if the dataset says so, without the target.

    The same rows are drawn each time, so that skew does not change by chance.

    Raises:
        FailedPrecondition: the data has gone since the job was created.
        InvalidArgument: a row cannot be read.
    """
    rate = source.logging_sampling_strategy.random_sample_config.sample_rate or 1
    drawn = random.Random(0)  # noqa: S311 - no secret
    for row in _rows(cloud, bigquery, _resolve(cloud, source)):
        if rate == 1 or drawn.random() < rate:
            yield {name: value for name, value in row.items() if name != source.target_field}


def _rows(cloud: Cloud, bigquery: BigQuery, source: TrainingDataset) -> Iterator[Example]:
    if "bigquery_source" in source:
        yield from bigquery.rows(Table.parse(source.bigquery_source.input_uri))
        return
    for file in _files(source, cloud.home.storage):
        try:
            yield from _FORMATS[source.data_format](file)
        except (ValueError, csv.Error) as error:
            raise InvalidArgument(
                f"Training data {file.name} is no valid {source.data_format}: {error}."
            ) from error


def _files(source: TrainingDataset, storage: Path) -> list[Path]:
    return [file for uri in source.gcs_source.uris for file in matching_files(uri, storage)]


def _resolve(cloud: Cloud, source: TrainingDataset) -> TrainingDataset:
    """The table or files of a managed dataset; any other source is what it is."""
    if "dataset" not in source:
        return source
    metadata: Any = plain(raw(cloud.store.get(source.dataset, Dataset)).metadata)
    config = metadata.get("inputConfig", {}) if isinstance(metadata, dict) else {}
    if "bigquerySource" in config:
        uri = config["bigquerySource"]["uri"]
        return TrainingDataset(bigquery_source={"input_uri": uri})
    if "gcsSource" in config:
        uris = config["gcsSource"]["uri"]
        return TrainingDataset(gcs_source={"uris": uris}, data_format="csv")
    raise InvalidArgument(
        f"Dataset {source.dataset} has no tabular data; name a tabular dataset, a table or files."
    )


def _csv(file: Path) -> Iterator[Example]:
    """A header, then rows; an empty cell is a missing value."""
    with file.open(encoding="utf-8-sig", newline="") as lines:
        for row in csv.DictReader(lines, strict=True):
            yield {name: value for name, value in row.items() if name and value}


def _jsonl(file: Path) -> Iterator[Example]:
    with file.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            row = json.loads(line)
            if not isinstance(row, dict):
                raise ValueError(f"line {number} is no object")
            yield row


_FORMATS: Mapping[str, Callable[[Path], Iterator[Example]]] = {
    "csv": _csv,
    "jsonl": _jsonl,
    "tf-record": read_examples,
}
