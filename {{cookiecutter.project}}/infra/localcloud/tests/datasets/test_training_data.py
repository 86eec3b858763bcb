"""Custom training with managed datasets: the sets are exported, and the code is told where."""

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from google.api_core.exceptions import InvalidArgument
from google.cloud import aiplatform, bigquery, storage
from google.cloud.aiplatform import schema, training_jobs

from tests.datasets.conftest import Upload
from tests.jobs.job_client import STEPS
from tests.vertex import PROJECT, refuses, unique

USES = ("TRAINING", "VALIDATION", "TEST")
# What the training code is told, where the test finds it.
TELL = """
import json, os, pathlib
folder = pathlib.Path(os.environ["LOCALCLOUD_HOME"], "storage", os.environ["AIP_MODEL_DIR"][5:])
folder.mkdir(parents=True)
told = {name: value for name, value in os.environ.items() if "DATA_" in name}
(folder / "told.json").write_text(json.dumps(told))
"""


@pytest.fixture(autouse=True)
def _quick_polls() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training_jobs, "_JOB_WAIT_TIME", 0.1)
        yield


def train(bucket: storage.Bucket, dataset: Any, **options: Any) -> dict[str, str]:
    """Run training code with a dataset; the variables that it found."""
    folder = unique()
    job = aiplatform.CustomContainerTrainingJob(
        display_name="training",
        container_uri=STEPS,
        command=["python", "-c", TELL],
        staging_bucket=f"gs://{bucket.name}",
    )
    job.run(dataset=dataset, base_output_dir=f"gs://{bucket.name}/{folder}", **options)
    told: dict[str, str] = json.loads(bucket.blob(f"{folder}/model/told.json").download_as_text())
    return told


def texts(bucket: storage.Bucket, told: dict[str, str]) -> list[str]:
    """The files of the three sets, which the URIs name by wildcards."""
    found = []
    for use in USES:
        prefix, star, end = told[f"AIP_{use}_DATA_URI"].partition("*")
        assert star
        blobs = list(bucket.list_blobs(prefix=prefix.removeprefix(f"gs://{bucket.name}/")))
        assert all(blob.name.endswith(end) for blob in blobs)
        found.append("".join(blob.download_as_text() for blob in blobs))
    return found


def ids(bucket: storage.Bucket, told: dict[str, str]) -> list[set[int]]:
    """The ids of the rows in each set."""
    assert told["AIP_DATA_FORMAT"] == "csv"
    return [
        {int(row["id"]) for row in csv.DictReader(io.StringIO(text))}
        for text in texts(bucket, told)
    ]


def people(upload: Upload) -> aiplatform.TabularDataset:
    """Twenty rows with columns to split by; the later, the higher the id."""
    lines = ["id,use,at,name"]
    for number in range(20):
        use = ("training", "validation", "test", "neither")[number % 4]
        lines.append(f'{number},{use},2024-01-{number + 1:02d}T00:00:00Z,"a, {number}"')
    uri = upload("people.csv", "\n".join(lines) + "\n")
    return aiplatform.TabularDataset.create(display_name="people", gcs_source=uri)


def test_rows_are_drawn_by_fractions(bucket: storage.Bucket, upload: Upload) -> None:
    fractions = {"training": 0.5, "validation": 0.3, "test": 0.2}
    options = {f"{use}_fraction_split": value for use, value in fractions.items()}
    sets = ids(bucket, train(bucket, people(upload), **options))
    assert [len(each) for each in sets] == [10, 6, 4]
    assert set.union(*sets) == set(range(20))
    assert sets[0] != set(range(10))
    default = ids(bucket, train(bucket, people(upload)))
    assert [len(each) for each in default] == [16, 2, 2]


def test_a_column_may_say_the_set(bucket: storage.Bucket, upload: Upload) -> None:
    sets = ids(bucket, train(bucket, people(upload), predefined_split_column_name="use"))
    assert sets == [{number for number in range(20) if number % 4 == use} for use in range(3)]


