"""AutoML tabular training through the unmodified SDK: it trains, evaluates and refuses."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.api_core.exceptions import GoogleAPICallError, InvalidArgument, MethodNotImplemented
from google.cloud import aiplatform, bigquery, storage

from tests.automl.conftest import Trained
from tests.automl.tables import FEATURES, Rows, csv_dataset, csv_text, train
from tests.conftest import Localcloud
from tests.vertex import PROJECT, connect, eventually, refuses, unique


def test_a_classifier_is_trained_and_evaluated(classifier: Trained) -> None:
    job, model = classifier
    assert job.state.name == "PIPELINE_STATE_SUCCEEDED"
    assert job.get_model().resource_name == model.resource_name
    assert 0 < job.to_dict()["trainingTaskMetadata"]["trainCostMilliNodeHours"] < 72_000
    assert model.display_name == "left-model"
    assert model.gca_resource.training_pipeline == job.resource_name
    assert model.gca_resource.model_source_info.source_type.name == "AUTOML"
    [evaluation] = model.list_model_evaluations()
    metrics = evaluation.metrics
    assert metrics["auRoc"] > 0.9
    assert metrics["auPrc"] > 0.9
    assert 0 < metrics["logLoss"] < 0.4
    matrix = metrics["confusionMatrix"]
    assert [spec["displayName"] for spec in matrix["annotationSpecs"]] == ["no", "yes"]
    assert sum(sum(row) for row in matrix["rows"]) == 120  # the test set
    at_half = next(
        entry for entry in metrics["confidenceMetrics"] if entry["confidenceThreshold"] == 0.5
    )
    assert at_half["recall"] > 0.8
    [attribution] = evaluation.gca_resource.model_explanation.mean_attributions
    shares = dict(attribution.feature_attributions)
    assert shares["age"] + shares["plan"] > 0.8
    assert sum(shares.values()) == pytest.approx(1)


def test_a_regressor_learns_from_a_table_of_bigquery(bucket: storage.Bucket, table: Rows) -> None:
    client = bigquery.Client(project=PROJECT)
    name = f"{PROJECT}.{client.create_dataset(unique()).dataset_id}"
    uses = ["train"] * 8 + ["validate", "test"]
    rows = [{**row, "use": uses[at % 10]} for at, row in enumerate(table)]
    for row in rows:
        row["spend"] = row["spend"] or None
    client.load_table_from_json(rows, f"{name}.people").result()
    job, model = train(
        aiplatform.TabularDataset.create("people", bq_source=f"bq://{name}.people"),
        "worth",
        job={"optimization_objective": "minimize-mae", "column_specs": {**FEATURES, "use": "auto"}},
        weight_column="weight",
        predefined_split_column_name="use",
        export_evaluated_data_items=True,
        export_evaluated_data_items_bigquery_destination_uri=f"{PROJECT}:{name.split('.')[1]}.out",
    )
    [evaluation] = model.list_model_evaluations()
    assert evaluation.metrics["rSquared"] > 0.9
    assert 0 < evaluation.metrics["meanAbsoluteError"] < 8
    assert evaluation.metrics["rootMeanSquaredError"] >= evaluation.metrics["meanAbsoluteError"]
    metadata = job.to_dict()["trainingTaskMetadata"]
    assert metadata["evaluatedDataItemsBigqueryUri"] == f"bq://{name}.out"
    exported = list(client.list_rows(f"{name}.out"))
    assert len(exported) == 120
    hits = 0
    for row in exported:
        predicted = row["predicted_worth"]
        assert predicted["lower_bound"] < predicted["value"] < predicted["upper_bound"]
        hits += predicted["lower_bound"] <= row["worth"] <= predicted["upper_bound"]
    assert hits / len(exported) > 0.85  # of 95 % intervals


@pytest.fixture
def limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Localcloud]:
    """A localcloud of its own that trains for five seconds at most; Google's clients reach it."""
    made = Localcloud(tmp_path / "state")
    made.up(LOCALCLOUD_AUTOML_SECONDS="5")
    for name, value in made.environment.items():
        monkeypatch.setenv(name, value)
    connect("rest")  # gRPC reads its certificates once in a process
    yield made
    connect("grpc")
    made.cli("down")


