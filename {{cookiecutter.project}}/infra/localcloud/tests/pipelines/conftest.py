"""The client of the pipeline tests, pointed at the localcloud of this test session."""

from collections.abc import Iterator
from typing import Any

import pytest
from pipeline_client import BUCKET, PipelineClient
from vertex import connect


@pytest.fixture(scope="module")
def pipelines(
    localcloud: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PipelineClient]:
    """Submits to the running localcloud; the pipelines' bucket is there."""
    storage = localcloud.home / "storage"
    (storage / BUCKET).mkdir(exist_ok=True)
    with connect(localcloud):
        yield PipelineClient(tmp_path_factory.mktemp("specs"), storage)
