"""DLP's client, over both transports, and a table with personal data in it."""

import time
import uuid
from collections.abc import Iterator

import pytest
from google.cloud import bigquery
from google.cloud.dlp_v2 import DlpJob, DlpServiceClient

from tests.conftest import Localcloud

PARENT = "projects/demo-project/locations/europe-west4"
ENDED = (DlpJob.JobState.DONE, DlpJob.JobState.FAILED, DlpJob.JobState.CANCELED)


@pytest.fixture(scope="session", params=["grpc", "rest"])
def dlp(request: pytest.FixtureRequest, cloud_environment: Localcloud) -> DlpServiceClient:
    return DlpServiceClient(transport=request.param)


@pytest.fixture(scope="session")
def grpc_dlp(cloud_environment: Localcloud) -> DlpServiceClient:
    return DlpServiceClient()


@pytest.fixture(scope="session")
def people(cloud_environment: Localcloud) -> Iterator[dict[str, str]]:
    """A table of eight people, of whom one is alone in her group."""
    client = bigquery.Client(project="demo-project")
    dataset = f"d{uuid.uuid4().hex[:10]}"
    client.create_dataset(dataset)
    client.query(
        f"CREATE TABLE `demo-project.{dataset}.people` AS"  # noqa: S608
        " SELECT CONCAT('p', CAST(n AS STRING)) AS id, IF(n = 7, 'F', 'M') AS sex,"
        " DIV(n, 4) AS age, IF(n = 0, NULL, 'north') AS zone,"
        " IF(n < 3, 'call (206) 555-0123', 'none') AS note"
        " FROM UNNEST(GENERATE_ARRAY(0, 7)) AS n"
    ).result()
    yield {"project_id": "demo-project", "dataset_id": dataset, "table_id": "people"}
    client.delete_dataset(dataset, delete_contents=True)


def ended(client: DlpServiceClient, job: DlpJob) -> DlpJob:
    """The job once it has ended."""
    deadline = time.monotonic() + 30
    while job.state not in ENDED:
        assert time.monotonic() < deadline, job.state
        time.sleep(0.02)
        job = client.get_dlp_job(name=job.name)
    return job
