"""What a model was trained on, in a form that the monitoring job reads."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, BinaryIO

from mlops.data.files import choose_files
from mlops.data.query import Split
from mlops.registry.lineage import LineageError, trace
from mlops.uris import split_uri

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from google.cloud import storage

ROWS = 50_000  # enough for ten buckets, and soon read
_FILES = 16


def find_baseline(
    client: storage.Client, model: str, columns: Sequence[str], folder: str
) -> str | None:
    """A sample of the rows that a model was trained on, written unless it is there already.

    Args:
        client: of Cloud Storage.
        model: URI of the version, as of `name_version`.
        columns: those of the sample; no others are copied.
        folder: `gs://…` for samples.

    Returns:
        URI of a JSON Lines file; None when lineage knows no data of the model, or it is gone.
    """
    if not columns:
        return None
    found = _find_data(model)
    if found is None:
        return None
    data, data_hash = found
    key = hashlib.sha256(json.dumps([data_hash, *columns]).encode()).hexdigest()[:16]
    uri = f"{folder}/{key}.jsonl"
    bucket, name = split_uri(uri)
    blob = client.bucket(bucket).blob(name)
    if blob.exists():
        return uri
    lines = [json.dumps(row) for row in _read_rows(client, f"{data}/{Split.TRAIN}", columns)]
    if not lines:
        return None
    blob.upload_from_string("\n".join(lines) + "\n", content_type="application/jsonl")
    return uri


def _find_data(model: str) -> tuple[str, str] | None:
    """Where the extract lies that a model was made of, and its hash."""
    try:
        ancestors = trace(model)
    except LineageError:
        return None
    found = ((a.uri, str(a.metadata["data_hash"])) for a in ancestors if "data_hash" in a.metadata)
    return next(found, None)


def sample_rows(file: BinaryIO, columns: Sequence[str], count: int) -> Iterator[dict[str, Any]]:
    """About so many rows of a Parquet file, evenly spread over it: the same ones each time.

    Whole groups of rows are left out before rows of a group are, so that a large file is not read
    to its end. A column that is not there, and a value that is missing, is left out of its row.
    """
    import pyarrow.parquet as pq

    parquet = pq.ParquetFile(file)
    there = [name for name in columns if name in parquet.schema_arrow.names]
    step = max(1, parquet.metadata.num_rows // count)
    skipped = max(1, min(step, parquet.num_row_groups))
    for group in range(0, parquet.num_row_groups, skipped):
        table = parquet.read_row_group(group, columns=there, use_threads=False)
        for row in table.to_pylist()[:: step // skipped]:
            yield {name: value for name, value in row.items() if value is not None}


def _read_rows(
    client: storage.Client, uri: str, columns: Sequence[str]
) -> Iterator[dict[str, Any]]:
    """About ROWS rows of some of the Parquet files below a URI."""
    blobs = choose_files(client, uri, _FILES)
    for blob in blobs:
        with blob.open("rb") as file:
            yield from sample_rows(file, columns, -(-ROWS // len(blobs)))
