"""A localcloud of their own for the tests of schedules, since they move its clock."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from google.cloud import aiplatform, storage

from tests.conftest import Localcloud
from tests.pipelines.pipeline_client import BUCKET
from tests.schedules.schedule_client import ScheduleClient
from tests.vertex import LOCATION, PROJECT


@pytest.fixture(scope="package")
def own(start_localcloud: Callable[[], Localcloud]) -> Iterator[Localcloud]:
    """A running localcloud whose clock may be moved and whose server may be killed."""
    made = start_localcloud()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in made.environment.items():
            patch.setenv(name, value)
        storage.Client(project=PROJECT).create_bucket(BUCKET)
        yield made


@pytest.fixture
def schedules(own: Localcloud, tmp_path: Path) -> Iterator[ScheduleClient]:
    """Makes schedules of a pipeline; they are deleted after the test."""
    # gRPC reads its roots once a process, and each localcloud has its own authority
    aiplatform.init(project=PROJECT, location=LOCATION, api_transport="rest")
    client = ScheduleClient(own, tmp_path)
    yield client
    client.close()
