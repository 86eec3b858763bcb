"""The rows of tabular datasets: CSV files in Cloud Storage, or a table or view of BigQuery."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from google.api_core.exceptions import FailedPrecondition, InvalidArgument
from google.cloud.aiplatform_v1.types import Dataset

from localcloud.bigquery.client import BigQuery, Field, Json, Table
from localcloud.rpc import raw
from localcloud.storage.matching import matching_files
from localcloud.vertex.json_values import plain

Row: TypeAlias = dict[str, Json]


@dataclass(frozen=True)
class Source:
    """Where a tabular dataset's rows are: URIs of CSV files, or the URI of a table."""

    files: Sequence[str] = ()
    table: str = ""


def check_source(metadata: Any) -> Source:
    """The source that a tabular dataset's metadata names.

    Raises:
        InvalidArgument: it names none, or one that is malformed.
    """
    config = metadata.get("inputConfig") if isinstance(metadata, Mapping) else None
    config = config if isinstance(config, Mapping) else {}
    files = _field(config, "gcsSource", "uri")
    table = _field(config, "bigquerySource", "uri")
    files = [files] if isinstance(files, str) else files
    if bool(files) == bool(table):
        raise InvalidArgument(
            "dataset.metadata must hold inputConfig with gcsSource.uri (CSV files) or"
            " bigquerySource.uri (a table)."
        )
    if table:
        Table.parse(table_uri(table))
        return Source(table=table_uri(table))
    for uri in files:
        if not isinstance(uri, str) or not uri.startswith("gs://"):
            raise InvalidArgument(f"gcsSource.uri has {uri!r}; give Cloud Storage URIs (gs://…).")
    return Source(files=sorted(files))


def source_of(dataset: Dataset) -> Source:
    """Where the rows of a kept dataset are."""
    return check_source(plain(raw(dataset).metadata))


def table_uri(text: str) -> str:
    """A table's URI with dots, from any form that Google's clients take."""
    return f"bq://{text.removeprefix('bq://').replace(':', '.')}"


def read(source: Source, storage: Path, bigquery: BigQuery) -> tuple[list[str], list[Row]]:
    """The columns of a source and its rows.

    Values of CSV files are texts, or None where nothing stands; those of a table have its types,
    and a STRUCT's fields are columns of their own, such as `address.city`.

    Raises:
        FailedPrecondition: the source is not there or cannot be read.
    """
    if source.table:
        return _read_table(Table.parse(source.table), bigquery)
    files = [file for uri in source.files for file in matching_files(uri, storage)]
    return _read_files(files)


def table_rows(table: Table, bigquery: BigQuery) -> Iterator[Row]:
    """The rows of a table, or of a view, which only a query can read.

    Raises:
        FailedPrecondition: there is no such table.
    """
    if bigquery.is_view(table):
        return bigquery.query(table.project, f"select * from `{table}`")  # noqa: S608 - parsed name
    return bigquery.rows(table)


def _field(config: Mapping[str, Any], name: str, key: str) -> Any:
    value = config.get(name)
    return value.get(key) if isinstance(value, Mapping) else None


def _read_table(table: Table, bigquery: BigQuery) -> tuple[list[str], list[Row]]:
    columns = list(_leaves(bigquery.schema(table)))
    return columns, [_flat(row) for row in table_rows(table, bigquery)]


def _leaves(fields: Sequence[Field], prefix: str = "") -> Iterator[str]:
    for field in fields:
        name = f"{prefix}{field['name']}"
        if field["type"] in ("RECORD", "STRUCT") and field.get("mode") != "REPEATED":
            yield from _leaves(field["fields"], f"{name}.")
        else:
            yield name


def _flat(row: Row, prefix: str = "") -> Row:
    flat: Row = {}
    for name, value in row.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def _read_files(files: Sequence[Path]) -> tuple[list[str], list[Row]]:
    """The first file starts with the header; the others repeat it or leave it out."""
    header: list[str] = []
    rows: list[Row] = []
    for file in files:
        for place, cells in _lines(file):
            if not header:
                header = _checked_header(cells, file)
            elif cells != header:
                rows.append(_row(header, cells, place))
    if not header:
        raise FailedPrecondition(f"{files[0].name} is empty; its first line must name the columns.")
    return header, rows


def _lines(file: Path) -> Iterator[tuple[str, list[str]]]:
    with file.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
        reader = csv.reader(lines)
        for cells in reader:
            if cells:
                yield f"{file.name}, line {reader.line_num}", cells


def _checked_header(cells: list[str], file: Path) -> list[str]:
    if len(set(cells)) != len(cells) or not all(cells):
        raise FailedPrecondition(
            f"The first line of {file.name} names a column twice, or not at all; correct it."
        )
    return cells


def _row(header: Sequence[str], cells: Sequence[str], place: str) -> Row:
    if len(cells) != len(header):
        raise FailedPrecondition(f"{place} has {len(cells)} values for {len(header)} columns.")
    return {name: cell or None for name, cell in zip(header, cells, strict=True)}
