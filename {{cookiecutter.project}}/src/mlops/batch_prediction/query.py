"""The SQL of a batch prediction, derived from the declaration of the data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops.data.query import read

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from mlops.batch_prediction.tables import Outputs, RunTables
    from mlops.features import Column, Features

ERROR = "mlops_error"  # the working table's column: why a row is no instance, else null
TYPES = {"INTEGER": "INT64", "FLOAT": "FLOAT64", "BOOLEAN": "BOOL"}  # else the name is the same


def selection(
    features: Features,
    tables: RunTables,
    uri: str,
    *,
    max_bad_percent: float,
    sample_percent: float = 100,
    available: Collection[str],
) -> str:
    """The script that reads the rows and tells the sound from the bad.

    The table is read, and paid for, once. What validation reads, as Parquet files, are the sound
    rows; when there are more bad ones than allowed, it reads all rows, and finds what is wrong.

    Args:
        features: the declaration of the data, with the table to read.
        tables: what to write: all rows with their errors, and the sound ones.
        uri: the folder of the Parquet files, `gs://…`.
        max_bad_percent: how many rows may be bad.
        sample_percent: how much of the table to read.
        available: the columns that the table has; the others are left to validation.
    """
    key = features.identifier.name
    columns = [features.identifier, *features.inputs]
    rows = read(features, columns, sample_percent=sample_percent, available=available)
    known = [column for column in columns if column.sql or column.name in available]
    cases = "".join(
        f"\n  WHEN {condition} THEN {quote(message)}"
        for column in known
        for condition, message in _mistakes(column)
    )
    return (
        f"CREATE OR REPLACE TABLE `{tables.rows}` AS\n"
        f"SELECT *, CASE{cases}\n  ELSE NULL END AS {ERROR}\nFROM (\n{rows}\n);\n"
        f"CREATE OR REPLACE TABLE `{tables.instances}` AS\n"
        f"SELECT * EXCEPT ({ERROR}) FROM `{tables.rows}` WHERE {ERROR} IS NULL;\n"
        f"EXPORT DATA OPTIONS (uri = '{uri}/*.parquet', format = 'PARQUET', overwrite = true) AS\n"
        f"SELECT * EXCEPT ({key}, {ERROR}) FROM `{tables.rows}`\n"
        f"WHERE {ERROR} IS NULL OR {max_bad_percent:f} <"
        f" (SELECT 100 * COUNTIF({ERROR} IS NOT NULL) / COUNT(*) FROM `{tables.rows}`);\n"
    )


def count(rows: str, predicted: str, failed: str) -> str:
    """The query that counts what went in, was predicted, and was not.

    Args:
        rows: the table of all rows with their errors.
        predicted: the job's table of predictions.
        failed: the job's table of errors; empty when it made none.
    """
    failures = f" + (SELECT COUNT(*) FROM `{failed}`)" if failed else ""
    return (
        f"SELECT\n  (SELECT COUNT(*) FROM `{rows}`) AS row_count,\n"
        f"  (SELECT COUNT(*) FROM `{predicted}`) AS prediction_count,\n"
        f"  (SELECT COUNTIF({ERROR} IS NOT NULL) FROM `{rows}`){failures} AS dead_letter_count"
    )


def publication(
    features: Features, rows: str, predicted: str, failed: str, version: str, outputs: Outputs
) -> str:
    """The script that writes the tables of predictions and of dead letters; see `count`.

    Args:
        features: the declaration of the data.
        rows: the table of all rows with their errors.
        predicted: the job's table of predictions.
        failed: the job's table of errors; empty when it made none.
        version: the model's version, which stands beside each prediction.
        outputs: where predictions and dead letters go.
    """
    identifier = features.identifier
    key = f"CAST(key AS {TYPES.get(identifier.type, identifier.type)}) AS {identifier.name}"
    script = (
        f"CREATE OR REPLACE TABLE `{outputs.predictions}` AS\n"
        f"SELECT {key}, CAST(prediction AS FLOAT64) AS prediction,"
        f" {quote(version)} AS model_version\nFROM `{predicted}`;\n"
        f"CREATE OR REPLACE TABLE `{outputs.dead_letters}` AS\n"
        f"SELECT {identifier.name}, {ERROR} AS error FROM `{rows}` WHERE {ERROR} IS NOT NULL"
    )
    if failed:
        script += f"\nUNION ALL\nSELECT {key}, errors.message AS error FROM `{failed}`"
    if outputs.files:
        script += (
            f";\nEXPORT DATA OPTIONS (uri = '{outputs.files}/*.parquet', format = 'PARQUET',"
            f" overwrite = true) AS\nSELECT * FROM `{outputs.predictions}`"
        )
    return f"{script};\n"


def quote(text: str) -> str:
    """A text as a literal of GoogleSQL."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _mistakes(column: Column) -> Iterator[tuple[str, str]]:
    """Conditions on a value that contradict its declaration, with what to say then."""
    name = column.name
    if column.default is None:
        yield f"{name} IS NULL", f"{name} is missing"
    if column.values:
        values = ", ".join(quote(value) for value in column.values)
        yield f"{name} NOT IN ({values})", f"{name} is none of its declared values"
    if column.type == "FLOAT":
        yield f"IS_NAN({name})", f"{name} is not a number"
    if column.min is not None:
        yield f"{name} < {_number(column.min)}", f"{name} is below {_number(column.min)}"
    if column.max is not None:
        yield f"{name} > {_number(column.max)}", f"{name} is above {_number(column.max)}"


def _number(bound: float) -> str:
    return str(int(bound)) if bound.is_integer() else repr(bound)
