"""Each rule that splits the rows, as BigQuery computes it: nothing leaks."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from tests.rehearsal.conftest import Rehearsal, succeed

# prints, of each split and of the whole data, the rows' keys, groups and moments (in seconds)
READ = """
import json, sys
from google.cloud import bigquery
from mlops.data.query import Split, select
from mlops.features import SplitRule
from mlops.settings import load_settings

settings = load_settings()
client = bigquery.Client(project=settings.project)
rule = SplitRule.model_validate(json.loads(sys.argv[1]))
features = settings.features.model_copy(update={"split": rule})
names = f"{features.identifier.name}, pickup_community_area, UNIX_SECONDS(trip_start_timestamp)"


def read(rows):
    return [list(row) for row in client.query(f"SELECT {names} FROM `{rows}").result()]


splits = {split: read(select(features, split).partition("FROM `")[2]) for split in Split}
where = f" WHERE {features.where}" if features.where else ""
print(json.dumps({**splits, "whole": read(f"{features.table}`{where}")}))
"""
RULES = [
    {"by": "hash"},
    {"by": "group", "column": "pickup_community_area"},
    {"by": "time", "eval_from": "2015-07-01", "test_from": "2016-01-01"},
]


def read_rows(rehearsal: Rehearsal, rule: dict[str, str]) -> dict[str, list[Any]]:
    """Key, group and moment of each row, by split, and of the `whole` data."""
    rows: dict[str, list[Any]] = json.loads(
        succeed(rehearsal.localcloud("run", "--", sys.executable, "-c", READ, json.dumps(rule)))
    )
    return rows


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["by"])
def test_each_row_is_in_one_split_and_nothing_leaks(
    rehearsal: Rehearsal, rule: dict[str, str]
) -> None:
    succeed(rehearsal.load_trips())
    splits = read_rows(rehearsal, rule)
    whole = splits.pop("whole")
    assert sorted(key for rows in splits.values() for key, *_ in rows) == sorted(
        key for key, *_ in whole
    )
    assert len({key for key, *_ in whole}) == len(whole) > 1000
    assert all(len(rows) > 100 for rows in splits.values())
    groups = [{group for _, group, _ in rows} for rows in splits.values()]
    moments = [[moment for *_, moment in rows] for rows in splits.values()]
    match rule["by"]:
        case "hash":
            assert 0.77 < len(splits["train"]) / len(whole) < 0.83
        case "group":
            assert sum(map(len, groups)) == len(set.union(*groups))
        case "time":
            train, held_out, test = moments
            assert max(train) < min(held_out) <= max(held_out) < min(test)


def test_a_row_stays_in_its_split(rehearsal: Rehearsal) -> None:
    succeed(rehearsal.load_trips())
    assert read_rows(rehearsal, RULES[0]) == read_rows(rehearsal, RULES[0])
