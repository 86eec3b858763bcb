"""Models trained by AutoML, once for all tests."""

from collections.abc import Iterator
from typing import Any

import pytest
from google.cloud import aiplatform, storage
from google.cloud.aiplatform import jobs, training_jobs

from tests.automl.tables import Rows, csv_dataset, rows, train
from tests.vertex import PROJECT, connect, unique

Trained = tuple[aiplatform.AutoMLTabularTrainingJob, aiplatform.Model]


@pytest.fixture(scope="package")
def bucket(cloud_environment: Any) -> Iterator[storage.Bucket]:
    """A bucket; the SDK asks more often than usual how jobs are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jobs, "_JOB_WAIT_TIME", 0.2)
        patch.setattr(training_jobs, "_JOB_WAIT_TIME", 0.2)
        connect("grpc")
        yield storage.Client(project=PROJECT).create_bucket(f"{unique()}-automl")


@pytest.fixture(scope="package")
def table() -> Rows:
    """The rows that all models learn from."""
    return rows()


@pytest.fixture(scope="package")
def dataset(bucket: storage.Bucket, table: Rows) -> aiplatform.TabularDataset:
    """They as a CSV file."""
    return csv_dataset(bucket, table)


@pytest.fixture(scope="package")
def classifier(dataset: aiplatform.TabularDataset) -> Trained:
    """A model that predicts who leaves."""
    return train(dataset, "left")
