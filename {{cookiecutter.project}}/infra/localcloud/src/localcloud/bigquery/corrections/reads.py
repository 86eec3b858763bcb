"""The Storage Read API: results of queries can be read, and reading does not disturb queries.

Its requests run on threads of their own, while bqemulator has one DuckDB connection.
"""

from dataclasses import replace
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
from bqemulator.api.dependencies import AppContext
from bqemulator.grpc_api import read_servicer
from bqemulator.jobs import executor

from localcloud.bigquery.corrections.columns import quoted

_resolve_read_target = read_servicer._resolve_read_target


def apply() -> None:
    """Give each read a cursor of its own, on which results of queries are tables."""
    read_servicer._resolve_read_target = _resolve_read_target_or_result
    make = read_servicer.BigQueryReadHandler.__init__

    def make_with_cursors(handler: Any, context: AppContext) -> None:
        make(handler, replace(context, engine=_Cursors(context)))

    read_servicer.BigQueryReadHandler.__init__ = make_with_cursors


class _Cursors:
    """Stands where the handler expects DuckDB's engine."""

    def __init__(self, context: AppContext) -> None:
        self._engine = context.engine

    def fetch_arrow(self, sql: str) -> pa.Table:
        """The rows of a SELECT."""
        with self._engine.connection.cursor() as cursor:
            for job_id, result in list(executor.JOB_RESULTS.items()):
                if quoted(_table_of(job_id)) in sql:
                    cursor.register(_table_of(job_id), result)
            return cursor.execute(sql).to_arrow_table()


def _resolve_read_target_or_result(*arguments: Any) -> Any:
    target = _resolve_read_target(*arguments)
    if target is None or target[1] != executor._ANONYMOUS_RESULTS_DATASET:
        return target
    project, dataset, table, _, fields = target
    return project, dataset, table, quoted(table), fields


def _table_of(job_id: str) -> str:
    """The name that bqemulator gives to the table with a query's result."""
    return f"anon{job_id.replace('-', '')}"
