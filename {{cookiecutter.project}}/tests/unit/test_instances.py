"""JSON instances become columns, whatever way their values are written."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mlops.serving.instances import Field, InstanceError, read_columns

FIELDS = (
    Field("miles", np.dtype(np.float32), 7.0),
    Field("hour", np.dtype(np.int64)),
    Field("small", np.dtype(np.uint8), 1),
    Field("company", np.dtype(object), "none"),
    Field("shared", np.dtype(bool), False),
)
GOOD = {"miles": 2.5, "hour": 3, "small": 4, "company": "Zürich", "shared": True}
LARGE = 2**53 + 1  # no float64 is it


def read(*changes: dict[str, Any]) -> dict[str, list[Any]]:
    columns = read_columns(FIELDS, [GOOD | change for change in changes])
    assert [column.dtype for column in columns.values()] == [field.dtype for field in FIELDS]
    return {name: column.tolist() for name, column in columns.items()}


def test_rows_keep_their_order_and_columns_the_fields_order() -> None:
    columns = read({"hour": 1}, {"hour": 2, "company": "x"}, {"hour": 3})
    assert list(columns) == [field.name for field in FIELDS]
    assert columns["hour"] == [1, 2, 3]
    assert columns["company"] == ["Zürich".encode(), b"x", "Zürich".encode()]


def test_null_is_the_default() -> None:
    nothing = dict.fromkeys(("miles", "small", "company", "shared"))
    columns = read({}, nothing)
    del columns["hour"]
    assert [column[1] for column in columns.values()] == [7.0, 1, b"none", False]


@pytest.mark.parametrize("others", [{}, {"hour": LARGE}])  # read at once, and one by one
def test_whole_numbers_may_come_as_floats_and_floats_as_whole_numbers(
    others: dict[str, Any],
) -> None:
    columns = read(others, {"hour": -3.0, "miles": 2, "small": 255.0})
    assert columns["hour"] == [others.get("hour", 3), -3]
    assert (columns["miles"][1], columns["small"][1]) == (2.0, 255)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"hour": None}, "field hour must be an integer"),
        ({"hour": 2**63}, "field hour must be an integer"),
        ({"hour": float("inf")}, "field hour must be an integer"),
        ({"hour": "3"}, "field hour must be an integer"),
        ({"small": -1}, "field small must be an integer or null"),
        ({"small": 256}, "field small must be an integer or null"),
        ({"small": True}, "field small must be an integer or null"),
        ({"miles": 10**400}, "field miles must be a number or null"),
        ({"miles": [1]}, "field miles must be a number or null"),
        ({"company": "\ud800"}, "field company must be a string or null"),
        ({"shared": "true"}, "field shared must be a boolean or null"),
        ({"other": 1}, "field other is unknown"),
    ],
)
def test_the_first_mistake_is_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InstanceError, match=f"instance 1: {message}"):
        read({}, change, {"hour": "later"})


@pytest.mark.parametrize("instance", [3, None, "text!", ["a", "b", "c", "d", "e"]])
def test_what_is_no_object_is_refused(instance: Any) -> None:
    with pytest.raises(InstanceError, match="instance 0 must be an object"):
        read_columns(FIELDS, [instance])


def test_a_model_with_one_field_takes_bare_values() -> None:
    only = [Field("x", np.dtype(np.float32))]
    assert read_columns(only, [1, {"x": 2.5}])["x"].tolist() == [1.0, 2.5]
    with pytest.raises(InstanceError, match="instance 0: field x must be a number"):
        read_columns(only, ["one"])
