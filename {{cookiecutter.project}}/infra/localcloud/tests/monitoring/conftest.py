"""A localcloud of their own for the tests of model monitoring, since they move its clock."""

from collections.abc import Callable, Iterator

import pytest
from google.cloud import aiplatform, storage

from tests.conftest import Localcloud
from tests.monitoring.monitoring_client import HOUR, ROWS, MonitoringClient
from tests.vertex import LOCATION, PROJECT, unique, upload


@pytest.fixture(scope="package")
def own(start_localcloud: Callable[[], Localcloud]) -> Iterator[Localcloud]:
    """A running localcloud whose clock may be moved and whose server may be killed."""
    made = start_localcloud()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in made.environment.items():
            patch.setenv(name, value)
        yield made


@pytest.fixture(scope="package")
def bucket(own: Localcloud) -> storage.Bucket:
    """For training data and results."""
    return storage.Client(project=PROJECT).create_bucket(f"{unique()}-monitoring")


@pytest.fixture(scope="package")
def model(own: Localcloud) -> aiplatform.Model:
    """A model of the toy image, which answers each instance with itself."""
    # gRPC reads its roots once a process, and each localcloud has its own authority
    aiplatform.init(project=PROJECT, location=LOCATION, api_transport="rest")
    return upload()


@pytest.fixture(scope="package")
def shared(
    own: Localcloud, bucket: storage.Bucket, model: aiplatform.Model
) -> Iterator[MonitoringClient]:
    """An endpoint for all tests that do not care what it was asked in earlier hours."""
    client = MonitoringClient(own, bucket, model)
    client.create()
    client.ask(ROWS)  # the first requests tell the schema, whichever test comes first
    client.delete_job()
    yield client
    client.close()


@pytest.fixture
def monitoring(shared: MonitoringClient) -> Iterator[MonitoringClient]:
    """An endpoint that has not been asked anything in this hour; its job goes with the test."""
    aiplatform.init(project=PROJECT, location=LOCATION, api_transport="rest")
    shared.clock.advance(HOUR)
    yield shared
    shared.delete_job()


@pytest.fixture
def unasked(
    shared: MonitoringClient, bucket: storage.Bucket, model: aiplatform.Model
) -> Iterator[MonitoringClient]:
    """An endpoint that has never been asked anything."""
    aiplatform.init(project=PROJECT, location=LOCATION, api_transport="rest")
    client = MonitoringClient(shared.localcloud, bucket, model)
    yield client
    client.close()
