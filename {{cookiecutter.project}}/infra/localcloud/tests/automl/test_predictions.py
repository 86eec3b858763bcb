"""AutoML's models answer predict and batch prediction in AutoML's formats."""

import csv
from collections.abc import Iterator
from typing import Any

import pytest
from google.api_core.exceptions import InvalidArgument
from google.cloud import aiplatform, bigquery, storage

from tests.automl.conftest import Trained
from tests.automl.tables import INSTANCE
from tests.vertex import PROJECT, refuses, unique

LEAVES = INSTANCE
STAYS = {"age": 20, "plan": "b", "spend": None}


@pytest.fixture(scope="module")
def endpoint(classifier: Trained) -> Iterator[aiplatform.Endpoint]:
    endpoint = classifier[1].deploy(machine_type="n1-standard-2")
    yield endpoint
    endpoint.delete(force=True)


def chosen(prediction: Any) -> str:
    """The class with the highest score."""
    scores = list(prediction["scores"])
    return str(list(prediction["classes"])[scores.index(max(scores))])


def output(bucket: storage.Bucket, job: aiplatform.BatchPredictionJob) -> str:
    [blob] = [blob for blob in job.iter_outputs() if "prediction.results-" in blob.name]
    return str(blob.download_as_text())


def test_an_endpoint_answers_classes_with_scores(endpoint: aiplatform.Endpoint) -> None:
    answer = endpoint.predict([LEAVES, STAYS])
    assert [chosen(each) for each in answer.predictions] == ["yes", "no"]
    assert set(answer.predictions[0]) == {"classes", "scores"}
    assert sum(answer.predictions[0]["scores"]) == pytest.approx(1)
    assert answer.model_resource_name


def test_what_the_model_does_not_know_is_ignored(endpoint: aiplatform.Endpoint) -> None:
    known, more = endpoint.predict([LEAVES, {**LEAVES, "colour": "red"}]).predictions
    assert known == more
    [unseen] = endpoint.predict([{**LEAVES, "plan": "z"}]).predictions
    assert sum(unseen["scores"]) == pytest.approx(1)


@pytest.mark.parametrize(
    ("instance", "match"),
    [
        ({"age": "75", "plan": "a"}, "Missing struct property: spend"),
        ({**INSTANCE, "age": "old"}, "age is 'old', which is no number"),
        ([75, "a", 50.0], "no object"),
    ],
)
def test_a_malformed_instance_is_refused(
    endpoint: aiplatform.Endpoint, instance: Any, match: str
) -> None:
    with refuses(InvalidArgument, match):
        endpoint.predict([instance])


def test_batch_prediction_of_files(bucket: storage.Bucket, classifier: Trained) -> None:
    bucket.blob("batch.csv").upload_from_string('id,age,plan,spend\n1,75,a,50\n2,20,"b",\n')

    def predict(form: str) -> str:
        job = classifier[1].batch_predict(
            job_display_name=unique(),
            gcs_source=f"gs://{bucket.name}/batch.csv",
            instances_format=form,
            gcs_destination_prefix=f"gs://{bucket.name}/out",
            predictions_format=form,
        )
        return output(bucket, job)

    with refuses(InvalidArgument, "take bigquery and csv"):
        predict("jsonl")
    rows = list(csv.DictReader(predict("csv").splitlines()))
    assert [(row["id"], float(row["left_yes_scores"]) > 0.5) for row in rows] == [
        ("1", True),
        ("2", False),
    ]


def test_batch_prediction_of_a_table(cloud_environment: Any, classifier: Trained) -> None:
    client = bigquery.Client(project=PROJECT)
    name = f"{PROJECT}.{client.create_dataset(unique()).dataset_id}"
    client.query_and_wait(
        f"create table `{name}.people` as select 75 as age, 'a' as plan, 50.0 as spend"
        " union all select 20, 'b', null"
    )
    job = classifier[1].batch_predict(
        job_display_name=unique(),
        bigquery_source=f"bq://{name}.people",
        bigquery_destination_prefix=f"bq://{name}",
        instances_format="bigquery",
        predictions_format="bigquery",
    )
    table = f"{name}.{job.output_info.bigquery_output_table}"
    found = {row["age"]: chosen(row["predicted_left"]) for row in client.list_rows(table)}
    assert found == {75: "yes", 20: "no"}
