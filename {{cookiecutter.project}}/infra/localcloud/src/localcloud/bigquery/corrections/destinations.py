"""Tables that jobs write to."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from bqemulator.api.dependencies import AppContext
from bqemulator.catalog.etag import generate_etag
from bqemulator.catalog.models import TableMeta, TableSchema
from bqemulator.domain.errors import AlreadyExistsError, NotFoundError
from bqemulator.jobs import executor
from bqemulator.storage.sql_identifiers import quoted_table_ref, register_name

from localcloud.bigquery.corrections.columns import columns_of, schema_from


@dataclass(frozen=True)
class Destination:
    """A table that a job writes to."""

    project: str
    dataset: str
    table: str

    @classmethod
    def parse(cls, reference: dict[str, str], project: str) -> "Destination":
        """Read a `destinationTable`; the job's project is its default."""
        return cls(
            reference.get("projectId", project), reference["datasetId"], reference["tableId"]
        )

    @property
    def parts(self) -> tuple[str, str, str]:
        """Project, dataset and table."""
        return self.project, self.dataset, self.table

    @property
    def sql(self) -> str:
        """The table for DuckDB."""
        return str(quoted_table_ref(*self.parts))

    def __str__(self) -> str:
        return f"{self.project}:{self.dataset}.{self.table}"

    def known(self, context: AppContext) -> TableMeta | None:
        """The table, if there is one.

        Raises:
            NotFoundError: there is no such dataset.
        """
        if context.catalog.get_dataset(self.project, self.dataset) is None:
            raise NotFoundError(f"Not found: Dataset {self.project}:{self.dataset}")
        known: TableMeta | None = context.catalog.get_table(*self.parts)
        return known

    def check(self, job: dict[str, Any], context: AppContext, default: str) -> str:
        """The write disposition, if this job may write to the table.

        Raises:
            AlreadyExistsError: the job wants an empty table, and this one has rows.
            NotFoundError: the job must not create the table, and there is none.
        """
        known = self.known(context)
        if known is None and job.get("createDisposition") == "CREATE_NEVER":
            raise NotFoundError(f"Not found: Table {self}")
        disposition = str(job.get("writeDisposition") or default)
        if disposition == "WRITE_EMPTY" and known is not None and known.num_rows:
            raise AlreadyExistsError(f"Already Exists: Table {self}")
        return disposition

    def register(self, schema: TableSchema, context: AppContext) -> None:
        """Have the catalog know the table, with this schema."""
        known = context.catalog.get_table(*self.parts)
        if known is not None:
            context.catalog.update_table(known.model_copy(update={"schema_": schema}))
            return
        now = context.clock.now()
        context.catalog.create_table(
            TableMeta(
                project_id=self.project,
                dataset_id=self.dataset,
                table_id=self.table,
                schema=schema,
                creation_time=now,
                last_modified_time=now,
                etag=generate_etag(*self.parts, "TABLE", str(now)),
            )
        )


async def write_result(project: str, job_id: str, job: dict[str, Any], context: AppContext) -> None:
    """Put the rows of a finished query into its `destinationTable`.

    Afterwards the job's result is what the table holds, as it is in BigQuery.

    Raises:
        DomainError: the job's fault, in BigQuery's terms.
        duckdb.Error: the rows do not fit the table.
    """
    destination = Destination.parse(job["destinationTable"], project)
    disposition = destination.check(job, context, "WRITE_EMPTY")
    appends = disposition == "WRITE_APPEND" and destination.known(context) is not None
    async with context.engine.write_lock():
        with _registered(executor.JOB_RESULTS[job_id], context) as rows:
            command = (
                f"INSERT INTO {destination.sql} BY NAME"
                if appends
                else f"CREATE OR REPLACE TABLE {destination.sql} AS"
            )
            context.engine.execute(f"{command} FROM {rows}")
        if not appends:
            destination.register(schema_from(columns_of(context, destination.sql)), context)
        context.snapshots.record_change(*destination.parts)
        if appends:
            whole = context.engine.fetch_arrow(f"FROM {destination.sql}")
            executor.JOB_RESULTS[job_id] = whole
            executor.JOB_SCHEMAS[job_id] = executor.build_response_schema(whole.schema)


@contextmanager
def _registered(rows: Any, context: AppContext) -> Iterator[str]:
    """Let DuckDB see an Arrow table, under the name that is given."""
    name = register_name(f"__bqemu_result_{uuid4().hex}")
    context.engine.connection.register(name, rows)
    try:
        yield name
    finally:
        context.engine.connection.unregister(name)


@contextmanager
def transaction(context: AppContext) -> Iterator[None]:
    """All of the block's statements happen, or none; nothing else may run in between."""
    context.engine.execute("BEGIN TRANSACTION")
    try:
        yield
    except BaseException:
        context.engine.execute("ROLLBACK")
        raise
    context.engine.execute("COMMIT")
