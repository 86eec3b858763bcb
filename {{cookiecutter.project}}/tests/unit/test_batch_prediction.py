"""The SQL of a batch prediction follows the declaration, and no row may be lost."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlglot

from mlops.batch_prediction.publication import Counts, LostRowsError
from mlops.batch_prediction.query import count, publication, quote, selection
from mlops.batch_prediction.tables import RunTables, name_outputs, name_run
from mlops.features import Features
from mlops.pipelines.runs import batch_prediction_parameters
from mlops.settings import BatchPrediction, SettingsError, load_features, load_settings

TABLES = RunTables("p.d_runs.rows", "p.d_runs.instances")
OUTPUTS = name_outputs("p.d")


@pytest.fixture(scope="session")
def features(config: Path) -> Features:
    return load_features(config)


def select(features: Features, *missing: str) -> list[sqlglot.Expression]:
    """The statements that select the rows of a table without some columns."""
    names = {column.name for column in features.columns} - set(missing)
    script = selection(features, TABLES, "gs://b/rows", max_bad_percent=2, available=names)
    return [each for each in sqlglot.parse(script, dialect="bigquery") if each]


def test_the_identifier_stays_beside_the_inputs_and_nothing_else_does(features: Features) -> None:
    rows, instances, export = select(features)
    read = rows.find(sqlglot.exp.Subquery)
    assert read
    inputs = [column.name for column in features.inputs]
    assert read.named_selects == [features.identifier.name, *inputs]
    assert "EXCEPT (mlops_error)" in instances.sql("bigquery")
    assert "EXCEPT (unique_key, mlops_error)" in export.sql("bigquery")


def test_each_bound_and_each_value_that_must_be_there_is_checked(features: Features) -> None:
    errors = select(features)[0].sql("bigquery")
    assert "WHEN unique_key IS NULL THEN 'unique_key is missing'" in errors
    assert "WHEN trip_miles < 0 THEN 'trip_miles is below 0'" in errors
    assert "WHEN trip_seconds > 86400 THEN 'trip_seconds is above 86400'" in errors
    assert "trip_miles IS NULL" not in errors  # a default stands in for it
    assert features.label.name not in {column.name for column in features.inputs}
    assert f"{features.label.name} <" not in errors


def test_a_column_that_the_table_lacks_is_left_to_validation(features: Features) -> None:
    assert "trip_miles" not in select(features, "trip_miles")[0].sql("bigquery")


def test_too_many_bad_rows_go_to_validation_too(features: Features) -> None:
    export = select(features)[2].sql("bigquery")
    assert "mlops_error IS NULL OR 2.000000 < (SELECT 100 * COUNTIF" in export


def test_results_are_published_under_the_identifiers_name(features: Features) -> None:
    script = publication(features, "p.d.rows", "p.d.done", "p.d.failed", "7", OUTPUTS)
    predictions, dead_letters = filter(None, sqlglot.parse(script, dialect="bigquery"))
    assert predictions.expression.named_selects == ["unique_key", "prediction", "model_version"]
    assert dead_letters.expression.named_selects == ["unique_key", "error"]
    assert "UNION ALL" in script


def test_a_job_without_a_table_of_errors_has_no_failures(features: Features) -> None:
    assert "UNION" not in publication(features, "p.d.rows", "p.d.done", "", "7", OUTPUTS)
    assert "``" not in count("p.d.rows", "p.d.done", "")


def test_files_are_a_setting(features: Features) -> None:
    both = name_outputs("p.d", "gs://b/predictions")
    script = publication(features, "p.d.rows", "p.d.done", "", "7", both)
    assert "EXPORT DATA OPTIONS (uri = 'gs://b/predictions/*.parquet'" in script
    assert "EXPORT" not in publication(features, "p.d.rows", "p.d.done", "", "7", OUTPUTS)


@pytest.mark.parametrize("text", ["it's", "back\\slash", "plain"])
def test_a_text_with_quotes_is_one_literal(text: str) -> None:
    literal = sqlglot.parse_one(quote(text), dialect="bigquery")
    assert literal.this == text


@pytest.mark.parametrize(("predictions", "dead_letters"), [(8, 1), (9, 2), (0, 0)])
def test_a_row_that_is_lost_or_doubled_is_an_error(predictions: int, dead_letters: int) -> None:
    Counts(10, 9, 1).check()
    with pytest.raises(LostRowsError, match="10 rows went in"):
        Counts(10, predictions, dead_letters).check()


def test_two_runs_share_no_working_table() -> None:
    assert name_run("p.d") != name_run("p.d")


def test_by_default_the_declared_rows_are_predicted(config: Path) -> None:
    settings = load_settings("dev", config)
    parameters = batch_prediction_parameters(settings)
    assert Features.model_validate(parameters["features"]) == settings.features
    assert parameters["sample_percent"] == settings.data.sample_percent < 100
    assert parameters["files"] == ""


def test_another_table_is_predicted_whole_or_where_its_rows_are_chosen(config: Path) -> None:
    settings = load_settings("dev", config)
    chosen = BatchPrediction(table="p.d.new", where="day = 1", files=True)
    parameters = batch_prediction_parameters(
        settings.model_copy(update={"batch_prediction": chosen})
    )
    features = Features.model_validate(parameters["features"])
    assert (features.table, features.where) == ("p.d.new", "day = 1")
    assert features.columns == settings.features.columns
    assert parameters["sample_percent"] == 100
    assert parameters["files"].startswith(f"gs://{settings.bucket}/")


def test_where_without_a_table_is_refused(config: Path, tmp_path: Path) -> None:
    for path in config.glob("*.yaml"):
        (tmp_path / path.name).write_text(path.read_text())
    with (tmp_path / "local.yaml").open("a") as file:
        file.write("\nbatch_prediction: {where: day = 1}\n")
    with pytest.raises(SettingsError, match=r"batch_prediction\.where needs"):
        load_settings("local", tmp_path)
