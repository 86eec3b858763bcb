"""Predict a file of flowers with the newest version of the registered model `iris`."""

import json

from google.cloud import aiplatform, storage

PROJECT, LOCATION = "example-project", "us-central1"
BUCKET = f"{PROJECT}-models"
FLOWERS = [[5.1, 3.5, 1.4, 0.2], [5.9, 3.0, 4.2, 1.5], [6.7, 3.0, 5.2, 2.3]]

aiplatform.init(project=PROJECT, location=LOCATION)
models = aiplatform.Model.list(filter='display_name="iris"', order_by="create_time desc")
if not models:
    raise SystemExit("There is no model iris; run train_and_deploy.py first.")

bucket = storage.Client(project=PROJECT).bucket(BUCKET)
lines = "".join(json.dumps(flower) + "\n" for flower in FLOWERS)
bucket.blob("flowers.jsonl").upload_from_string(lines)

job = models[0].batch_predict(
    job_display_name="iris",
    gcs_source=f"gs://{BUCKET}/flowers.jsonl",
    gcs_destination_prefix=f"gs://{BUCKET}/predictions",
    machine_type="n1-standard-4",
)
for blob in job.iter_outputs():
    if "prediction.results" in blob.name:
        print(blob.download_as_text(), end="")
print(f"{job.completion_stats.successful_count} rows predicted")