def test_the_local_limit_ends_the_search(
    bucket: storage.Bucket, limited: Localcloud, table: Rows
) -> None:
    (limited.home / "storage" / "limited").mkdir()
    (limited.home / "storage" / "limited" / "rows.csv").write_text(csv_text(table))
    dataset = aiplatform.TabularDataset.create("rows", gcs_source="gs://limited/rows.csv")
    _, model = train(dataset, "left", disable_early_stopping=True)
    [evaluation] = model.list_model_evaluations()
    assert evaluation.metrics["auRoc"] > 0.8
    [log] = limited.home.glob("logs/jobs/*/training.log")
    assert "the budget is spent" in log.read_text()


def mistakes(rows: Rows) -> dict[str, Rows]:
    return {
        "few": rows[:999],
        "one class": [{**row, "left": "yes"} for row in rows],
        "null": [{**row, "left": "" if at == 5 else row["left"]} for at, row in enumerate(rows)],
        "words": [{**row, "worth": "much"} for row in rows],
        "weights": [{**row, "weight": -1} for row in rows],
    }


@pytest.mark.parametrize(
    ("data", "target", "options", "match"),
    [
        ("few", "left", {}, "has 999 rows; AutoML needs at least 1,000"),
        ("one class", "left", {}, "1 distinct values"),
        ("null", "left", {}, "no value in 1 rows"),
        ("words", "worth", {}, "cannot be predicted by regression"),
        ("weights", "left", {"weight_column": "weight"}, "weights are numbers between 0"),
    ],
)
def test_data_that_cannot_be_learned_from(
    bucket: storage.Bucket, table: Rows, data: str, target: str, options: Any, match: str
) -> None:
    with pytest.raises(RuntimeError, match=match):
        train(csv_dataset(bucket, mistakes(table)[data]), target, **options)


def test_columns_that_are_not_there(dataset: aiplatform.TabularDataset) -> None:
    with pytest.raises(RuntimeError, match="target column gone is not in the dataset"):
        train(dataset, "gone")
    with pytest.raises(RuntimeError, match="Missing columns in the dataset: colour"):
        train(dataset, "left", job={"column_specs": {**FEATURES, "colour": "categorical"}})


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"budget_milli_node_hours": 999}, "give 1000 to 72000"),
        ({"job": {"optimization_objective": "minimize-rmse"}}, "classification takes"),
        ({"job": {"optimization_prediction_type": "ranking"}}, "predictionType"),
        ({"job": {"optimization_objective": "maximize-precision-at-recall"}}, "RecallValue"),
        ({"job": {"column_specs": {"left": "auto"}}}, "the target column left"),
        ({"job": {"column_specs": {"age": "embedding"}}}, "has embedding"),
        ({"training_fraction_split": 1.5}, "at most 1"),
        ({"parent_model": "projects/test-project/locations/us-central1/models/none"}, "not found"),
    ],
)
def test_a_task_that_cannot_be_is_refused(
    dataset: aiplatform.TabularDataset, options: dict[str, Any], match: str
) -> None:
    with pytest.raises(GoogleAPICallError, match=match):
        train(dataset, "left", **options)


def test_other_kinds_of_datasets_and_tasks_are_refused(bucket: storage.Bucket) -> None:
    images = aiplatform.ImageDataset.create(display_name="images")
    job = aiplatform.AutoMLTabularTrainingJob(
        display_name="images",
        optimization_prediction_type="classification",
        column_specs=FEATURES,
    )
    with refuses(InvalidArgument, "needs a tabular dataset"):
        job.run(dataset=images, target_column="left")
    with refuses(MethodNotImplemented, "automl_image_classification"):
        aiplatform.AutoMLImageTrainingJob(display_name="images").run(dataset=images)


def test_a_cancelled_training_ends(dataset: aiplatform.TabularDataset) -> None:
    job = aiplatform.AutoMLTabularTrainingJob(
        display_name=unique(),
        optimization_prediction_type="classification",
        column_specs=FEATURES,
    )
    job.run(
        dataset=dataset,
        target_column="left",
        budget_milli_node_hours=72_000,
        disable_early_stopping=True,
        sync=False,
    )
    job.wait_for_resource_creation()
    assert eventually(lambda: job.state.name == "PIPELINE_STATE_RUNNING")
    job.cancel()
    assert eventually(lambda: job.state.name == "PIPELINE_STATE_CANCELLED", 30)
    with pytest.raises(RuntimeError, match="cancelled"):
        job.wait()
