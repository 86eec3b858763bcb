"""Where bqemulator 1.4.0 answers otherwise than BigQuery, and what sets it right.

Each module replaces the functions of bqemulator that its `apply` names. bqemulator's version is
pinned and the tests go through Google's client, so that a newer one that no longer needs a
correction, or no longer takes it, is noticed.
"""

from localcloud.bigquery.corrections import (
    errors,
    exports,
    identifiers,
    jobs,
    names,
    reads,
    results,
    sandbox,
    tables,
    uploads,
)

CORRECTIONS = (
    errors,
    exports,
    identifiers,
    jobs,
    names,
    reads,
    results,
    sandbox,
    tables,
    uploads,
)


def apply() -> None:
    """Correct bqemulator in this process, before its server is made."""
    for correction in CORRECTIONS:
        correction.apply()
