"""The SQL that reads the data, derived from its declaration."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from enum import StrEnum

from mlops.features import Column, Features


class Split(StrEnum):
    """The part of the data that a row belongs to for ever, by the declaration's split rule."""

    TRAIN = "train"
    EVAL = "eval"
    TEST = "test"


# Tenths of the rows, or of the groups, by hash: first and last, both included.
TENTHS = {Split.TRAIN: (0, 7), Split.EVAL: (8, 8), Split.TEST: (9, 9)}
# a column of the split, and its values, that Vertex AI's AutoML knows
ML_USE = "ml_use"
ML_USES = {Split.TRAIN: "TRAIN", Split.EVAL: "VALIDATE", Split.TEST: "TEST"}
_SPLIT = "mlops_split"  # the temporary table's column


def select(features: Features, split: Split) -> str:
    """The query that reads the rows of one split."""
    columns, condition = _expressions(features.extracted, None), _in_split(features, split)
    if features.split.by == "stratified":  # counts the rows that WHERE has left
        return f"{_select(features, columns, ['TRUE'])}\nQUALIFY {condition}"
    return _select(features, columns, [condition])


def export(
    features: Features,
    uri: str,
    *,
    sample_percent: float = 100,
    available: Collection[str] | None = None,
) -> str:
    """The script by which BigQuery itself writes each split as Parquet files.

    The table is read, and paid for, once: its rows go to a temporary table with their split.

    Args:
        features: the declaration of the data.
        uri: a folder, `gs://…`; what Parquet its folders `train`, `eval` and `test` hold is
            replaced.
        sample_percent: how much of each split to read, by the same hash each time.
        available: the columns that the table has. A declared column that it lacks is left out, so
            that validation reports it among all other anomalies. None means that it has them all.
    """
    cases = "".join(f"\n    WHEN {_in_split(features, split)} THEN '{split}'" for split in Split)
    columns = [*_expressions(features.extracted, available), f"CASE{cases}\n  END AS {_SPLIT}"]
    rows = _select(features, columns, _in_sample(features, sample_percent))
    exports = "".join(
        f"EXPORT DATA OPTIONS (uri = '{uri}/{split}/*.parquet', format = 'PARQUET',"
        f" overwrite = true) AS\nSELECT * EXCEPT ({_SPLIT}) FROM extracted"
        f" WHERE {_SPLIT} = '{split}';\n"
        for split in Split
    )
    return f"CREATE OR REPLACE TEMP TABLE extracted AS\n{rows};\n{exports}"


def label_splits(features: Features, table: str, *, sample_percent: float = 100) -> str:
    """The statement that writes all rows to a table, each with its split as Vertex AI names it.

    Args:
        features: the declaration of the data.
        table: `PROJECT.DATASET.TABLE`, replaced; gets the extracted columns, and ML_USE.
        sample_percent: as in `export`.
    """
    cases = "".join(
        f"\n    WHEN {_in_split(features, each)} THEN '{ML_USES[each]}'" for each in Split
    )
    columns = [*_expressions(features.extracted, None), f"CASE{cases}\n  END AS {ML_USE}"]
    rows = _select(features, columns, _in_sample(features, sample_percent))
    return f"CREATE OR REPLACE TABLE `{table}` AS\n{rows}"


def read(
    features: Features,
    columns: Iterable[Column],
    *,
    sample_percent: float = 100,
    available: Collection[str] | None = None,
) -> str:
    """The query that reads columns of all rows, whatever their split; arguments as in `export`."""
    expressions = _expressions(columns, available)
    return _select(features, expressions, _in_sample(features, sample_percent))


def _select(features: Features, columns: Sequence[str], conditions: Sequence[str]) -> str:
    chosen = [f"({features.where})", *conditions] if features.where else conditions
    where = "\nWHERE " + "\n  AND ".join(chosen) if chosen else ""
    return "SELECT\n  " + ",\n  ".join(columns) + f"\nFROM `{features.table}`{where}"


def _expressions(columns: Iterable[Column], available: Collection[str] | None) -> list[str]:
    return [
        f"{column.sql} AS {column.name}" if column.sql else column.name
        for column in columns
        if column.sql or available is None or column.name in available
    ]


def _hash(column: Column) -> str:
    """Of the value as text; rows without a value have one hash in common."""
    return f"ABS(FARM_FINGERPRINT(IFNULL(CAST({column.sql or column.name} AS STRING), '')))"


def _in_split(features: Features, split: Split) -> str:
    rule, timestamp = features.split, features.timestamp
    if rule.by != "time" or timestamp is None:
        first, last = TENTHS[split]
        return f"{_tenth(features)} BETWEEN {first} AND {last}"
    moment = timestamp.sql or timestamp.name
    until_eval, until_test = (f"TIMESTAMP '{day}'" for day in (rule.eval_from, rule.test_from))
    return {
        Split.TRAIN: f"{moment} < {until_eval}",
        Split.EVAL: f"{moment} >= {until_eval} AND {moment} < {until_test}",
        Split.TEST: f"{moment} >= {until_test}",
    }[split]


def _tenth(features: Features) -> str:
    """0 to 9: which tenth of all rows, or of those with its label, a row is in."""
    if features.split.by != "stratified":
        return f"MOD({_hash(features.split_key)}, 10)"
    label = f"PARTITION BY {features.label.sql or features.label.name}"
    place = f"ROW_NUMBER() OVER ({label} ORDER BY {_hash(features.identifier)})"
    return f"DIV(10 * ({place} - 1), COUNT(*) OVER ({label}))"


def _in_sample(features: Features, percent: float) -> list[str]:
    """No condition for all rows; else one on other digits of the hash than the split's."""
    if percent == 100:
        return []
    return [f"MOD(DIV({_hash(features.identifier)}, 10), 100000) < {round(percent * 1000)}"]
