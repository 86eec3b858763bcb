"""Search for the best hyperparameters of a training script."""

from pathlib import Path

from google.cloud import aiplatform, storage
from google.cloud.aiplatform import hyperparameter_tuning as hpt

PROJECT, LOCATION = "example-project", "us-central1"
BUCKET = f"{PROJECT}-models"

client = storage.Client(project=PROJECT)
if not client.bucket(BUCKET).exists():
    client.create_bucket(BUCKET, location=LOCATION)
aiplatform.init(project=PROJECT, location=LOCATION, staging_bucket=f"gs://{BUCKET}")

trial = aiplatform.CustomJob.from_local_script(
    display_name="iris-trial",
    script_path=str(Path(__file__).parent / "trainer" / "train.py"),
    container_uri="us-docker.pkg.dev/vertex-ai/training/sklearn-cpu.1-6:latest",
    machine_type="n1-standard-4",
    base_output_dir=f"gs://{BUCKET}/iris-trials",
)
tuning = aiplatform.HyperparameterTuningJob(
    display_name="iris-tuning",
    custom_job=trial,
    metric_spec={"accuracy": "maximize"},
    parameter_spec={
        "trees": hpt.IntegerParameterSpec(min=5, max=100, scale="linear"),
        "depth": hpt.IntegerParameterSpec(min=1, max=6, scale="linear"),
    },
    max_trial_count=6,
    parallel_trial_count=2,
)
tuning.run()

for each in tuning.trials:
    values = {parameter.parameter_id: parameter.value for parameter in each.parameters}
    print(f"trial {each.id}: {values} accuracy {each.final_measurement.metrics[0].value:.3f}")
best = max(tuning.trials, key=lambda each: each.final_measurement.metrics[0].value)
print(f"best trial {best.id}")
