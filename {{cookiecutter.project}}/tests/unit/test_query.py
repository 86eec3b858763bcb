"""The SQL follows the declaration."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlglot

from mlops.data.query import TENTHS, Split, export, select
from mlops.features import Features, Role
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
    assert f"MOD(ABS(FARM_FINGERPRINT(unique_key)), 10) BETWEEN {first} AND {last}" in query
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


def test_a_column_that_the_table_lacks_is_left_to_validation(features: Features) -> None:
    names = {column.name for column in features.columns} - {"trip_miles"}
    query = sqlglot.parse_one(select(features, Split.EVAL, available=names), dialect="bigquery")
    assert "trip_miles" not in query.named_selects
    assert "trip_start_hour" in query.named_selects


def test_a_sample_is_chosen_by_other_digits_than_the_split(features: Features) -> None:
    assert "DIV" not in select(features, Split.TRAIN)
    assert "MOD(DIV(ABS(FARM_FINGERPRINT(unique_key)), 10), 100000) < 100" in select(
        features, Split.TRAIN, sample_percent=0.1
    )


def test_the_export_writes_parquet_to_the_folder() -> None:
    statement = export("SELECT 1", "gs://bucket/data/train")
    assert "uri = 'gs://bucket/data/train/*.parquet'" in statement
    assert "format = 'PARQUET'" in statement
    assert statement.endswith("AS\nSELECT 1")
