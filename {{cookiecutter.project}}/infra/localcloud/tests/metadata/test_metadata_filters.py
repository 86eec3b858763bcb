"""Finding metadata: filters, order, pages; purging what was found."""

from typing import Any

import pytest
from google.api_core.exceptions import (
    InvalidArgument,
)
from google.cloud import aiplatform
from google.cloud.aiplatform_v1 import MetadataServiceClient
from google.cloud.aiplatform_v1.types import Artifact, Event

from tests.vertex import OPTIONS, PARENT, connect, refuses, unique

STORE = f"{PARENT}/metadataStores/default"


@pytest.fixture(scope="module")
def mixed(cloud_environment: object) -> str:
    """A context with three different artifacts."""
    connect("grpc")
    aiplatform.Artifact.create("system.Artifact")
    client = MetadataServiceClient(client_options=OPTIONS)
    artifacts = [
        Artifact(
            schema_title="system.Model", metadata={"auc": 0.9}, state="LIVE", labels={"team": "red"}
        ),
        Artifact(schema_title="system.Dataset", uri="gs://b", metadata={"auc": 0.8, "final": True}),
        Artifact(metadata={"input:rate": "high", "stats": {"rows": 3}}, state="LIVE"),
    ]
    for artifact, name in zip(artifacts, "abc", strict=True):
        artifact.display_name = name
    names = [client.create_artifact(parent=STORE, artifact=each).name for each in artifacts]
    context = client.create_context(parent=STORE, context={}).name
    client.add_context_artifacts_and_executions(context=context, artifacts=names)
    return str(context)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('schema_title="system.Model"', "a"),
        ('schema_title="system.Model" OR schema_title="system.Dataset"', "ab"),
        ('(schema_title="system.Model" OR schema_title="system.Dataset") AND uri="gs://b"', "b"),
        ('NOT display_name="a"', "bc"),
        ("metadata.auc.number_value > 0.8", "a"),
        ("metadata.auc.number_value <= 0.8", "b"),
        ("metadata.auc.number_value > -1", "ab"),
        ("metadata.final.bool_value = true", "b"),
        ('metadata."input:rate".string_value = "high"', "c"),
        ("metadata.stats.struct_value.rows.number_value = 3", "c"),
        ("state = LIVE", "ac"),
        ("state != LIVE", "b"),
        ("labels.team = red", "a"),
        ('create_time > "2020-01-01T00:00:00Z"', "abc"),
        ('create_time < "2020-01-01T00:00:00Z"', ""),
    ],
)
@pytest.mark.parametrize("transport", ["grpc"], indirect=True)
def test_filters(client: MetadataServiceClient, mixed: str, text: str, found: str) -> None:
    request = {"parent": STORE, "filter": f'in_context("{mixed}") AND ({text})'}
    listed = client.list_artifacts(request=request)
    assert "".join(sorted(artifact.display_name for artifact in listed)) == found


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("color = red", 0),
        ('display_name="a" AND color=red', 21),
        ("display_name", 12),
        ("display_name = ", 15),
        ('display_name="a" AND (state=LIVE', 32),
        ("display_name ~ x", 13),
        ("create_time > yesterday", 12),
        ("in_context(", 11),
        ("((((((state=LIVE))))))", 6),
    ],
)
@pytest.mark.parametrize("transport", ["grpc"], indirect=True)
def test_a_bad_filter_is_refused_at_its_position(
    client: MetadataServiceClient, text: str, position: int
) -> None:
    with refuses(InvalidArgument, f"position {position}:"):
        client.list_artifacts(request={"parent": STORE, "filter": text})


def test_lists_are_ordered_and_paged(client: MetadataServiceClient) -> None:
    mark = unique()
    for name in "bca":
        client.create_artifact(parent=STORE, artifact={"display_name": name, "labels": {mark: "1"}})

    def listed(**request: Any) -> Any:
        return client.list_artifacts(
            request={"parent": STORE, "filter": f"labels.{mark}:*", **request}
        )

    def text(pager: Any) -> str:
        return "".join(artifact.display_name for artifact in pager)

    assert text(listed()) == "acb"  # newest first
    assert text(listed(order_by="display_name")) == "abc"
    assert text(listed(order_by="create_time desc", page_size=1)) == "acb"
    token = listed(page_size=2).next_page_token
    assert text(listed(page_size=2, page_token=token)) == "b"
    with refuses(InvalidArgument, "page_token"):
        listed(page_token=token, filter="state=LIVE")
    with refuses(InvalidArgument, "order_by"):
        listed(order_by="color")


def test_purging(client: MetadataServiceClient) -> None:
    mark = unique()
    execution = client.create_execution(parent=STORE, execution={}).name
    names = set()
    for _ in range(3):
        name = client.create_artifact(parent=STORE, artifact={"labels": {mark: "1"}}).name
        events = [{"artifact": name, "type_": Event.Type.OUTPUT}]
        client.add_execution_events(execution=execution, events=events)
        names.add(name)
    request = {"parent": STORE, "filter": f"labels.{mark}=1"}
    preview = client.purge_artifacts(request=request).result()
    assert (preview.purge_count, set(preview.purge_sample)) == (3, names)
    assert len(client.query_execution_inputs_and_outputs(execution=execution).events) == 3
    assert client.purge_artifacts(request={**request, "force": True}).result().purge_count == 3
    assert not client.query_execution_inputs_and_outputs(execution=execution).events
    assert not list(client.list_artifacts(request=request))
    with refuses(InvalidArgument, "filter is required"):
        client.purge_executions(request={"parent": STORE})
