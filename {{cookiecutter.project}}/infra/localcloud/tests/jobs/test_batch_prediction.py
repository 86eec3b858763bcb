"""Batch prediction jobs through the unmodified SDK.

The model is the toy server, which answers each instance with itself, or misbehaves if told to.
"""

import json
from typing import Any

import pytest
from google.api_core.exceptions import FailedPrecondition, InvalidArgument, NotFound
from google.cloud import aiplatform, storage
from google.cloud.aiplatform_v1.types import JobState

from tests.jobs.batch_client import ROWS, create, failures, lines, predict, results, upload
from tests.jobs.job_client import MACHINE
from tests.vertex import IMAGE, PARENT, refuses, unique


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
    for name, is_listed in [(model.display_name, True), ("other", False)]:
        found = aiplatform.BatchPredictionJob.list(filter=f'model_display_name="{name}"')
        assert (job.resource_name in [each.resource_name for each in found]) == is_listed


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
