"""A sample of the training data is small, evenly spread, and no more than what is watched."""

from __future__ import annotations

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mlops.monitoring.baseline import sample_rows

ROWS, GROUPS = 1000, 10


@pytest.fixture
def file() -> io.BytesIO:
    """A Parquet file of ten groups, whose every fourth row has no `name`."""
    numbers = list(range(ROWS))
    names = [None if number % 4 == 0 else "a" for number in numbers]
    made = io.BytesIO()
    table = pa.table({"number": numbers, "name": names, "secret": numbers})
    pq.write_table(table, made, row_group_size=ROWS // GROUPS)
    made.seek(0)
    return made


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (5000, list(range(ROWS))),
        (200, [*range(100), *range(500, 600)]),
        (25, list(range(0, 100, 4))),
    ],
)
def test_rows_are_spread_over_the_groups(file: io.BytesIO, count: int, expected: list[int]) -> None:
    assert [row["number"] for row in sample_rows(file, ["number"], count)] == expected


def test_a_row_has_what_is_asked_for_and_there(file: io.BytesIO) -> None:
    rows = list(sample_rows(file, ["number", "name", "gone"], ROWS))
    assert rows[:2] == [{"number": 0}, {"number": 1, "name": "a"}]


def test_a_file_without_rows_gives_none() -> None:
    made = io.BytesIO()
    pq.write_table(pa.table({"number": pa.array([], pa.int64())}), made)
    made.seek(0)
    assert list(sample_rows(made, ["number"], ROWS)) == []
