"""Jobs of DLP after the server was killed, on a cloud of their own without a server."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.cloud.dlp_v2 import DlpJob, DlpJobType

from localcloud.cloud import Cloud
from localcloud.home import Home
from localcloud.rpc import raw
from localcloud.vertex import lifecycle
from tests.dlp.conftest import ENDED, PARENT

STATES = DlpJob.JobState


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    cloud = Cloud(Home(tmp_path / "state"))
    (cloud.home.storage / "bucket").mkdir(parents=True)
    (cloud.home.storage / "bucket/a.txt").write_text("jo@b.org")
    yield cloud
    lifecycle.stop(cloud)


def left_behind(cloud: Cloud, name: str, state: DlpJob.JobState) -> str:
    """A job as a server that was killed has left it."""
    job = DlpJob(name=f"{PARENT}/dlpJobs/{name}", type_=DlpJobType.INSPECT_JOB, state=state)
    config = raw(job).inspect_details.requested_options.job_config
    config.storage_config.cloud_storage_options.file_set.url = "gs://bucket/*"
    cloud.store.create(job)
    return job.name


def test_a_job_that_ran_is_begun_again_and_one_that_was_canceled_is_not(cloud: Cloud) -> None:
    ran = left_behind(cloud, "ran", STATES.RUNNING)
    canceled = left_behind(cloud, "canceled", STATES.CANCELED)
    cloud.dlp_jobs.recover()
    deadline = time.monotonic() + 10
    while (job := cloud.store.get(ran, DlpJob)).state not in ENDED:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert job.state == STATES.DONE, job.errors
    (stats,) = job.inspect_details.result.info_type_stats
    assert (stats.info_type.name, stats.count) == ("EMAIL_ADDRESS", 1)
    assert cloud.store.get(canceled, DlpJob).state == STATES.CANCELED
