"""Extract the data from BigQuery to Cloud Storage, without passing through this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops.data.query import export

if TYPE_CHECKING:
    from google.cloud import bigquery

    from mlops.features import Features


def extract(client: bigquery.Client, features: Features, uri: str, sample_percent: float) -> None:
    """Writes each split as Parquet files to `uri/train`, `uri/eval` and `uri/test`.

    Raises:
        google.api_core.exceptions.GoogleAPIError: BigQuery refused a query, and says why.
    """
    available = {field.name for field in client.get_table(features.table).schema}
    script = export(features, uri, sample_percent=sample_percent, available=available)
    client.query(script).result()


def fingerprint(client: bigquery.Client, features: Features) -> str:
    """What changes when the table's rows or columns change: an extract of the same is the same."""
    table = client.get_table(features.table)
    return f"{table.etag} {table.modified} {table.num_rows}"
