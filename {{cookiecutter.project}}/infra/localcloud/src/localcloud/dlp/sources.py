"""What jobs inspect: a table of BigQuery, or objects of Cloud Storage, as tables and texts."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any

from google.api_core.exceptions import FailedPrecondition, InvalidArgument, MethodNotImplemented
from google.cloud.dlp_v2 import Location

from localcloud.bigquery.client import BigQuery, Table
from localcloud.cloud import Cloud
from localcloud.datasets import tables
from localcloud.dlp.content import Piece
from localcloud.dlp.values import cell, text_of
from localcloud.rpc import raw
from localcloud.storage.matching import matching_files
from localcloud.vertex.resources import refuse_fields

_URL = re.compile(r"gs://[^/]+/.*")
_UNSERVED = ("bytes_limit_per_file_percent", "file_types", "files_limit_percent")
_ENDS = {"/": "/*", "**": "**/*"}  # of a file set's URL, as patterns of files


def check(config: Any) -> None:
    """Refuse a StorageConfig (as protobuf) that names nothing to read here.

    Raises:
        InvalidArgument: it is malformed.
        MethodNotImplemented: it is of a kind that is not served, or chooses what to read by what
            is not.
    """
    refuse_fields(config, "storage_config", ("timespan_config",))
    match config.WhichOneof("type"):
        case "big_query_options":
            _check_table(config.big_query_options)
        case "cloud_storage_options":
            _check_files(config.cloud_storage_options)
        case None:
            raise InvalidArgument("storage_config names no source; give big_query_options.")
        case kind:
            raise MethodNotImplemented(
                f"localcloud does not serve {kind}; use big_query_options or cloud_storage_options."
            )


def kind(config: Any) -> str:
    """What a StorageConfig is of, as filters of jobs tell it: BIGQUERY or CLOUD_STORAGE."""
    return (
        (config.WhichOneof("type") or "").removesuffix("_options").upper().replace("BIG_Q", "BIGQ")
    )


def _check_table(options: Any) -> None:
    table_of(options.table_reference)
    rows, percent = options.rows_limit, options.rows_limit_percent
    if rows < 0 or not 0 <= percent <= 100 or (rows and percent):
        raise InvalidArgument(
            f"rows_limit is {rows} and rows_limit_percent {percent}; give one of them, not below 0,"
            " a percentage up to 100."
        )


def _check_files(options: Any) -> None:
    refuse_fields(options.file_set, "file_set", ("regex_file_set",))
    refuse_fields(options, "cloud_storage_options", _UNSERVED)
    if not _URL.fullmatch(options.file_set.url):
        raise InvalidArgument(
            f"file_set.url is {options.file_set.url!r}, expected gs://BUCKET/PATH."
        )
    if options.bytes_limit_per_file < 0:
        raise InvalidArgument("bytes_limit_per_file is negative; give 0, for no limit, or more.")


def table_of(reference: Any) -> Table:
    """The table that a BigQueryTable names.

    Raises:
        InvalidArgument: a part of its name is missing.
    """
    parts = (reference.project_id, reference.dataset_id, reference.table_id)
    if not all(parts):
        raise InvalidArgument("A table needs project_id, dataset_id and table_id; give all three.")
    return Table(*parts)


def check_columns(table: Table, known: Collection[str], named: Iterable[str]) -> None:
    """Refuse the name of a column that a table does not have.

    Raises:
        FailedPrecondition: tells the first one.
    """
    for name in named:
        if name not in known:
            raise FailedPrecondition(f"{table} has no column {name}; name one that it has.")


def texts(cloud: Cloud, config: Any) -> Iterator[Piece]:
    """The texts of a source, each with the ContentLocation (as protobuf) of where it stands.

    Raises:
        FailedPrecondition: it is not there, or has no such columns.
    """
    if config.WhichOneof("type") == "big_query_options":
        return _table_texts(cloud, config.big_query_options)
    return _file_texts(cloud, config.cloud_storage_options)


def _table_texts(cloud: Cloud, options: Any) -> Iterator[Piece]:
    table = table_of(options.table_reference)
    with closing(BigQuery(cloud.environment)) as bigquery:
        source = tables.Source(table=f"bq://{table}")
        columns, rows = tables.read(source, cloud.home.storage, bigquery)
    included = [each.name for each in options.included_fields]
    excluded = [each.name for each in options.excluded_fields]
    keys = [each.name for each in options.identifying_fields]
    check_columns(table, columns, [*included, *excluded, *keys])
    chosen = [name for name in columns if name in (included or columns) and name not in excluded]
    count = len(rows)
    if options.rows_limit:
        count = min(count, options.rows_limit)
    elif options.rows_limit_percent:
        count = count * options.rows_limit_percent // 100
    yield from _cells(chosen, rows[:count], f"{table.project}:{table.dataset}.{table.name}", keys)


def _file_texts(cloud: Cloud, options: Any) -> Iterator[Piece]:
    storage, url = cloud.home.storage, options.file_set.url
    for end, pattern in _ENDS.items():
        if url.endswith(end):
            url = url.removesuffix(end) + pattern
            break
    for file in matching_files(url, storage):
        uri = f"gs://{file.relative_to(storage)}"
        if file.suffix == ".csv":
            columns, rows = tables.read(tables.Source(files=[uri]), storage, None)  # type: ignore[arg-type]
            yield from _cells(columns, rows, uri, ())
            continue
        with file.open("rb") as opened:
            content = opened.read(options.bytes_limit_per_file or -1)
        yield content.decode(errors="replace"), _place(uri)


def _cells(
    columns: Sequence[str], rows: Sequence[Mapping[str, Any]], container: str, keys: Sequence[str]
) -> Iterator[Piece]:
    for index, row in enumerate(rows):
        for column in columns:
            text = text_of(cell(row[column]))
            if text:
                place = _place(container)
                place.record_location.field_id.name = column
                place.record_location.table_location.row_index = index
                for key in keys:
                    known = text_of(cell(row.get(key))) or ""
                    place.record_location.record_key.id_values.append(known)
                yield text, place


def _place(container: str) -> Any:
    place = raw(Location()).content_locations.add()
    place.container_name = container
    return place
