"""The SQL that reads the data, derived from its declaration."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from mlops.features import Column, Features


class Split(StrEnum):
    """The part of the data that a row belongs to for ever, by the hash of its identifier."""

    TRAIN = "train"
    EVAL = "eval"
    TEST = "test"


# Tenths of the rows: first and last, both included.
TENTHS = {Split.TRAIN: (0, 7), Split.EVAL: (8, 8), Split.TEST: (9, 9)}


def select(
    features: Features,
    split: Split,
    *,
    sample_percent: float = 100,
    available: Collection[str] | None = None,
) -> str:
    """The query that reads one split.

    Args:
        features: the declaration of the data.
        split: which part of the rows.
        sample_percent: how much of each split to read, by the same hash each time.
        available: the columns that the table has. A declared column that it lacks is left out, so
            that validation reports it among all other anomalies. None means that it has them all.
    """
    columns = [
        column
        for column in features.extracted
        if column.sql or available is None or column.name in available
    ]
    conditions = [_in_split(features, split), *_in_sample(features, sample_percent)]
    if features.where:
        conditions.insert(0, f"({features.where})")
    return (
        "SELECT\n  "
        + ",\n  ".join(_expression(column) for column in columns)
        + f"\nFROM `{features.table}`\nWHERE "
        + "\n  AND ".join(conditions)
    )


def export(query: str, uri: str) -> str:
    """The statement that writes a query's rows as Parquet files, by BigQuery itself.

    Args:
        query: a SELECT.
        uri: a folder, `gs://…`; what Parquet it holds is replaced.
    """
    return (
        f"EXPORT DATA OPTIONS (uri = '{uri}/*.parquet', format = 'PARQUET', overwrite = true) AS\n"
        f"{query}"
    )


def _expression(column: Column) -> str:
    return f"{column.sql} AS {column.name}" if column.sql else column.name


def _hash(features: Features) -> str:
    return f"ABS(FARM_FINGERPRINT({features.identifier.name}))"


def _in_split(features: Features, split: Split) -> str:
    first, last = TENTHS[split]
    return f"MOD({_hash(features)}, 10) BETWEEN {first} AND {last}"


def _in_sample(features: Features, percent: float) -> list[str]:
    """No condition for all rows; else one on other digits of the hash than the split's."""
    if percent == 100:
        return []
    return [f"MOD(DIV({_hash(features)}, 10), 100000) < {round(percent * 1000)}"]
