"""Batch prediction jobs through the unmodified SDK.

The model is the toy server, which answers each instance with itself, or misbehaves if told to.
"""

import base64
import gzip
import json
import struct
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import Localcloud
from google.api_core.exceptions import FailedPrecondition, InvalidArgument, NotFound
from google.cloud import aiplatform, bigquery, storage
from google.cloud.aiplatform_v1.types import BatchPredictionJob, JobState
from jobs import MACHINE, client, prepare
from vertex import IMAGE, PARENT, PROJECT, refuses, unique

ROWS = [{"id": number, "name": f"é{number}", "size": number / 2} for number in range(150)]


@pytest.fixture(scope="module")
def bucket(cloud_environment: Localcloud) -> Iterator[storage.Bucket]:
    with pytest.MonkeyPatch.context() as patch:
        yield prepare(patch)


@pytest.fixture(scope="module")
def model(bucket: storage.Bucket) -> aiplatform.Model:
    return aiplatform.Model.upload(display_name="toy", serving_container_image_uri=IMAGE)


def upload(bucket: storage.Bucket, content: str | bytes) -> str:
    blob = bucket.blob(f"input/{unique()}")
    blob.upload_from_string(content)
    return f"gs://{bucket.name}/{blob.name}"


def lines(values: list[Any]) -> str:
    return "".join(json.dumps(value) + "\n" for value in values)


def predict(
    model: aiplatform.Model, source: str, output: str, **arguments: Any
) -> aiplatform.BatchPredictionJob:
    """Run a job from files to files."""
    defaults = {"machine_type": MACHINE["machine_type"], "gcs_destination_prefix": output}
    return model.batch_predict(
        job_display_name=unique(), gcs_source=source, **{**defaults, **arguments}
    )


def create(bucket: storage.Bucket, source: str, **fields: Any) -> BatchPredictionJob:
    """Run a job that says more than the SDK's method can, to its end."""
    job = {
        "display_name": unique(),
        "input_config": {"instances_format": "jsonl", "gcs_source": {"uris": [source]}},
        "output_config": {
            "predictions_format": "jsonl",
            "gcs_destination": {"output_uri_prefix": f"gs://{bucket.name}/out"},
        },
        "dedicated_resources": {"machine_spec": MACHINE},
    }
    created = client().create_batch_prediction_job(
        parent=PARENT, batch_prediction_job={**job, **fields}
    )
    aiplatform.BatchPredictionJob(created.name).wait_for_completion()
    return client().get_batch_prediction_job(name=created.name)


def files(bucket: storage.Bucket, job: Any, name: str) -> list[str]:
    """The lines of all output files whose names begin so."""
    prefix = job.output_info.gcs_output_directory.removeprefix(f"gs://{bucket.name}/")
    blobs = sorted(bucket.list_blobs(prefix=f"{prefix}/{name}"), key=lambda blob: str(blob.name))
    return [line for blob in blobs for line in blob.download_as_text().splitlines()]


def results(bucket: storage.Bucket, job: Any) -> list[Any]:
    return [json.loads(line) for line in files(bucket, job, "prediction.results-")]


def failures(bucket: storage.Bucket, job: Any) -> list[Any]:
    return [json.loads(line) for line in files(bucket, job, "prediction.errors_stats-")]


def test_rows_keep_their_order_and_their_predictions(
    bucket: storage.Bucket, model: aiplatform.Model
) -> None:
    source = upload(bucket, lines(ROWS))
    job = predict(model, source, f"gs://{bucket.name}/out", model_parameters={"top": 3})
    assert job.state == JobState.JOB_STATE_SUCCEEDED
    assert results(bucket, job) == [{"instance": row, "prediction": row} for row in ROWS]
    assert failures(bucket, job) == []
    stats = job.completion_stats
    assert (stats.successful_count, stats.failed_count) == (150, 0)
    names = [str(blob.name).rpartition("/")[2] for blob in job.iter_outputs()]
    assert sorted(names) == [
        "prediction.errors_stats-00000-of-00001",
        "prediction.results-00000-of-00001",
    ]
    assert "/out/prediction-toy-" in job.output_info.gcs_output_directory


def test_several_files_are_read_by_wildcard(
    bucket: storage.Bucket, model: aiplatform.Model
) -> None:
    for name, value in (("a", 1), ("b", 2)):
        bucket.blob(f"parts/{name}.jsonl").upload_from_string(lines([value]))
    job = predict(model, f"gs://{bucket.name}/parts/*.jsonl", f"gs://{bucket.name}/out")
    assert [each["prediction"] for each in results(bucket, job)] == [1, 2]


