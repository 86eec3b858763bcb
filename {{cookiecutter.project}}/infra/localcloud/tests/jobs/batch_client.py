"""What the tests of batch prediction share."""

import json
from typing import Any

from google.cloud import aiplatform, storage
from google.cloud.aiplatform_v1.types import BatchPredictionJob

from tests.jobs.job_client import MACHINE, client
from tests.vertex import PARENT, unique

ROWS = [{"id": number, "name": f"é{number}", "size": number / 2} for number in range(150)]


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
