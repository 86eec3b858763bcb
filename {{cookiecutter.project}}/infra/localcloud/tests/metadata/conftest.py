"""The clients of the metadata tests, and a small lineage graph."""

from collections.abc import Iterator

import pytest
from google.cloud import aiplatform
from google.cloud.aiplatform_v1 import MetadataServiceClient
from google.cloud.aiplatform_v1.types import Event

from tests.vertex import OPTIONS, PARENT, connect

STORE = f"{PARENT}/metadataStores/default"


@pytest.fixture(params=["grpc", "rest"])
def transport(request: pytest.FixtureRequest, cloud_environment: object) -> str:
    connect(request.param)
    aiplatform.Artifact.create("system.Artifact")  # makes the default metadata store
    return str(request.param)


@pytest.fixture
def client(transport: str) -> Iterator[MetadataServiceClient]:
    with MetadataServiceClient(client_options=OPTIONS, transport=transport) as client:
        yield client


@pytest.fixture
def chain(client: MetadataServiceClient) -> dict[str, str]:
    """data → clean → rows → train → model, by these names."""
    names = {
        key: client.create_artifact(
            parent=STORE, artifact={"display_name": key, "schema_title": f"system.{schema}"}
        ).name
        for key, schema in {"data": "Dataset", "rows": "Dataset", "model": "Model"}.items()
    }
    for key, source, result in (("clean", "data", "rows"), ("train", "rows", "model")):
        names[key] = client.create_execution(
            parent=STORE, execution={"display_name": key, "schema_title": "system.Run"}
        ).name
        events = [
            {"artifact": names[source], "type_": Event.Type.INPUT},
            {"artifact": names[result], "type_": Event.Type.OUTPUT},
        ]
        client.add_execution_events(execution=names[key], events=events)
    return names
