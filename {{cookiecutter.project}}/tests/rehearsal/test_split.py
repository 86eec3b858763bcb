"""Each rule that splits the rows, as BigQuery computes it: nothing leaks."""

from __future__ import annotations

import json
import sys
from statistics import mean

import pytest

from mlops.features import Problem
from mlops.settings import load_features
from tests.rehearsal.conftest import Rehearsal, succeed

# prints, of each rule, the rows of each split and of the whole data: key, group, label, and moment
# in seconds
READ = """
import json, sys
from google.cloud import bigquery
from mlops.data.query import Split, select
from mlops.features import SplitRule
from mlops.settings import load_settings

settings = load_settings()
client = bigquery.Client(project=settings.project)
declared = settings.features
label = f"CAST({declared.label.sql or declared.label.name} AS FLOAT64) AS label"
moment = "UNIX_SECONDS(trip_start_timestamp)"
names = f"{declared.identifier.name}, pickup_community_area, {label}, {moment}"


def read(rows):
    return [list(row) for row in client.query(f"SELECT {names} FROM `{rows}").result()]


def read_splits(rule):
    features = declared.model_copy(update={"split": SplitRule.model_validate(rule)})
    return {split: read(select(features, split).partition("FROM `")[2]) for split in Split}


where = f" WHERE {declared.where}" if declared.where else ""
whole = read(f"{declared.table}`{where}")
print(json.dumps([{**read_splits(rule), "whole": whole} for rule in json.loads(sys.argv[1])]))
"""
RULES = [
    {"by": "hash"},
    {"by": "group", "column": "pickup_community_area"},
    {"by": "time", "eval_from": "2015-07-01", "test_from": "2016-01-01"},
    *([{"by": "stratified"}] if load_features().problem is Problem.CLASSIFICATION else []),
]
Rows = list[tuple[str, str, float, int]]


@pytest.fixture(scope="module")
def found(rehearsal: Rehearsal) -> list[dict[str, Rows]]:
    """By rule, and by the first one once more: the rows by split, and of the `whole` data."""
    succeed(rehearsal.load_trips())
    rules = json.dumps([*RULES, RULES[0]])
    rows: list[dict[str, Rows]] = json.loads(
        succeed(rehearsal.localcloud("run", "--", sys.executable, "-c", READ, rules))
    )
    return rows


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["by"])
def test_each_row_is_in_one_split_and_nothing_leaks(
    found: list[dict[str, Rows]], rule: dict[str, str]
) -> None:
    splits = dict(found[RULES.index(rule)])
    whole = splits.pop("whole")
    assert sorted(key for rows in splits.values() for key, *_ in rows) == sorted(
        key for key, *_ in whole
    )
    assert len({key for key, *_ in whole}) == len(whole) > 1000
    assert all(len(rows) > 100 for rows in splits.values())
    groups = [{group for _, group, *_ in rows} for rows in splits.values()]
    moments = [[moment for *_, moment in rows] for rows in splits.values()]
    match rule["by"]:
        case "hash":
            assert 0.77 < len(splits["train"]) / len(whole) < 0.83
        case "stratified":
            shares = [mean(label for *_, label, _ in rows) for rows in splits.values()]
            assert max(shares) - min(shares) < 0.01
            assert 0.79 < len(splits["train"]) / len(whole) < 0.81
        case "group":
            assert sum(map(len, groups)) == len(set.union(*groups))
        case "time":
            train, held_out, test = moments
            assert max(train) < min(held_out) <= max(held_out) < min(test)


def test_a_row_stays_in_its_split(found: list[dict[str, Rows]]) -> None:
    first, again = ({name: sorted(rows) for name, rows in found[i].items()} for i in (0, -1))
    assert first == again
