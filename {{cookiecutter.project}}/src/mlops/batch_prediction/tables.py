"""The tables of a batch prediction: those of one run, and those that readers know."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from google.cloud import bigquery

DAYS_KEPT = 7
_DAY_MS = 24 * 60 * 60 * 1000


@dataclass(frozen=True)
class RunTables:
    """The working tables of one run, `PROJECT.DATASET.TABLE`.

    Attributes:
        rows: all rows, each with its error or null.
        instances: the rows that the model is asked about.
    """

    rows: str
    instances: str


@dataclass(frozen=True)
class Outputs:
    """What readers know: each run replaces it.

    Attributes:
        predictions: table of the identifier, the prediction and the model's version.
        dead_letters: table of the identifier and the error.
        files: folder for the predictions as Parquet files; empty for none.
    """

    predictions: str
    dead_letters: str
    files: str = ""


def name_run(dataset: str) -> RunTables:
    """The tables of a run that begins now, in the dataset of working tables.

    Args:
        dataset: `PROJECT.DATASET` of what readers know.
    """
    now = f"{datetime.now(UTC):%Y%m%d_%H%M%S_%f}"
    working = working_dataset(dataset)
    return RunTables(f"{working}.rows_{now}", f"{working}.instances_{now}")


def name_outputs(dataset: str, files: str = "") -> Outputs:
    """What readers of a dataset, `PROJECT.DATASET`, know."""
    return Outputs(f"{dataset}.predictions", f"{dataset}.dead_letters", files)


def name_files(bucket: str, dataset: str) -> str:
    """The folder of predictions as Parquet files, for those of a dataset (without its project)."""
    return f"gs://{bucket}/{dataset}/predictions"


def working_dataset(dataset: str) -> str:
    """The dataset beside it for tables of single runs."""
    return f"{dataset}_runs"


def make_datasets(client: bigquery.Client, dataset: str, source: str) -> None:
    """Makes both datasets, unless they are there, where the table `source` lies.

    Working tables expire after a week. Whoever finds both needs no right to make any.
    """
    from google.api_core.exceptions import NotFound
    from google.cloud import bigquery

    location = client.get_dataset(source.rpartition(".")[0]).location
    for name, days in ((dataset, None), (working_dataset(dataset), DAYS_KEPT)):
        try:
            client.get_dataset(name)
        except NotFound:
            made = bigquery.Dataset(name)
            made.location = location
            made.default_table_expiration_ms = days and days * _DAY_MS
            client.create_dataset(made, exists_ok=True)
