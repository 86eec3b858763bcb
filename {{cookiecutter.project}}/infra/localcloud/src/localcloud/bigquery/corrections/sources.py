"""The files that a load job reads, and how DuckDB is to read them."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bqemulator.api.dependencies import AppContext
from bqemulator.domain.errors import InvalidQueryError, NotFoundError, UnsupportedFeatureError

from localcloud.bigquery.corrections.columns import Column, literal

_GCS = "gs://"
_UPLOAD = "file://"
_ENCODINGS = {"UTF-8": "utf-8", "ISO-8859-1": "latin-1"}


def find_files(uris: list[str], context: AppContext) -> list[Path]:
    """The files that URIs of a load job stand for; `*` is a part of a name, with any folders.

    Raises:
        InvalidQueryError: a URI is not of Cloud Storage.
        NotFoundError: there is no such object.
    """
    return [file for uri in uris for file in _find(uri, context)]


def _find(uri: str, context: AppContext) -> list[Path]:
    if uri.startswith(_UPLOAD):
        return [_uploaded(uri, context)]
    path = storage_path(uri, context)
    if "*" not in uri:
        found = [path] if path.is_file() else []
    else:
        pattern = re.compile(".*".join(map(re.escape, str(path).split("*"))), re.DOTALL)
        folder = Path(str(path).split("*", 1)[0]).parent
        found = sorted(file for file in _files_below(folder) if pattern.fullmatch(str(file)))
    if not found:
        raise NotFoundError(f"Not found: URI {uri}")
    return found


def storage_path(uri: str, context: AppContext) -> Path:
    """Where an object of Cloud Storage lies.

    Raises:
        InvalidQueryError: the URI is not of Cloud Storage.
        NotFoundError: its bucket does not exist.
    """
    bucket, _, name = uri.removeprefix(_GCS).partition("/")
    segments = name.split("/")
    if not uri.startswith(_GCS) or not name or {"", ".", ".."} & set(segments):
        raise InvalidQueryError(f"Invalid URI '{uri}'; give gs://BUCKET/OBJECT.")
    root = context.settings.gcs_local_root
    if bucket.startswith(".") or not (root / bucket).is_dir():
        raise NotFoundError(f"Not found: Bucket {bucket}")
    path: Path = root / bucket / name
    return path


def _uploaded(uri: str, context: AppContext) -> Path:
    """A file that the upload routes have put aside; no client may name another one so."""
    path = Path(uri.removeprefix(_UPLOAD)).resolve()
    if path.parent != Path(context.settings.upload_staging_dir).resolve():
        raise InvalidQueryError(f"Invalid URI '{uri}'; give gs://BUCKET/OBJECT.")
    return path


def _files_below(folder: Path) -> Iterator[Path]:
    for parent, _, names in os.walk(folder):
        yield from (Path(parent, name) for name in names)


class Source:
    """The data of a load job: a format, its options and files.

    Attributes:
        by_name: whether columns are matched by name rather than by place.
        describes_itself: whether the table's schema may be taken from the data.
        is_typed: whether the data says of which type it is.
    """

    def __init__(self, job: dict[str, Any], files: list[Path]) -> None:
        """Read a job's `configuration.load`.

        Raises:
            InvalidQueryError: there is no such format.
            UnsupportedFeatureError: localcloud does not read that format.
        """
        self._job = job
        self._files = "[" + ", ".join(literal(str(file)) for file in files) + "]"
        self._format = job.get("sourceFormat", "CSV").upper()
        if self._format in ("AVRO", "ORC", "DATASTORE_BACKUP"):
            raise UnsupportedFeatureError(
                f"localcloud loads CSV, NEWLINE_DELIMITED_JSON and PARQUET, not {self._format}."
            )
        if self._format not in ("CSV", "NEWLINE_DELIMITED_JSON", "PARQUET"):
            raise InvalidQueryError(f"Unknown source format: {self._format}")
        self.by_name = self._format != "CSV"
        self.is_typed = self._format == "PARQUET"
        self.describes_itself = self.is_typed or bool(job.get("autodetect"))

    def relation(self, columns: list[Column] | None) -> str:
        """The data as a table function of DuckDB, with these columns or the data's own."""
        if self._format == "PARQUET":
            return f"read_parquet({self._files}, union_by_name = true)"
        if self._format == "CSV":
            return f"read_csv({self._files}, {', '.join(self._csv_options(columns))})"
        detection = f", {_columns_option(columns)}" if columns else ""
        return f"read_json({self._files}, format = 'newline_delimited'{detection})"

    def check_fields(self, columns: list[Column], context: AppContext) -> None:
        """Refuse JSON with a field that the table does not have.

        Raises:
            InvalidQueryError: there is one, and `ignoreUnknownValues` is not set.
        """
        if self._format != "NEWLINE_DELIMITED_JSON" or self._job.get("ignoreUnknownValues"):
            return
        rows = context.engine.execute(
            f"FROM read_ndjson_objects({self._files}) SELECT DISTINCT unnest(json_keys(json))"
        ).fetchall()
        known = {column.name.lower() for column in columns}
        for (name,) in sorted(rows):
            if name.lower() not in known:
                raise InvalidQueryError(
                    f"Error while reading data, error message: No such field: {name}."
                )

    def _csv_options(self, columns: list[Column] | None) -> list[str]:
        job = self._job
        skipped = int(job.get("skipLeadingRows") or 0)
        delimiter = {"tab": "\t", "\\t": "\t"}.get(job.get("fieldDelimiter", ","))
        encoding = job.get("encoding", "UTF-8").upper()
        if encoding not in _ENCODINGS:
            raise UnsupportedFeatureError(f"localcloud does not read CSV in {encoding}.")
        options = [
            f"delim = {literal(delimiter or job.get('fieldDelimiter') or ',')}",
            f"quote = {literal(job.get('quote', chr(34)))}",
            f"nullstr = {literal(job.get('nullMarker', ''))}",
            f"encoding = {literal(_ENCODINGS[encoding])}",
            f"null_padding = {bool(job.get('allowJaggedRows'))}",
            f"ignore_errors = {int(job.get('maxBadRecords') or 0) > 0}",
            "allow_quoted_nulls = false",
        ]
        if columns is not None:
            return [*options, "header = false", f"skip = {skipped}", _columns_option(columns)]
        # The last of the skipped rows holds the names; with none, DuckDB looks for itself.
        return [*options, f"skip = {skipped - 1}", "header = true"] if skipped else options


def _columns_option(columns: list[Column]) -> str:
    pairs = (f"{literal(column.name)}: {literal(column.type)}" for column in columns)
    return f"columns = {{{', '.join(pairs)}}}"
