"""Load jobs: all of the data or nothing of it, with the options that BigQuery has."""

from typing import Any

from bqemulator.api.dependencies import AppContext
from bqemulator.catalog.models import TableSchema
from bqemulator.domain.errors import InvalidQueryError

from localcloud.bigquery.corrections.columns import (
    Column,
    columns_from,
    columns_of,
    parsed_schema,
    schema_from,
)
from localcloud.bigquery.corrections.destinations import Destination, transaction
from localcloud.bigquery.corrections.sources import Source, find_files


async def load(project: str, job: dict[str, Any], context: AppContext) -> dict[str, Any]:
    """Carry out `configuration.load` of a job; returns its statistics.

    Raises:
        DomainError: the job's fault, in BigQuery's terms.
        duckdb.Error: the data cannot be read.
    """
    destination = Destination.parse(job["destinationTable"], project)
    disposition = destination.check(job, context, "WRITE_APPEND")
    files = find_files(job.get("sourceUris") or [], context)
    source = Source(job, files)
    schema = _new_schema(destination, disposition, source, job, context)
    async with context.engine.write_lock():
        with transaction(context):
            _prepare(destination, disposition, schema, context)
            rows = _insert(destination, source, job, context)
        if schema is not None:
            destination.register(schema, context)
        context.snapshots.record_change(*destination.parts)
    size = sum(file.stat().st_size for file in files)
    return {
        "inputFiles": str(len(files)),
        "inputFileBytes": str(size),
        "outputRows": str(rows),
        "outputBytes": str(size),
        "badRecords": "0",
    }


def _new_schema(
    destination: Destination,
    disposition: str,
    source: Source,
    job: dict[str, Any],
    context: AppContext,
) -> TableSchema | None:
    """The schema that the table is to be made with, or None if it stays as it is."""
    known = destination.known(context)
    if known is not None and known.schema_.fields and disposition != "WRITE_TRUNCATE":
        return None
    fields = (job.get("schema") or {}).get("fields")
    if fields:
        return parsed_schema(fields)
    if source.describes_itself:
        return schema_from(_detected(source, context))
    if known is None:
        raise InvalidQueryError("No schema specified on job or table.")
    return None


def _detected(source: Source, context: AppContext) -> list[Column]:
    """The data's own columns; a time without a zone is a TIMESTAMP when BigQuery detects it."""
    columns = [column.widened for column in columns_of(context, source.relation(None))]
    if source.is_typed:
        return columns
    return [
        Column(column.name, "TIMESTAMP WITH TIME ZONE") if column.type == "TIMESTAMP" else column
        for column in columns
    ]


def _prepare(
    destination: Destination,
    disposition: str,
    schema: TableSchema | None,
    context: AppContext,
) -> None:
    if schema is not None:
        columns = ", ".join(column.sql for column in columns_from(schema))
        context.engine.execute(f"CREATE OR REPLACE TABLE {destination.sql} ({columns})")
    elif disposition == "WRITE_TRUNCATE":
        context.engine.execute(f"TRUNCATE {destination.sql}")


def _insert(
    destination: Destination, source: Source, job: dict[str, Any], context: AppContext
) -> int:
    columns = columns_of(context, destination.sql)
    source.check_fields(columns, context)
    detected = source.describes_itself and not (job.get("schema") or {}).get("fields")
    by_name = "BY NAME" if source.by_name else ""
    (rows,) = context.engine.execute(
        f"INSERT INTO {destination.sql} {by_name}"
        f" FROM {source.relation(None if detected else columns)}"
    ).fetchone()
    return int(rows)
