"""Train a model in a managed container, register it, deploy it, and ask it."""

from pathlib import Path

from google.cloud import aiplatform, storage

PROJECT, LOCATION = "example-project", "us-central1"
BUCKET = f"{PROJECT}-models"

client = storage.Client(project=PROJECT)
if not client.bucket(BUCKET).exists():
    client.create_bucket(BUCKET, location=LOCATION)
aiplatform.init(project=PROJECT, location=LOCATION, staging_bucket=f"gs://{BUCKET}")

job = aiplatform.CustomTrainingJob(
    display_name="iris",
    script_path=str(Path(__file__).parent / "trainer" / "train.py"),
    container_uri="us-docker.pkg.dev/vertex-ai/training/sklearn-cpu.1-6:latest",
    model_serving_container_image_uri=(
        "us-docker.pkg.dev/vertex-ai/prediction/sklearn-cpu.1-6:latest"
    ),
)
model = job.run(args=["--trees=80"], model_display_name="iris", machine_type="n1-standard-4")

endpoint = model.deploy(deployed_model_display_name="iris", machine_type="n1-standard-4")
answer = endpoint.predict(instances=[[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3]])
print(f"model {model.name} version {model.version_id} predicts {answer.predictions}")

endpoint.delete(force=True)