def test_the_latest_rows_are_for_the_test(bucket: storage.Bucket, upload: Upload) -> None:
    options = {"training": 0.6, "validation": 0.2, "test": 0.2}
    told = train(
        bucket,
        people(upload),
        timestamp_split_column_name="at",
        **{f"{use}_fraction_split": value for use, value in options.items()},
    )
    assert ids(bucket, told) == [set(range(12)), set(range(12, 16)), set(range(16, 20))]


def test_a_table_and_a_view_are_split_into_tables(bucket: storage.Bucket) -> None:
    client = bigquery.Client(project=PROJECT)
    name = f"{PROJECT}.{client.create_dataset(unique()).dataset_id}"
    people = (
        "select id, if(id < 6, 'training', 'test') as use, struct(id as inner_id) as nested"
        " from unnest(generate_array(0, 9)) as id"
    )
    client.query_and_wait(f"create table `{name}.people` as {people}")
    view = bigquery.Table(f"{name}.view")
    view.view_query = f"select * from `{name}.people` where id < 8"  # noqa: S608 - our own name
    client.create_table(view)
    told = train(
        bucket,
        aiplatform.TabularDataset.create("people", bq_source=f"bq://{name}.view"),
        bigquery_destination=f"bq://{PROJECT}",
        predefined_split_column_name="use",
    )
    assert told["AIP_DATA_FORMAT"] == "bigquery"
    tables = [told[f"AIP_{use}_DATA_URI"].removeprefix("bq://") for use in USES]
    rows = [list(client.list_rows(table)) for table in tables]
    assert [{row["id"] for row in each} for each in rows] == [set(range(6)), set(), {6, 7}]
    assert rows[0][0]["nested"] == {"inner_id": rows[0][0]["id"]}
    dataset = aiplatform.TabularDataset.create("flat", bq_source=f"bq://{name}.people")
    assert sum(map(len, ids(bucket, train(bucket, dataset)))) == 10


def test_images_are_split_by_filters(bucket: storage.Bucket, upload: Upload) -> None:
    uris = [upload(f"{name}.png", name) for name in "abcd"]
    lines = [f"training,{uris[0]},x", f"test,{uris[1]},y", f"{uris[2]},x", f"training,{uris[3]}"]
    dataset = aiplatform.ImageDataset.create(
        display_name="images",
        gcs_source=upload("list.csv", "\n".join(lines)),
        import_schema_uri=schema.dataset.ioformat.image.single_label_classification,
    )
    ml_use = "labels.aiplatform.googleapis.com/ml_use"
    told = train(
        bucket,
        dataset,
        annotation_schema_uri=schema.dataset.annotation.image.classification,
        training_filter_split=f"{ml_use}=training",
        validation_filter_split="-",
        test_filter_split=f"{ml_use}=test",
    )
    assert told["AIP_DATA_FORMAT"] == "jsonl"
    sets = [[json.loads(line) for line in text.splitlines()] for text in texts(bucket, told)]
    found = [[each["imageGcsUri"] for each in chosen] for chosen in sets]
    assert found == [[uris[0]], [], [uris[1]]]  # d has no label, c is in no set
    assert sets[0][0]["classificationAnnotation"]["displayName"] == "x"


def test_a_split_that_cannot_be_is_refused(bucket: storage.Bucket, upload: Upload) -> None:
    dataset = people(upload)
    filters = dict.fromkeys(("training", "validation", "test"), "-")
    for options, match in [
        ({f"{use}_filter_split": text for use, text in filters.items()}, "filter_split"),
        ({f"{use}_fraction_split": 0.5 for use in filters}, "at most 1"),
        ({"bigquery_destination": "bq://project"}, "of BigQuery only"),
    ]:
        with refuses(InvalidArgument, match):
            train(bucket, dataset, **options)
    with pytest.raises(RuntimeError, match="no column weekday"):
        train(bucket, dataset, predefined_split_column_name="weekday")
