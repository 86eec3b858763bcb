"""A mistake in config/ is told in one sentence that names file, key and way out."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from mlops.settings import ENVIRONMENTS, SettingsError, load_settings


@pytest.fixture
def copy(config: Path, tmp_path: Path) -> Path:
    """A configuration folder that a test may spoil."""
    return shutil.copytree(config, tmp_path / "config")


def spoil(folder: Path, file: str, old: str, new: str) -> None:
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_each_environment_loads(config: Path, environment: str) -> None:
    settings = load_settings(environment, config)
    assert settings.environment == environment
    assert settings.bucket == f"{settings.project}-mlops"
    assert settings.images.repository.endswith(f"{settings.project}/mlops")


def test_the_environment_is_laid_over_base(copy: Path) -> None:
    with (copy / "local.yaml").open("a", encoding="utf-8") as file:
        file.write("training:\n  epochs: 3\n")
    settings = load_settings("local", copy)
    assert settings.training.epochs == 3
    assert settings.training.patience == load_settings("dev", copy).training.patience


def test_the_environment_comes_from_the_variable(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLOPS_ENVIRONMENT", "staging")
    assert load_settings(config=config).environment == "staging"
    monkeypatch.delenv("MLOPS_ENVIRONMENT")
    assert load_settings(config=config).environment == "local"


def test_an_unknown_environment_is_refused(config: Path) -> None:
    with pytest.raises(SettingsError, match="'qa': choose local, dev, staging, prod"):
        load_settings("qa", config)


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("base.yaml", "\n  seed:", "\n  sed:", "training.seed is missing; add it"),
        ("base.yaml", "training:\n", "training:\n  sede: 1\n", "unknown key training.sede; remove"),
        ("local.yaml", "bucket:", "zone: a\nbucket:", "unknown key zone; remove"),
        ("local.yaml", "bucket:", "data: {sample_percent: 101}\nbucket:", "sample_percent is 101"),
        ("base.yaml", "  batch_size:", "  batch_size: many #", "training.batch_size is 'many'"),
        ("base.yaml", "sample_percent:", "sample_percent: 0 #", "data.sample_percent is 0"),
        ("base.yaml", "minimum_support:", "minimum_support: 0 #", "minimum_support is 0"),
        ("base.yaml", "slice_thresholds:", "slice_thresholds:\n    f1: {}",
         "evaluation.slice_thresholds.f1 needs a min or a max"),
        ("base.yaml", "heuristic:", "heuristic: hour #", "'hour' is no column"),
        ("base.yaml", "  arguments:", "  arguments: [--streaming] #", "must hold --runner=Fn"),
        ("base.yaml", "  arguments:", "  arguments: [--runner=SparkRunner] #", "or --runner=Data"),
        ("base.yaml", "  arguments:", "  arguments: [runner] #", "'runner' is no option"),
        ("local.yaml", "bucket:", "buckets:", "bucket is missing; add it"),
        ("local.yaml", "project:", "x: [", "local.yaml is not valid YAML"),
        ("local.yaml", "bucket:", "images: {}\nbucket:", "the key images is given twice"),
        ("local.yaml", "bucket:", "x: 2026-13-01\nbucket:", "not valid YAML: month must be in"),
        ("local.yaml", "bucket:", "bucket: ''  #", "bucket is ''; string should have at least 1"),
        ("local.yaml", "bucket:", "name: My Model\nbucket:", "name is 'My Model'; string should"),
        ("base.yaml", "hidden_units: [", "hidden_units: [0, ", "hidden_units.0 is 0"),
        ("base.yaml", "learning_rate:", "learning_rate: .inf #", "learning_rate is inf"),
        ("base.yaml", "slice_thresholds:", "slice_thresholds:\n    f1: {min: .nan}",
         "slice_thresholds.f1.min is nan; input should be a finite number"),
        ("features.yaml", "    role: bucketized", "    role: bucket", "latitude.role is 'bucket'"),
        ("features.yaml", "    scale: sqrt", "    skale: sqrt", "columns.trip_miles.skale; remove"),
        ("features.yaml", "buckets: 10", "", "latitude: a bucketized column needs buckets"),
        ("features.yaml", "vocabulary_size: 12", "", "month: a categorical column needs vocab"),
        ("features.yaml", "default: 41.88", "default: south", "'south' is not of type FLOAT"),
        ("features.yaml", "\ncolumns:", "\nslice_crosses: [[trip_start_day, hour]]\ncolumns:",
         "slice_crosses names hour, which is no column"),
        ("features.yaml", "of: [trip_start_hour]", "of: [hour]", "trip_hour is of hour, which is"),
        ("features.yaml", "of: [trip_start_hour]", "of: [company]", "company, which is not INT"),
        ("features.yaml", ", period: 24", "", "trip_hour: a cyclical feature, and no other, needs"),
        ("features.yaml", "of: [trip_start_hour]", "of: []", "trip_hour: cyclical is of 1 columns"),
        ("features.yaml", "name: trip_distance", "name: trip_miles", "trip_miles is declared"),
        ("features.yaml", "of: [pickup_community_area,", "of: [trip_miles,", "crosses trip_miles,"),
        ("features.yaml", "max: 86400", "max: -1", "trip_seconds: min is above max"),
        ("features.yaml", "name: trip_seconds", "name: trip_miles", "trip_miles is declared twice"),
        ("features.yaml", "role: identifier", "role: validated", "must have the role identifier"),
        ("features.yaml", "role: timestamp,", "role: validated,",
         "a TIMESTAMP cannot be extracted"),
        ("features.yaml", "values: [Cash,", "min: 1\n    values: [Cash,", "use values"),
        ("features.yaml", "role: label", "role: label, default: 0", "a label has no default"),
    ],
)  # fmt: skip
def test_a_mistake_names_its_file_and_key(
    copy: Path, file: str, old: str, new: str, message: str
) -> None:
    spoil(copy, file, old, new)
    with pytest.raises(SettingsError, match=message) as caught:
        load_settings("local", copy)
    assert str(copy / file) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_sensitive_column_is_a_slice_and_no_input(copy: Path) -> None:
    spoil(copy, "features.yaml", "    role: validated", "    role: sensitive")
    spoil(copy, "features.yaml", "Unknown]\n    slice: true", "Unknown]")
    features = load_settings("local", copy).features
    assert "payment_type" in {column.name for column in features.slices}
    assert "payment_type" not in {column.name for column in features.inputs}


def test_a_missing_file_is_named(copy: Path) -> None:
    (copy / "dev.yaml").unlink()
    with pytest.raises(SettingsError, match=r"dev\.yaml is missing: run this from"):
        load_settings("dev", copy)


def test_what_is_no_file_of_text_is_named(copy: Path) -> None:
    (copy / "dev.yaml").write_bytes(b"name: \xff")
    with pytest.raises(SettingsError, match=r"dev\.yaml is not valid YAML: 'utf-8' codec"):
        load_settings("dev", copy)
    (copy / "dev.yaml").unlink()
    (copy / "dev.yaml").mkdir()
    with pytest.raises(SettingsError, match=r"dev\.yaml cannot be read \(is a directory\)"):
        load_settings("dev", copy)
    with pytest.raises(SettingsError, match=r"dev\.yaml cannot be read \(not a directory\)"):
        load_settings("dev", copy / "base.yaml")


def test_a_regression_has_no_positives_to_weigh(copy: Path) -> None:
    spoil(copy, "base.yaml", "positive_weight: 1.0", "positive_weight: 5")
    features = copy / "features.yaml"
    text = features.read_text(encoding="utf-8")
    features.write_text(re.sub(r"(?m)^problem: \w+", "problem: regression", text), encoding="utf-8")
    with pytest.raises(SettingsError, match="a regression has none"):
        load_settings("local", copy)
