"""What BigQuery holds of a subject: its rows, and tables that pipelines only work with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops.batch_prediction.tables import working_dataset
from mlops.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from google.cloud import bigquery

    from mlops.settings import Settings


class ErasureError(UserError):
    """The subject cannot be erased."""


@dataclass(frozen=True)
class Rows:
    """Rows of the subject.

    Attributes:
        table: that holds them.
        condition: by which they are found; `@subject` stands for the id.
        count: how many there are.
    """

    table: str
    condition: str
    count: int


def find_rows(client: bigquery.Client, settings: Settings, column: str, subject: str) -> list[Rows]:
    """The subject's rows: in what readers know of predictions, and in the declared table.

    That comes last, as its rows tell which predictions are the subject's.

    Args:
        client: of BigQuery.
        settings: of the environment.
        column: tells whose row it is.
        subject: the id.

    Raises:
        ErasureError: nothing can be deleted from the declared table, or it lacks the column.
    """
    source, identifier = settings.features.table, settings.features.identifier
    key = identifier.sql or f"`{identifier.name}`"
    own = key if column == identifier.name else f"`{column}`"
    _check(client.get_table(source), column, is_derived=own != f"`{column}`")
    its_rows = f"CAST({own} AS STRING) = @subject"
    its_keys = f"SELECT CAST({key} AS STRING) FROM `{source}` WHERE {its_rows}"  # noqa: S608
    conditions = {
        identifier.name: f"CAST(`{identifier.name}` AS STRING) IN ({its_keys})",
        column: f"CAST(`{column}` AS STRING) = @subject",
    }
    places = {
        str(table.reference): conditions[name]
        for dataset in _datasets(settings)
        for table in _tables(client, dataset)
        for name in (identifier.name, column)  # of both, the column holds
        if name in _columns(table)
    }
    places.pop(source, None)
    found = [
        Rows(table, condition, _count(client, table, condition, subject))
        for table, condition in (*places.items(), (source, its_rows))
    ]
    return [rows for rows in found if rows.count]


def delete_rows(client: bigquery.Client, rows: Rows, subject: str) -> None:
    """Deletes the subject's rows from a table.

    Raises:
        ErasureError: they are so new that BigQuery cannot delete them yet.
    """
    from google.api_core.exceptions import BadRequest

    try:
        _query(client, f"DELETE FROM `{rows.table}` WHERE {rows.condition}", subject)  # noqa: S608
    except BadRequest as error:
        if "streaming buffer" not in str(error):
            raise
        raise ErasureError(
            f"Rows were streamed into {rows.table} a short while ago, and BigQuery cannot delete"
            " them yet: run the same command again in two hours, it goes on from here."
        ) from None


def find_working_tables(client: bigquery.Client, settings: Settings, until: datetime) -> list[str]:
    """Tables of single runs that had been made by then: rows, some of them without a key."""
    return [
        str(table.reference)
        for dataset in _datasets(settings)
        for table in _tables(client, working_dataset(dataset))
        if table.created <= until
    ]


def _check(source: bigquery.Table, column: str, *, is_derived: bool) -> None:
    if source.table_type != "TABLE":
        raise ErasureError(
            f"{source.reference} is a {source.table_type.lower()}, from which nothing can be"
            " deleted: declare the table that it reads, and erase there."
        )
    if not is_derived and column not in _columns(source):
        raise ErasureError(
            f"{source.reference} has no column {column}, which tells whose row it is: name another"
            " by privacy.subject in config/."
        )


def _datasets(settings: Settings) -> list[str]:
    """Where pipelines write predictions; beside each lies that of working tables."""
    names = {settings.batch_prediction.dataset, settings.automl.dataset}
    return [f"{settings.project}.{name}" for name in sorted(names)]


def _tables(client: bigquery.Client, dataset: str) -> Iterator[bigquery.Table]:
    """The tables of a dataset, views left out; none when there is no such dataset."""
    from google.api_core.exceptions import NotFound

    try:
        names = [table.reference for table in client.list_tables(dataset)]
    except NotFound:
        return
    for name in names:
        try:
            table = client.get_table(name)
        except NotFound:  # expired, or replaced, meanwhile
            continue
        if table.table_type == "TABLE":
            yield table


def _columns(table: bigquery.Table) -> set[str]:
    return {field.name for field in table.schema}


def _count(client: bigquery.Client, table: str, condition: str, subject: str) -> int:
    statement = f"SELECT COUNT(*) FROM `{table}` WHERE {condition}"  # noqa: S608
    (row,) = _query(client, statement, subject)
    return int(row[0])


def _query(client: bigquery.Client, statement: str, subject: str) -> list[Any]:
    """Runs a statement in which `@subject` stands for the id."""
    from google.cloud import bigquery

    parameter = bigquery.ScalarQueryParameter("subject", "STRING", subject)
    config = bigquery.QueryJobConfig(query_parameters=[parameter])
    return list(client.query(statement, job_config=config).result())
