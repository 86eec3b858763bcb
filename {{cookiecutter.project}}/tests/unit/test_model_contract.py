"""Only the model that was trained, with the declared signature, is uploaded and served."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlops.features import Features
from mlops.registry.signature import SignatureError, check_signature
from mlops.serving.digest import ModelHashError, check_hash, hash_model

FEATURES = Features.model_validate(
    {
        "problem": "regression",
        "table": "project.dataset.table",
        "columns": [
            {"name": "key", "type": "STRING", "role": "identifier"},
            {"name": "miles", "type": "FLOAT", "role": "numeric"},
            {"name": "hour", "type": "INTEGER", "role": "categorical", "vocabulary_size": 24},
            {"name": "fare", "type": "FLOAT", "role": "label"},
        ],
    }
)
INPUTS = {"miles": "float32 [-1]", "hour": "int64 [-1]"}
OUTPUTS = {"prediction": "float32 [-1]"}


def test_the_declared_signature_is_accepted() -> None:
    check_signature(FEATURES, {"inputs": INPUTS, "outputs": OUTPUTS})


@pytest.mark.parametrize(
    ("inputs", "outputs", "message"),
    [
        (INPUTS | {"hour": "int32 [-1]"}, OUTPUTS, "hour is int32 [-1] instead of int64 [-1]"),
        (INPUTS | {"hour": "int64 [-1, 1]"}, OUTPUTS, "hour is int64 [-1, 1] instead of"),
        ({"miles": "float32 [-1]"}, OUTPUTS, "hour is missing instead of int64 [-1]"),
        (INPUTS | {"tips": "float32 [-1]"}, OUTPUTS, "tips is float32 [-1] instead of absent"),
        (INPUTS, {"score": "float32 [-1]"}, "of its outputs, prediction is missing"),
        ({}, {}, "miles is missing instead of float32 [-1]"),
    ],
)
def test_another_signature_is_refused(
    inputs: dict[str, str], outputs: dict[str, str], message: str
) -> None:
    with pytest.raises(SignatureError) as refused:
        check_signature(FEATURES, {"inputs": inputs, "outputs": outputs})
    assert message in str(refused.value)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    (tmp_path / "variables").mkdir()
    (tmp_path / "saved_model.pb").write_bytes(b"graph")
    (tmp_path / "variables/variables.index").write_bytes(b"weights")
    return tmp_path


def change_a_byte(model: Path) -> None:
    (model / "variables/variables.index").write_bytes(b"Weights")


def add_a_file(model: Path) -> None:
    (model / "assets").touch()


def rename_a_file(model: Path) -> None:
    (model / "variables/variables.index").rename(model / "variables/other.index")


def test_the_hash_is_of_what_lies_in_the_folder_wherever_it_is(model: Path) -> None:
    before = hash_model(str(model))
    moved = model.rename(model.with_name("moved"))
    assert hash_model(str(moved)) == before
    check_hash(str(moved), before, "gs://models/1")


@pytest.mark.parametrize("change", [change_a_byte, add_a_file, rename_a_file])
def test_a_changed_model_is_refused(model: Path, change: object) -> None:
    before = hash_model(str(model))
    assert callable(change)
    change(model)
    with pytest.raises(ModelHashError, match=r"gs://models/1 was changed since it was trained"):
        check_hash(str(model), before, "gs://models/1")


def test_a_place_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelHashError, match="no SavedModel at gs://models/2"):
        check_hash(str(tmp_path), "", "gs://models/2")
