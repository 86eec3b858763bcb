"""What AutoML writes in a batch prediction: the table's columns, and its own answer beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops.features import Problem

if TYPE_CHECKING:
    from google.cloud import bigquery

    from mlops.features import Features


def answer_field(features: Features) -> str:
    """The column of AutoML's answers."""
    return f"predicted_{features.label.name}"


def score(client: bigquery.Client, features: Features, table: str) -> str:
    """The expression of an answer as a number: of class 1 its probability.

    Args:
        client: of the project that the table belongs to.
        features: the declaration of the data.
        table: `PROJECT.DATASET.TABLE` of answers.
    """
    answer = answer_field(features)
    if features.problem is Problem.REGRESSION:
        return f"{answer}.value"
    rows = client.query(f"SELECT {answer}.classes AS classes FROM `{table}` LIMIT 1").result()
    classes = next((list(row.classes) for row in rows), ["1"])
    return f"{answer}.scores[OFFSET({classes.index('1')})]"


def key_results(
    client: bigquery.Client, features: Features, predictions: str, errors: str
) -> tuple[str, str]:
    """Writes both tables of a job anew, in the form of a job with a key field.

    Args:
        client: of the project that the tables belong to.
        features: the declaration of the data, whose identifier becomes the key.
        predictions: the job's table, with the columns of what it read.
        errors: likewise, with the column `errors`; empty when there is none.

    Returns:
        The tables of `key` and `prediction`, and of `key` and `errors`.
    """
    key = f"CAST({features.identifier.name} AS STRING) AS key"
    keyed = {predictions: f"{score(client, features, predictions)} AS prediction", errors: "errors"}
    for table, column in keyed.items():
        if table:
            client.query(
                f"CREATE OR REPLACE TABLE `{table}_keyed` AS SELECT {key}, {column} FROM `{table}`"
            ).result()
    return f"{predictions}_keyed", f"{errors}_keyed" if errors else ""
