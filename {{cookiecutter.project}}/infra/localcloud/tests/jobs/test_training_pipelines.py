"""Training pipelines with custom training through the unmodified SDK."""

from pathlib import Path
from typing import Any

import pytest
from google.cloud import aiplatform, storage
from google.cloud.aiplatform.utils.source_utils import _TrainingScriptPythonPackager
from google.cloud.aiplatform_v1.types import JobState

from tests.jobs.job_client import PREBUILT, STEPS, result
from tests.vertex import IMAGE, eventually, unique

WRITE_MODEL = """
import os, pathlib
folder = pathlib.Path(os.environ["LOCALCLOUD_HOME"], "storage",
                      os.environ["AIP_MODEL_DIR"].removeprefix("gs://"))
folder.mkdir(parents=True)
(folder / "weights").write_text("1 2 3")
"""


def test_a_training_job_of_a_script_gives_a_model(bucket: storage.Bucket, script: str) -> None:
    job = aiplatform.CustomTrainingJob(
        display_name="training",
        script_path=script,
        container_uri=PREBUILT,
        model_serving_container_image_uri=IMAGE,
        labels={"team": "a"},
    )
    model = job.run(
        base_output_dir=f"gs://{bucket.name}/training",
        model_display_name="trained",
        model_version_aliases=["champion"],
        args=["--epochs=3"],
    )
    assert result(bucket, f"gs://{bucket.name}/training")["arguments"] == ["--epochs=3"]
    assert (model.display_name, model.uri) == ("trained", f"gs://{bucket.name}/training/model")
    assert {"champion", "default"} <= set(model.version_aliases)
    assert model.container_spec.image_uri == IMAGE
    assert model.gca_resource.training_pipeline == job.resource_name
    assert job.get_model().resource_name == model.resource_name
    backing = job.to_dict()["trainingTaskMetadata"]["backingCustomJob"]
    assert aiplatform.CustomJob.get(backing).state == JobState.JOB_STATE_SUCCEEDED
    found = aiplatform.CustomTrainingJob.list(
        filter='labels.team="a" AND training_task_definition="*custom_task*"'
    )
    assert job.resource_name in [each.resource_name for each in found]


def test_a_training_job_of_a_package_runs_its_module(
    bucket: storage.Bucket, script: str, tmp_path: Path
) -> None:
    packager = _TrainingScriptPythonPackager(script)
    built = tmp_path / "built"
    built.mkdir()
    bucket.blob("trainer-0.1.tar.gz").upload_from_filename(packager.make_package(str(built)))
    job = aiplatform.CustomPythonPackageTrainingJob(
        display_name="package",
        python_package_gcs_uri=f"gs://{bucket.name}/trainer-0.1.tar.gz",
        python_module_name=packager.module_name,
        container_uri=PREBUILT,
    )
    assert job.run(base_output_dir=f"gs://{bucket.name}/package") is None
    assert result(bucket, f"gs://{bucket.name}/package")["prebuilt"] == "yes"


def test_a_training_job_of_a_container_adds_a_version(bucket: storage.Bucket) -> None:
    def train(**arguments: Any) -> aiplatform.Model:
        job = aiplatform.CustomContainerTrainingJob(
            display_name="container",
            container_uri=STEPS,
            command=["python", "-c", WRITE_MODEL],
            model_serving_container_image_uri=IMAGE,
        )
        return job.run(model_display_name="versioned", **arguments)

    first = train(model_id=unique())
    second = train(parent_model=first.resource_name, is_default_version=False)
    assert (first.version_id, second.version_id) == ("1", "2")
    assert first.resource_name == second.resource_name
    assert second.version_aliases == []


def test_training_that_leaves_no_model_fails(bucket: storage.Bucket) -> None:
    job = aiplatform.CustomContainerTrainingJob(
        display_name="nothing",
        container_uri=STEPS,
        command=["python", "-c", "pass"],
        model_serving_container_image_uri=IMAGE,
    )
    with pytest.raises(RuntimeError, match="There are no files under"):
        job.run(model_display_name="nothing")


def test_training_that_fails_says_why(bucket: storage.Bucket) -> None:
    job = aiplatform.CustomContainerTrainingJob(
        display_name="failing", container_uri=STEPS, command=["python", "-c", "print(1/0)"]
    )
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        job.run()
    assert job.has_failed


def test_cancelled_training_cancels_its_custom_job(bucket: storage.Bucket) -> None:
    job = aiplatform.CustomContainerTrainingJob(
        display_name="long", container_uri=STEPS, command=["sleep", "60"]
    )
    job.submit()
    assert eventually(lambda: job.state and job.to_dict().get("trainingTaskMetadata"))
    job.cancel()
    assert eventually(lambda: job.state.name == "PIPELINE_STATE_CANCELLED")
    backing = job.to_dict()["trainingTaskMetadata"]["backingCustomJob"]
    assert aiplatform.CustomJob.get(backing).state == JobState.JOB_STATE_CANCELLED
