"""Bad data is named: column and reason."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from mlops.data.proposals import propose_changes
from mlops.data.query import Split
from mlops.data.schema import Environment, build_schema
from mlops.data.statistics import generate_statistics, load_statistics
from mlops.data.validation import DataValidationError, compare, list_anomalies, validate
from mlops.settings import Settings
from tests.ml.extracts import sample, write_extract


def check(settings: Settings, trips: pd.DataFrame, folder: Path) -> list[dict[str, str]]:
    """Validates trips; gives the report."""
    data = write_extract(settings.features, trips, folder / "data")
    report = folder / "report"
    validate(settings.features, data, str(folder / "stats"), str(report), settings.beam.arguments)
    return json.loads((report / "anomalies.json").read_text())


def ways_to_pay(settings: Settings) -> tuple[str, ...]:
    return next(c.values for c in settings.features.columns if c.name == "payment_type")


def test_clean_data_has_no_anomaly(settings: Settings, trips: pd.DataFrame, tmp_path: Path) -> None:
    assert check(settings, trips, tmp_path) == []
    assert "The data is as declared" in (tmp_path / "report/anomalies.html").read_text()


@pytest.mark.parametrize(
    ("corrupt", "column", "reason", "key", "value"),
    [
        (sample.with_unknown_category, "payment_type", "Unexpected string values", "values",
         lambda settings: [*ways_to_pay(settings), "Cryptocurrency"]),
        (sample.with_out_of_range, "trip_miles", "Out-of-range values", "max", lambda _: 99_999),
        (sample.with_missing_column, "trip_miles", "Column dropped", "name", lambda _: None),
    ],
)  # fmt: skip
def test_bad_data_is_reported_by_column_and_reason(
    settings: Settings,
    trips: pd.DataFrame,
    tmp_path: Path,
    corrupt: Callable[[pd.DataFrame], pd.DataFrame],
    column: str,
    reason: str,
    key: str,
    value: Callable[[Settings], object],
) -> None:
    with pytest.raises(DataValidationError, match=f"{column} .train.: {reason}"):
        check(settings, corrupt(trips), tmp_path)
    report = json.loads((tmp_path / "report/anomalies.json").read_text())
    assert {(anomaly["column"], anomaly["reason"]) for anomaly in report} == {(column, reason)}
    page = (tmp_path / "report/anomalies.html").read_text()
    assert "Stopped" in page
    parts = [load_statistics(str(tmp_path / "stats"), split) for split in Split]
    (proposal,) = propose_changes(settings.features, parts)
    assert (proposal.column, proposal.key, proposal.value) == (column, key, value(settings))
    assert f"<td>{column}</td><td>train</td><td>{reason}</td>" in page


def test_a_split_without_rows_stops(
    settings: Settings, trips: pd.DataFrame, tmp_path: Path
) -> None:
    data = write_extract(settings.features, trips, tmp_path / "data")
    for file in Path(data, Split.EVAL).glob("*.parquet"):
        pd.read_parquet(file).head(0).to_parquet(file, index=False)
    outputs = (str(tmp_path / name) for name in ("stats", "report"))
    with pytest.raises(DataValidationError, match=r"the whole table \(eval\): No rows"):
        validate(settings.features, data, *outputs, settings.beam.arguments)


def test_statistics_of_a_part_in_a_file_of_its_own_are_read(
    settings: Settings, trips: pd.DataFrame, tmp_path: Path
) -> None:
    data = write_extract(settings.features, trips, tmp_path / "data")
    output, schema = str(tmp_path / "stats"), build_schema(settings.features)
    generate_statistics(data, output, schema, settings.beam.arguments, [Split.TRAIN])
    expected = load_statistics(output, Split.TRAIN)
    assert expected.datasets[0].num_examples
    Path(output, "statistics.tfrecord").rename(Path(output, "train.tfrecord"))
    assert load_statistics(output, Split.TRAIN) == expected


def test_the_schema_in_config_is_that_of_the_declaration(config: Path, settings: Settings) -> None:
    written = text_format.Parse((config / "schema.pbtxt").read_text(), schema_pb2.Schema())
    assert written == build_schema(settings.features), "it is stale: run `make schema`"


def test_a_batch_of_inputs_alone_is_fine_only_at_serving(
    settings: Settings, trips: pd.DataFrame, tmp_path: Path
) -> None:
    features = settings.features
    inputs = features.model_copy(update={"columns": features.inputs})
    data = write_extract(inputs, trips, tmp_path / "data")
    schema = build_schema(features)
    generate_statistics(data, str(tmp_path / "stats"), schema, settings.beam.arguments)
    statistics = load_statistics(str(tmp_path / "stats"), Split.TEST)
    missing = {
        environment: {
            anomaly.column
            for anomaly in list_anomalies(compare(statistics, schema, environment), Split.TEST)
        }
        for environment in Environment
    }
    assert missing == {
        Environment.TRAINING: {features.label.name, "payment_type"},
        Environment.SERVING: set(),
    }


def test_rows_to_predict_need_no_label_but_all_that_the_model_reads(
    settings: Settings, trips: pd.DataFrame, tmp_path: Path
) -> None:
    features = settings.features
    data = Path(write_extract(features, sample.with_out_of_range(trips), tmp_path / "data"))
    inputs = [column.name for column in features.inputs]
    for name, bad in (("good", False), ("bad", True)):
        rows = pd.read_parquet(data / "train")[inputs]
        folder = tmp_path / name / "serving"
        folder.mkdir(parents=True)
        rows[(rows["trip_miles"] < 2000) | bad].to_parquet(folder / "rows.parquet", index=False)

    def check_serving(name: str) -> None:
        validate(
            features,
            str(tmp_path / name),
            str(tmp_path / f"{name}-statistics"),
            str(tmp_path / f"{name}-report"),
            settings.beam.arguments,
            parts=["serving"],
            environment=Environment.SERVING,
        )

    check_serving("good")
    with pytest.raises(DataValidationError, match=r"trip_miles \(serving\): Out-of-range"):
        check_serving("bad")
