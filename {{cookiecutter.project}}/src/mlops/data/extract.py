"""Extract the data from BigQuery to Cloud Storage, without passing through this machine."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mlops.data.query import export
from mlops.errors import UserError, summarize
from mlops.uris import split_uri

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.cloud import bigquery, storage

    from mlops.features import Features


class ExtractError(UserError):
    """BigQuery does not give what is declared."""


def extract(client: bigquery.Client, features: Features, uri: str, sample_percent: float) -> str:
    """Writes each split as Parquet files to `uri/train`, `uri/eval` and `uri/test`.

    Returns:
        The script that BigQuery ran.

    Raises:
        ExtractError: BigQuery refuses to read the table, and says why.
    """
    with _told(features):
        available = {field.name for field in client.get_table(features.table).schema}
        script = export(features, uri, sample_percent=sample_percent, available=available)
        client.query(script).result()
    return script


def fingerprint(client: bigquery.Client, features: Features) -> str:
    """What changes when the table's rows or columns change: an extract of the same is the same.

    Raises:
        ExtractError: BigQuery refuses to read the table, and says why.
    """
    with _told(features):
        table = client.get_table(features.table)
    return f"{table.etag} {table.modified} {table.num_rows}"


@contextmanager
def _told(features: Features) -> Iterator[None]:
    """Has what BigQuery refuses told in one sentence, with what was declared."""
    from google.api_core.exceptions import ClientError

    try:
        yield
    except ClientError as error:
        raise ExtractError(
            f"BigQuery does not give {features.table} as config/features.yaml declares it:"
            f" {summarize(error)}; correct table, where or sql there, or the rights to read it."
        ) from error


def hash_files(client: storage.Client, uri: str) -> str:
    """SHA-256 over the names and checksums (CRC32C) of the files below a `gs://` URI."""
    bucket, folder = split_uri(uri)
    digest = hashlib.sha256()
    for blob in client.list_blobs(bucket, prefix=f"{folder}/"):  # in the order of their names
        digest.update(f"{blob.name.removeprefix(folder)}\0{blob.crc32c}\n".encode())
    return digest.hexdigest()
