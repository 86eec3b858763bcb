"""Tables of features in the local BigQuery, and online stores that serve them."""

import pytest
from google.cloud import aiplatform, bigquery
from vertexai.resources.preview import FeatureOnlineStore

from tests.conftest import Localcloud
from tests.feature_store.feature_client import COLUMNS, ROWS, Tables
from tests.vertex import LOCATION, PROJECT, unique


@pytest.fixture(scope="session")
def tables(cloud_environment: Localcloud) -> Tables:
    return Tables(bigquery.Client(project=PROJECT))


@pytest.fixture(autouse=True)
def _connected(cloud_environment: Localcloud) -> None:
    aiplatform.init(project=PROJECT, location=LOCATION, api_transport="grpc")


@pytest.fixture(scope="session")
def people(tables: Tables) -> str:
    """A time series of people, two of whose rows are of one entity; no test changes it."""
    return tables.create(COLUMNS, *ROWS)


@pytest.fixture(scope="session")
def bigtable(cloud_environment: Localcloud) -> FeatureOnlineStore:
    """An online store that all tests share."""
    aiplatform.init(project=PROJECT, location=LOCATION, api_transport="grpc")
    return FeatureOnlineStore.create_bigtable_store(unique())


@pytest.fixture
def optimized() -> FeatureOnlineStore:
    """An online store without a feature view yet."""
    return FeatureOnlineStore.create_optimized_store(unique())