def test_a_bad_row_is_an_error_and_the_others_are_predicted(
    bucket: storage.Bucket, model: aiplatform.Model
) -> None:
    bad = [{"fail": 400}, {"reply": "no JSON"}, {"exit": 3}]
    text = "{not JSON\n" + lines([1])
    text += "".join(lines([each, number]) for number, each in enumerate(bad, start=2))
    job = predict(model, upload(bucket, text), f"gs://{bucket.name}/out", batch_size=2)
    assert [each["prediction"] for each in results(bucket, job)] == [1, 2, 3, 4]
    failed = {json.dumps(each["instance"]): each["error"] for each in failures(bucket, job)}
    assert failed.keys() == {*map(json.dumps, bad), '"{not JSON"'}
    assert failed[json.dumps(bad[0])]["code"] == 3
    assert "told to fail with 400" in failed[json.dumps(bad[0])]["message"]
    assert "line 1 is not JSON" in failed['"{not JSON"']["message"]
    assert (job.completion_stats.successful_count, job.completion_stats.failed_count) == (4, 4)
    assert len(job.partial_failures) == 4


def test_a_job_without_any_prediction_fails(
    bucket: storage.Bucket, model: aiplatform.Model
) -> None:
    source = upload(bucket, lines([{"fail": 500}]))
    with pytest.raises(RuntimeError, match="None of the 1 instances"):
        predict(model, source, f"gs://{bucket.name}/out")


def test_fields_are_chosen_for_the_model(bucket: storage.Bucket, model: aiplatform.Model) -> None:
    source = upload(bucket, lines(ROWS[:2]))

    def predicted(**config: Any) -> list[Any]:
        return results(
            bucket, create(bucket, source, model=model.resource_name, instance_config=config)
        )

    assert predicted(key_field="id") == [
        {"key": row["id"], "prediction": {"name": row["name"], "size": row["size"]}}
        for row in ROWS[:2]
    ]
    assert predicted(excluded_fields=["name", "size"]) == [
        {"instance": row, "prediction": {"id": row["id"]}} for row in ROWS[:2]
    ]
    assert predicted(included_fields=["size", "id"], instance_type="array") == [
        {"instance": row, "prediction": [row["size"], row["id"]]} for row in ROWS[:2]
    ]


def test_csv_is_read_and_written(bucket: storage.Bucket, model: aiplatform.Model) -> None:
    text = 'id,name,size\n1,"a, ""b""",0.5\n2,"7",3\n3,bare,1\n4,"x"\n'
    source = upload(bucket, text)
    job = predict(model, source, f"gs://{bucket.name}/out", instances_format="csv")
    predictions = [each["prediction"] for each in results(bucket, job)]
    assert predictions == [[1, 'a, "b"', 0.5], [2, "7", 3]]
    messages = [each["error"]["message"] for each in failures(bucket, job)]
    assert "line 4 has a value that is no number" in messages[0]
    assert "line 5 has 2 values for 3 columns" in messages[1]

    source = upload(bucket, lines(ROWS[:2]))
    job = predict(model, source, f"gs://{bucket.name}/out", predictions_format="csv")
    written = files(bucket, job, "prediction.results-")
    assert written[0] == "id,name,size,prediction"
    assert written[2] == '1,é1,0.5,"{""id"": 1, ""name"": ""é1"", ""size"": 0.5}"'


@pytest.mark.parametrize("file_format", ["file-list", "tf-record", "tf-record-gzip"])
def test_binary_instances_are_sent_in_base64(
    bucket: storage.Bucket, model: aiplatform.Model, file_format: str
) -> None:
    contents = [b"\x00\xff", b"", b"abc"]
    if file_format == "file-list":
        uris = [upload(bucket, content) for content in contents]
        source = "\n".join(uris).encode()
    else:
        source = b"".join(
            struct.pack("<QI", len(content), 0) + content + b"\0\0\0\0" for content in contents
        )
    if file_format.endswith("gzip"):
        source = gzip.compress(source)
    job = predict(
        model,
        upload(bucket, source),
        f"gs://{bucket.name}/out",
        instances_format=file_format,
    )
    found = [base64.b64decode(each["prediction"]["b64"]) for each in results(bucket, job)]
    assert found == contents


def test_a_bigquery_table_is_read_and_tables_are_written(
    bucket: storage.Bucket, model: aiplatform.Model
) -> None:
    warehouse = bigquery.Client(project=PROJECT)
    dataset = unique()
    warehouse.create_dataset(dataset)
    table = f"{PROJECT}.{dataset}.input"
    schema = [
        bigquery.SchemaField(name, kind)
        for name, kind in (("id", "INTEGER"), ("name", "STRING"), ("size", "FLOAT"))
    ]
    warehouse.load_table_from_json(
        [*ROWS, {"id": 150}], table, job_config=bigquery.LoadJobConfig(schema=schema)
    ).result()

    job = model.batch_predict(
        job_display_name=unique(),
        bigquery_source=f"bq://{table}",
        bigquery_destination_prefix=f"bq://{PROJECT}.{dataset}",
        machine_type=MACHINE["machine_type"],
    )
    assert job.output_info.bigquery_output_dataset == f"bq://{PROJECT}.{dataset}"
    output = f"{PROJECT}.{dataset}.{job.output_info.bigquery_output_table}"
    written = sorted(
        (dict(row) for row in warehouse.list_rows(output)), key=lambda row: int(row["id"])
    )
    assert len(written) == 151
    assert {**written[1], "prediction": json.loads(written[1]["prediction"])} == {
        **ROWS[1],
        "prediction": [1, "é1", 0.5],
    }
    assert (written[150]["name"], written[150]["prediction"]) == (None, "[150, null, null]")
    errors = output.replace("predictions_", "errors_")
    assert list(warehouse.list_rows(errors)) == []
    assert len(list(job.iter_outputs(bq_max_results=10))) == 10


