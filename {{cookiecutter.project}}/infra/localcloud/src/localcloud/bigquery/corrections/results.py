"""Results of queries, and tables made from them: integers and floats have 64 bits."""

from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
from bqemulator.api.dependencies import AppContext
from bqemulator.catalog.ddl_sync import _detect_plain_create_table, _split_target
from bqemulator.jobs import executor
from bqemulator.storage.sql_identifiers import quoted_table_ref

from localcloud.bigquery.corrections.columns import columns_of, quoted

_DUCKDB_TYPE = b"bqemu.duckdb_type"  # metadata of a field that bqemulator derives schemas from

_run_query_body = executor._run_query_body
_sync_created_table = executor.sync_created_table


def apply() -> None:
    """Widen the results of queries, and the columns of what CREATE TABLE made."""
    executor._run_query_body = _run_query_body_widened
    executor.sync_created_table = _sync_created_table_widened


async def _run_query_body_widened(**arguments: Any) -> pa.Table:
    result: pa.Table = await _run_query_body(**arguments)
    fields = [_widened_field(field) for field in result.schema]
    return result.cast(pa.schema(fields, result.schema.metadata))


def _sync_created_table_widened(sql: str, project: str, context: AppContext) -> None:
    target = _detect_plain_create_table(sql)
    reference = _split_target(target, project) if target is not None else ()
    if reference and all(reference):
        _widen_columns(context, quoted_table_ref(*reference))
    _sync_created_table(sql, project, context)


def _widen_columns(context: AppContext, table: str) -> None:
    for column in columns_of(context, table):
        if column.widened != column:
            context.engine.execute(
                f"ALTER TABLE {table} ALTER {quoted(column.name)} TYPE {column.widened.type}"
            )


def _widened_field(field: pa.Field) -> pa.Field:
    metadata = field.metadata or {}
    if metadata.get(_DUCKDB_TYPE) == b"HUGEINT":
        return field.with_type(pa.int64()).with_metadata({**metadata, _DUCKDB_TYPE: b"BIGINT"})
    return field.with_type(_widened(field.type))


def _widened(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_integer(kind):
        return pa.int64()
    if pa.types.is_floating(kind):
        return pa.float64()
    if pa.types.is_list(kind):
        return pa.list_(_widened_field(kind.value_field))
    if pa.types.is_struct(kind):
        return pa.struct([_widened_field(field) for field in kind])
    return kind
