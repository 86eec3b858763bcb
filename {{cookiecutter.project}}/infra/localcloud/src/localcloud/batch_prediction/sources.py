"""Reads the rows of a batch prediction's input, one after the other."""

import base64
import csv
import gzip
import json
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from io import BufferedIOBase
from pathlib import Path

from google.cloud.aiplatform_v1.types import BatchPredictionJob

from localcloud.batch_prediction.rows import Json, Row
from localcloud.bigquery.client import BigQuery, Table
from localcloud.storage.matching import matching_files

TABULAR = ("bigquery", "csv")
_RECORD_HEADER = struct.Struct("<QI")  # length, checksum of the length
_CHECKSUM_SIZE = 4


def rows(
    config: BatchPredictionJob.InputConfig, storage: Path, bigquery: BigQuery
) -> Iterator[Row]:
    """All rows of a job's input.

    Raises:
        FailedPrecondition: a file or a table is not there or cannot be read.
    """
    if config.instances_format == "bigquery":
        table = Table.parse(config.bigquery_source.input_uri)
        return map(Row, bigquery.rows(table))
    files = [file for uri in config.gcs_source.uris for file in matching_files(uri, storage)]
    return _read(files, config.instances_format, storage)


def text_rows(uris: Iterable[str], storage: Path) -> Iterator[Row]:
    """The rows of CSV files as texts, whether in quotes or not: AutoML's models know the types.

    Raises:
        FailedPrecondition: a file is not there.
    """
    for file in [file for uri in uris for file in matching_files(uri, storage)]:
        with file.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
            reader = csv.reader(lines)
            names = next(reader, [])
            for values in filter(None, reader):
                yield _csv_row(names, values, f"{file.name}, line {reader.line_num}")


def header(uris: Iterable[str], storage: Path) -> list[str]:
    """The columns that the first of these CSV files names.

    Raises:
        FailedPrecondition: a file is not there.
    """
    [first, *_] = [file for uri in uris for file in matching_files(uri, storage)]
    with first.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
        return next(csv.reader(lines), [])


def _read(files: list[Path], file_format: str, storage: Path) -> Iterator[Row]:
    for file in files:
        yield from FILE_FORMATS[file_format](file, storage)


def _jsonl(file: Path, _: Path) -> Iterator[Row]:
    with file.open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield _json_row(line, f"{file.name}, line {number}")


def _json_row(line: str, place: str) -> Row:
    try:
        return Row(json.loads(line))
    except ValueError as error:
        return Row(line.rstrip("\n"), f"{place} is not JSON: {error}.")


def _csv(file: Path, _: Path) -> Iterator[Row]:
    """A header, then rows; what stands in quotes is a text, all else a number."""
    with file.open(encoding="utf-8", errors="replace", newline="") as lines:
        header = next(csv.reader(lines), [])
        reader = csv.reader(lines, quoting=csv.QUOTE_NONNUMERIC)
        while True:
            try:
                values = next(reader)
            except StopIteration:
                return
            except (ValueError, csv.Error):
                place = f"{file.name}, line {reader.line_num + 1}"
                yield Row(None, f"{place} has a value that is no number; put texts in quotes.")
                continue
            if values:
                yield _csv_row(header, values, f"{file.name}, line {reader.line_num + 1}")


def _csv_row(header: list[str], values: list[str], place: str) -> Row:
    numbers = [_whole(value) for value in values]
    if len(values) != len(header):
        return Row(numbers, f"{place} has {len(values)} values for {len(header)} columns.")
    return Row(dict(zip(header, numbers, strict=True)))


def _whole(value: Json) -> Json:
    """A number without a fraction as an integer, which the CSV reader does not know."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _file_list(file: Path, storage: Path) -> Iterator[Row]:
    """A file that lists files: each of them is an instance."""
    for uri in file.read_text().split():
        content = storage / uri.removeprefix("gs://")
        if content.is_file():
            yield Row(_binary(content.read_bytes()))
        else:
            yield Row({"uri": uri}, f"{uri} is not there.")


def _tf_record(file: Path, _: Path) -> Iterator[Row]:
    with file.open("rb") as content:
        yield from _records(content, file.name)


def _tf_record_gzip(file: Path, _: Path) -> Iterator[Row]:
    with gzip.open(file) as content:
        yield from _records(content, file.name)


def _records(content: BufferedIOBase, name: str) -> Iterator[Row]:
    """TFRecords: length, checksum, content, checksum."""
    while header := content.read(_RECORD_HEADER.size):
        if len(header) < _RECORD_HEADER.size:
            yield Row(None, f"{name} ends within a record.")
            return
        length, _ = _RECORD_HEADER.unpack(header)
        yield Row(_binary(content.read(length)))
        content.read(_CHECKSUM_SIZE)


def _binary(content: bytes) -> Json:
    return {"b64": base64.b64encode(content).decode()}


FILE_FORMATS: Mapping[str, Callable[[Path, Path], Iterator[Row]]] = {
    "csv": _csv,
    "file-list": _file_list,
    "jsonl": _jsonl,
    "tf-record": _tf_record,
    "tf-record-gzip": _tf_record_gzip,
}
