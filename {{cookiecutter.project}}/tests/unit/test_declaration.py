"""Proposals change config/features.yaml only where they must, and only as a patch."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from mlops.data.declaration import amend, propose_patch
from mlops.features import Column
from mlops.settings import load_features

CHANGES = [
    ("trip_miles", "max", 99_999),  # in a block, there already
    ("pickup_latitude", "drift_threshold", 0.25),  # in a block, new
    ("fare", "min", -5),  # in braces
    ("unique_key", "default", "a, b: [c]"),  # in braces, new, to be quoted
    ("payment_type", "values", ["Cash", "No Charge", "Yes: no"]),
]


def test_only_what_changes_is_amended(config: Path) -> None:
    before = (config / "features.yaml").read_text()
    after = amend(before, CHANGES)
    columns = {column["name"]: column for column in yaml.safe_load(after)["columns"]}
    for column, key, value in CHANGES:
        assert columns[column].pop(key) == value
    changed = set(after.splitlines()) - set(before.splitlines())
    assert len(changed) == len(CHANGES)
    assert [line for line in before.splitlines() if line.startswith("#")] == [
        line for line in after.splitlines() if line.startswith("#")
    ]


def test_the_proposal_is_a_patch_that_git_applies(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    declaration = Path("config/features.yaml")
    declaration.parent.mkdir()
    before = (config / "features.yaml").read_text()
    declaration.write_text(before)
    proposals = [
        {"column": "trip_miles", "key": "max", "value": 3000, "reason": "the largest is 2999.5"},
        {"column": "fare", "key": "default", "value": None, "reason": "7 rows have no value"},
    ]
    patch = Path("build/features.patch")
    told = "\n".join(propose_patch(declaration, proposals, patch))
    assert "fare: default: 7 rows have no value (what to do, only you can tell)" in told
    assert declaration.read_text() == before
    subprocess.run(["git", "apply", "--unsafe-paths", str(patch)], check=True)
    (miles,) = (c for c in load_features(Path("config")).columns if c.name == "trip_miles")
    assert miles.max == 3000


def test_data_as_declared_changes_nothing(config: Path, tmp_path: Path) -> None:
    told = list(propose_patch(config / "features.yaml", [], tmp_path / "features.patch"))
    assert told[0].endswith("nothing to propose.")
    assert not (tmp_path / "features.patch").exists()


@pytest.mark.parametrize(
    ("declared", "places"),
    [
        ({"min": 1, "max": 12}, range(1, 13)),
        ({"min": 1, "max": 12, "default": 12}, range(1, 13)),
        ({"min": 1, "max": 11, "default": 0}, range(1, 12)),
        ({"min": 0.5, "max": 2.5}, range(1, 3)),
        ({"min": 1, "max": 12, "default": 0}, None),  # the default finds no room
        ({"min": 1, "max": 13}, None),
        ({"min": 1}, None),
        ({"type": "STRING"}, None),
    ],
)
def test_a_category_of_numbers_needs_no_vocabulary_if_all_of_them_fit(
    declared: dict[str, Any], places: range | None
) -> None:
    column = {"name": "month", "type": "INTEGER", "role": "categorical", "vocabulary_size": 12}
    assert Column.model_validate(column | declared).places == places
