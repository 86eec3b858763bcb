"""What the tests of jobs run against: the shared localcloud, and a bucket of their own."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.cloud import aiplatform, storage
from google.cloud.aiplatform import jobs, training_jobs

from tests.vertex import IMAGE, LOCATION, PROJECT, unique

# What it finds out it writes to where Vertex wants the model.
_SCRIPT = """
import json, os, sys
from google.cloud import storage
uri = os.environ["AIP_MODEL_DIR"] + "result.json"
result = {"arguments": sys.argv[1:], "letter": os.environ.get("LETTER"),
          "prebuilt": os.environ.get("PREBUILT"), "project": os.environ["CLOUD_ML_PROJECT_ID"]}
storage.Blob.from_string(uri, client=storage.Client()).upload_from_string(json.dumps(result))
"""


@pytest.fixture(scope="module")
def bucket(cloud_environment: Any) -> Iterator[storage.Bucket]:
    """The SDK's staging bucket; the SDK asks more often than usual how jobs are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jobs, "_JOB_WAIT_TIME", 0.1)
        patch.setattr(training_jobs, "_JOB_WAIT_TIME", 0.1)
        bucket = storage.Client(project=PROJECT).create_bucket(f"{unique()}-staging")
        aiplatform.init(
            project=PROJECT,
            location=LOCATION,
            staging_bucket=f"gs://{bucket.name}",
            api_transport="grpc",
        )
        yield bucket


@pytest.fixture
def script(tmp_path: Path) -> str:
    """A training script."""
    file = tmp_path / "task.py"
    file.write_text(_SCRIPT)
    return str(file)


@pytest.fixture(scope="module")
def model(bucket: storage.Bucket) -> aiplatform.Model:
    """A model of the toy image."""
    return aiplatform.Model.upload(display_name="toy", serving_container_image_uri=IMAGE)
