"""The SQL follows the declaration."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlglot
from pydantic import ValidationError

from mlops.data.query import TENTHS, Split, export, select
from mlops.features import Features, Problem, Role, SplitRule
from mlops.settings import load_features


@pytest.fixture(scope="session")
def features(config: Path) -> Features:
    return load_features(config)


@pytest.mark.parametrize("split", Split)
def test_it_selects_the_extracted_columns_in_order(features: Features, split: Split) -> None:
    query = sqlglot.parse_one(select(features, split), dialect="bigquery")
    assert query.named_selects == [column.name for column in features.extracted]
    kept = {Role.IDENTIFIER, Role.TIMESTAMP}
    assert not {c.name for c in features.columns if c.role in kept} & set(query.named_selects)


@pytest.mark.parametrize("split", Split)
def test_it_keeps_the_rows_of_the_declaration_and_of_the_split(
    features: Features, split: Split
) -> None:
    query = select(features, split)
    first, last = TENTHS[split]
    assert f"CAST(unique_key AS STRING), ''))), 10) BETWEEN {first} AND {last}" in query
    assert f"FROM `{features.table}`" in query
    assert features.where is None or f"WHERE ({features.where})\n  AND" in query


def test_no_input_is_made_of_tips_or_of_the_way_to_pay(features: Features) -> None:
    for column in features.inputs:
        read = {node.name for node in sqlglot.parse_one(column.sql or column.name).find_all(
            sqlglot.exp.Column
        )}  # fmt: skip
        assert not read & {"tips", "payment_type", features.label.name}


def test_splits_cover_all_tenths_once() -> None:
    tenths = [tenth for first, last in TENTHS.values() for tenth in range(first, last + 1)]
    assert sorted(tenths) == list(range(10))


def test_a_split_by_group_hashes_the_group(features: Features) -> None:
    rule = SplitRule(by="group", column="pickup_community_area")
    query = select(features.model_copy(update={"split": rule}), Split.TRAIN)
    assert "FARM_FINGERPRINT(IFNULL(CAST(pickup_community_area AS STRING), ''))" in query
    assert "unique_key" not in query


def test_a_split_by_time_has_no_gap_and_no_overlap(features: Features) -> None:
    rule = SplitRule(by="time", eval_from=date(2015, 7, 1), test_from=date(2016, 1, 1))
    timed = features.model_copy(update={"split": rule})
    train, held_out, test = (select(timed, split) for split in Split)
    assert "trip_start_timestamp < TIMESTAMP '2015-07-01'" in train
    assert "trip_start_timestamp >= TIMESTAMP '2015-07-01'" in held_out
    assert "trip_start_timestamp < TIMESTAMP '2016-01-01'" in held_out
    assert "trip_start_timestamp >= TIMESTAMP '2016-01-01'" in test


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"by": "stratified", "column": "company"}, "needs column"),
        ({"by": "group"}, "needs column"),
        ({"by": "hash", "column": "company"}, "needs column"),
        ({"by": "time", "eval_from": "2015-07-01"}, "needs eval_from and test_from"),
        ({"eval_from": "2015-07-01", "test_from": "2016-01-01"}, "needs eval_from and test_from"),
        (
            {"by": "time", "eval_from": "2016-01-01", "test_from": "2016-01-01"},
            "eval_from must be before test_from",
        ),
        ({"by": "group", "column": "driver"}, "driver is not declared"),
        ({"by": "luck"}, "'hash', 'group', 'time' or 'stratified'"),
    ],
)
def test_a_split_that_cannot_be_is_refused(
    features: Features, rule: dict[str, str], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        Features.model_validate(features.model_dump() | {"split": rule})


def test_numbers_have_no_strata(features: Features) -> None:
    numbers = {"problem": Problem.REGRESSION, "split": {"by": "stratified"}}
    with pytest.raises(ValidationError, match="by the label of a classification"):
        Features.model_validate(features.model_dump() | numbers)


def exported(features: Features, **arguments: Any) -> list[sqlglot.Expression]:
    """The statements of the script that extracts the data."""
    script = export(features, "gs://bucket/data", **arguments)
    table, *exports = filter(None, sqlglot.parse(script, dialect="bigquery"))
    return [table.expression, *exports]


def test_the_table_is_read_once_and_each_split_is_written_to_its_folder(
    features: Features,
) -> None:
    script = export(features, "gs://bucket/data")
    assert script.count(f"FROM `{features.table}`") == 1
    for split in Split:
        assert f"uri = 'gs://bucket/data/{split}/*.parquet', format = 'PARQUET'" in script
        assert f"FROM extracted WHERE mlops_split = '{split}'" in script


def test_a_column_that_the_table_lacks_is_left_to_validation(features: Features) -> None:
    names = {column.name for column in features.columns} - {"trip_miles"}
    query = exported(features, available=names)[0]
    assert "trip_miles" not in query.named_selects
    assert "trip_start_hour" in query.named_selects


def test_a_sample_is_chosen_by_other_digits_than_the_split(features: Features) -> None:
    digits = "MOD(DIV(ABS(FARM_FINGERPRINT(IFNULL(CAST(unique_key AS STRING), ''))), 10), 100000)"
    assert digits not in export(features, "gs://bucket/data")
    assert f"{digits} < 100" in export(features, "gs://bucket/data", sample_percent=0.1)
