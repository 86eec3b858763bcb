"""Publish predictions and dead letters once no row is lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlops.batch_prediction.query import count, publication

if TYPE_CHECKING:
    from google.cloud import bigquery

    from mlops.batch_prediction.tables import Outputs
    from mlops.features import Features


class LostRowsError(RuntimeError):
    """Some rows have neither a prediction nor a dead letter, or more than one."""


@dataclass(frozen=True)
class Counts:
    """How many rows went in, and what became of them."""

    rows: int
    predictions: int
    dead_letters: int

    def check(self) -> None:
        """Raises LostRowsError unless each row has become one thing."""
        if self.rows != self.predictions + self.dead_letters:
            raise LostRowsError(
                f"{self.rows} rows went in, but {self.predictions} predictions and"
                f" {self.dead_letters} dead letters came out: nothing is published; run it again."
            )


def publish(
    client: bigquery.Client,
    features: Features,
    rows: str,
    predicted: str,
    failed: str,
    version: str,
    outputs: Outputs,
) -> Counts:
    """Replaces what readers know with the results of a run; arguments as in `publication`.

    Raises:
        LostRowsError: rows are lost; nothing has changed.
    """
    (found,) = client.query(count(rows, predicted, failed)).result()
    counts = Counts(found.row_count, found.prediction_count, found.dead_letter_count)
    counts.check()
    script = publication(features, rows, predicted, failed, version, outputs)
    client.query(script).result()
    return counts
