"""How columns are hidden, and what is said of rows that look alike."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import ValidationError

from mlops.features import Column, Features, Treatment
from mlops.privacy.deidentification import (
    DeidentificationError,
    deidentify,
    deidentify_config,
    subject_of,
)
from mlops.privacy.erasure import ErasureError, erase
from mlops.privacy.k_anonymity import Risk, describe, summarise
from mlops.privacy_settings import KAnonymity, Key, Privacy
from mlops.settings import load_features, load_settings

KEY = Key(kms_key="projects/p/locations/l/keyRings/r/cryptoKeys/k", wrapped_key="bG9jYWxjbG91ZA==")


@pytest.fixture
def features(config: Path) -> Features:
    return load_features(config)


def test_each_treatment_becomes_a_transformation_of_dlp(features: Features) -> None:
    treated = {
        "a": Treatment.TOKEN,
        "b": Treatment.MASK,
        "c": Treatment.REDACT,
        "d": Treatment.DATE_SHIFT,
        "e": Treatment.DROP,
    }
    privacy = Privacy(key=KEY, shift_days=7, subject="person")
    config = deidentify_config(features, treated, privacy)["record_transformations"]
    found = {each["fields"][0]["name"]: each for each in config["field_transformations"]}
    assert set(found) == {"a", "b", "c", "d"}
    token = found["a"]["primitive_transformation"]["crypto_deterministic_config"]
    assert token["crypto_key"]["kms_wrapped"]["wrapped_key"] == b"localcloud"
    shift = found["d"]["primitive_transformation"]["date_shift_config"]
    assert (shift["lower_bound_days"], shift["upper_bound_days"]) == (-7, 7)
    assert shift["context"] == {"name": "person"}
    (redacted,) = found["c"]["info_type_transformations"]["transformations"]
    assert "replace_with_info_type_config" in redacted["primitive_transformation"]


def test_the_identifier_tells_whose_row_it_is_unless_another_column_does(
    features: Features,
) -> None:
    assert subject_of(features, Privacy()) == features.identifier.name
    assert subject_of(features, Privacy(subject="person")) == "person"


@pytest.mark.parametrize(
    ("target", "privacy", "told"),
    [
        ("p.d", Privacy(key=KEY), "PROJECT.DATASET.TABLE"),
        ("", Privacy(key=KEY), "source itself"),
        ("p.d.t", Privacy(), "privacy.key"),
    ],
)
def test_mistakes_are_told_before_anything_is_read(
    features: Features, target: str, privacy: Privacy, told: str
) -> None:
    nothing: Any = SimpleNamespace()
    with pytest.raises(DeidentificationError, match=re.escape(told)):
        list(deidentify(nothing, nothing, "p", features, privacy, target or features.table))


@pytest.mark.parametrize(
    ("column", "told"),
    [
        ({"type": "INTEGER", "privacy": "token"}, "STRING"),
        ({"type": "STRING", "privacy": "date_shift"}, "TIMESTAMP"),
        ({"type": "STRING", "privacy": "mask", "sql": "UPPER(x)"}, "derives"),
        ({"type": "STRING", "privacy": "hide"}, "token"),
    ],
)
def test_a_treatment_must_fit_its_column(column: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        Column(name="x", role="validated", **column)


def test_nobody_is_erased_without_a_key_to_remember_them_by(config: Path) -> None:
    settings = load_settings("local", config).model_copy(update={"privacy": Privacy()})
    nothing: Any = SimpleNamespace()
    with pytest.raises(ErasureError, match=r"privacy\.key"):
        list(erase(settings, "x", nothing, nothing, nothing, really=True))


def bucket(low: int, high: int, count: int, *shown: int) -> Any:
    return SimpleNamespace(
        equivalence_class_size_lower_bound=low,
        equivalence_class_size_upper_bound=high,
        bucket_size=count,
        bucket_value_count=count,
        bucket_values=[SimpleNamespace(equivalence_class_size=size) for size in shown],
    )


@pytest.mark.parametrize(
    ("buckets", "risk"),
    [
        ([bucket(1, 1, 1, 1), bucket(8, 15, 3)], Risk(4, 1, 1, 0)),
        ([bucket(4, 7, 3, 4, 5, 7)], Risk(3, 4, 1, 0)),  # DLP shows them all
        ([bucket(4, 7, 30, *[4] * 20)], Risk(30, 4, 20, 10)),  # and here only some
        ([bucket(8, 15, 2)], Risk(2, 8, 0, 0)),
        ([], Risk(0, 0, 0, 0)),
    ],
)
def test_combinations_of_too_few_rows_are_counted(buckets: list[Any], risk: Risk) -> None:
    assert summarise(buckets, 5) == risk
    told = "\n".join(describe(risk, KAnonymity(quasi_identifiers=("sex", "age"), k=5)))
    assert ("is 5-anonymous" in told) == (not risk.below and not risk.perhaps)
    assert ("Not 5-anonymous" in told) == bool(risk.below or risk.perhaps)
