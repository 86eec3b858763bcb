"""Columns of DuckDB tables, with BigQuery's types: every integer an INT64, every float a FLOAT64.

DuckDB gives `1` 32 bits and a SUM 128, and so to Parquet files and tables made from them.
"""

import re
from dataclasses import dataclass

from bqemulator.api.dependencies import AppContext
from bqemulator.api.routes.tables import _field_to_rest, _parse_schema_fields
from bqemulator.catalog.models import TableSchema
from bqemulator.storage.type_map import bq_schema_to_duckdb_columns, duckdb_type_to_bq_field

_INTEGER = re.compile(r"\b(?:U?TINYINT|U?SMALLINT|U?INTEGER|U?HUGEINT|UBIGINT)\b")
_FLOAT = re.compile(r"\bFLOAT\b")


@dataclass(frozen=True)
class Column:
    """A name and a DuckDB type, such as `BIGINT` or `STRUCT(a VARCHAR)[]`."""

    name: str
    type: str

    @property
    def widened(self) -> "Column":
        """The column with integers and floats of 64 bits."""
        return Column(self.name, _FLOAT.sub("DOUBLE", _INTEGER.sub("BIGINT", self.type)))

    @property
    def sql(self) -> str:
        """As `CREATE TABLE` wants it."""
        return f"{quoted(self.name)} {self.type}"


def quoted(name: str) -> str:
    """An identifier for DuckDB."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A string for DuckDB."""
    return "'" + text.replace("'", "''") + "'"


def columns_of(context: AppContext, relation: str) -> list[Column]:
    """The columns of a table or table function."""
    rows = context.engine.execute(f"DESCRIBE FROM {relation}").fetchall()
    return [Column(name, duckdb_type) for name, duckdb_type, *_ in rows]


def columns_from(schema: TableSchema) -> list[Column]:
    """The DuckDB columns that hold a BigQuery schema."""
    fields = [_field_to_rest(field) for field in schema.fields]
    return [Column(*column) for column in bq_schema_to_duckdb_columns(fields)]


def schema_from(columns: list[Column]) -> TableSchema:
    """The BigQuery schema that DuckDB columns hold."""
    return parsed_schema([duckdb_type_to_bq_field(column.name, column.type) for column in columns])


def parsed_schema(fields: list[dict[str, object]]) -> TableSchema:
    """A schema from the fields of the REST API."""
    return TableSchema(fields=tuple(_parse_schema_fields(fields)))
