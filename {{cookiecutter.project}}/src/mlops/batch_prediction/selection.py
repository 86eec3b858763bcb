"""Select the rows that the model is asked about, inside BigQuery."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops.batch_prediction.query import selection
from mlops.batch_prediction.tables import RunTables, make_datasets, name_run
from mlops.errors import UserError

if TYPE_CHECKING:
    from google.cloud import bigquery

    from mlops.features import Features

PART = "serving"  # the extract's one part


class NoRowsError(UserError):
    """There is nothing to predict."""


def select_rows(
    client: bigquery.Client,
    features: Features,
    dataset: str,
    uri: str,
    *,
    max_bad_percent: float,
    sample_percent: float,
) -> tuple[RunTables, str]:
    """Writes the run's tables, and what validation reads to `uri/serving`.

    Returns:
        The tables, and the script that BigQuery ran.

    Raises:
        NoRowsError: the table has no row, or lacks the identifier.
        google.api_core.exceptions.GoogleAPIError: BigQuery refused a query, and says why.
    """
    make_datasets(client, dataset, features.table)
    available = {field.name for field in client.get_table(features.table).schema}
    identifier = features.identifier
    if not identifier.sql and identifier.name not in available:
        raise NoRowsError(
            f"{features.table} has no column {identifier.name}, by which a prediction is found"
            " again: add it, or name another identifier in config/features.yaml."
        )
    tables = name_run(dataset)
    script = selection(
        features,
        tables,
        f"{uri}/{PART}",
        max_bad_percent=max_bad_percent,
        sample_percent=sample_percent,
        available=available,
    )
    client.query(script).result()
    if not client.get_table(tables.rows).num_rows:
        raise NoRowsError(
            f"No row of {features.table} is to be predicted: look at batch_prediction in config."
        )
    return tables, script