def test_a_bigquery_table_is_written_from_files(
    bucket: storage.Bucket, model: aiplatform.Model
) -> None:
    source = upload(bucket, lines([{"fail": 400}, {"a": 1}]))
    job = model.batch_predict(
        job_display_name=unique(),
        gcs_source=source,
        bigquery_destination_prefix=PROJECT,
        machine_type=MACHINE["machine_type"],
    )
    dataset = job.output_info.bigquery_output_dataset.removeprefix("bq://")
    assert dataset.startswith(f"{PROJECT}.prediction_toy_")
    warehouse = bigquery.Client(project=PROJECT)
    table = f"{dataset}.{job.output_info.bigquery_output_table}"
    assert [dict(row) for row in warehouse.list_rows(table)] == [
        {"instance": '{"a": 1}', "prediction": '{"a": 1}'}
    ]
    [failed] = warehouse.list_rows(table.replace("predictions_", "errors_"))
    assert failed["instance"] == '{"fail": 400}'
    assert failed["errors"]["code"] == 3


def test_a_model_that_does_not_start_fails_the_job(bucket: storage.Bucket) -> None:
    broken = aiplatform.Model.upload(
        display_name="broken",
        serving_container_image_uri=IMAGE,
        serving_container_args=["--fail"],
    )
    with pytest.raises(RuntimeError, match="the weights are missing"):
        predict(broken, upload(bucket, lines([1])), f"gs://{bucket.name}/out")


def test_a_cancelled_job_leaves_no_output(bucket: storage.Bucket, model: aiplatform.Model) -> None:
    source = upload(bucket, lines(list(range(100_000))))
    job = model.batch_predict(
        job_display_name=unique(),
        gcs_source=source,
        gcs_destination_prefix=f"gs://{bucket.name}/cancelled",
        machine_type=MACHINE["machine_type"],
        batch_size=1,
        sync=False,
    )
    job.wait_for_resource_creation()
    while not job.completion_stats.successful_count:
        _ = job.state
    job.cancel()
    with pytest.raises(RuntimeError, match="cancelled"):
        job.wait()
    assert job.state == JobState.JOB_STATE_CANCELLED
    assert list(bucket.list_blobs(prefix="cancelled")) == []


def test_a_model_that_is_not_kept_can_predict(bucket: storage.Bucket) -> None:
    source = upload(bucket, lines([1]))
    described = {"container_spec": {"image_uri": IMAGE}}
    job = create(bucket, source, unmanaged_container_model=described)
    assert results(bucket, job) == [{"instance": 1, "prediction": 1}]


@pytest.mark.parametrize(
    ("fields", "error", "match"),
    [
        ({"model": ""}, InvalidArgument, "Give one of model"),
        ({"model": f"{PARENT}/models/1"}, NotFound, "models/1"),
        ({"dedicated_resources": {}}, InvalidArgument, "machine_type is required"),
        (
            {"input_config": {"instances_format": "xml", "gcs_source": {"uris": ["gs://b/o"]}}},
            InvalidArgument,
            "'xml'",
        ),
        (
            {"input_config": {"instances_format": "jsonl", "gcs_source": {"uris": ["/tmp"]}}},  # noqa: S108
            InvalidArgument,
            "gcs_source.uris is '/tmp'",
        ),
        (
            {
                "output_config": {
                    "predictions_format": "jsonl",
                    "gcs_destination": {"output_uri_prefix": "gs://no-such-bucket/out"},
                }
            },
            NotFound,
            "Bucket no-such-bucket",
        ),
        (
            {"instance_config": {"included_fields": ["a"], "excluded_fields": ["b"]}},
            InvalidArgument,
            "give one of them",
        ),
    ],
)
def test_a_malformed_job_is_refused(
    bucket: storage.Bucket,
    model: aiplatform.Model,
    fields: dict[str, Any],
    error: Any,
    match: str,
) -> None:
    with refuses(error, match):
        create(bucket, f"gs://{bucket.name}/none", **{"model": model.resource_name, **fields})


def test_input_that_is_not_there_fails_the_job(
    bucket: storage.Bucket, model: aiplatform.Model
) -> None:
    with pytest.raises(RuntimeError, match="names no file"):
        predict(model, f"gs://{bucket.name}/none", f"gs://{bucket.name}/out")


def test_a_model_without_a_container_is_refused(bucket: storage.Bucket) -> None:
    bare = aiplatform.Model.upload(display_name="bare")
    with refuses(FailedPrecondition, "container_spec"):
        create(bucket, f"gs://{bucket.name}/none", model=bare.resource_name)
