"""The split by hash, as BigQuery computes it."""

from __future__ import annotations

import json
import sys

from tests.rehearsal.conftest import Rehearsal, succeed

KEYS = """
import json
from google.cloud import bigquery
from mlops.data.query import Split, select
from mlops.settings import load_settings

settings = load_settings()
client = bigquery.Client(project=settings.project)
key = settings.features.identifier.name


def keys(query):
    rows = query.rpartition("FROM `")[2]
    return [row[0] for row in client.query(f"SELECT {key} FROM `{rows}").result()]


splits = {split: keys(select(settings.features, split)) for split in Split}
whole = select(settings.features, Split.TRAIN).rpartition("MOD(ABS")[0] + "TRUE"
print(json.dumps({**splits, "whole": keys(whole)}))
"""


def read_keys(rehearsal: Rehearsal) -> dict[str, list[str]]:
    """The keys of each split, and of the whole data."""
    keys: dict[str, list[str]] = json.loads(
        succeed(rehearsal.localcloud("run", "--", sys.executable, "-c", KEYS))
    )
    return keys


def test_each_row_is_in_one_split_for_ever(rehearsal: Rehearsal) -> None:
    succeed(rehearsal.load_trips())
    first, again = read_keys(rehearsal), read_keys(rehearsal)
    whole = first.pop("whole")
    assert first == {split: again[split] for split in first}
    assert sorted(key for keys in first.values() for key in keys) == sorted(whole)
    assert len(set(whole)) == len(whole) > 1000
    assert 0.77 < len(first["train"]) / len(whole) < 0.83
