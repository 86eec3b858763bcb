"""Artifacts, executions, contexts and lineage through Google's own client."""

from collections.abc import Iterator
from typing import Any

import pytest
from google.api_core.exceptions import (
    Aborted,
    AlreadyExists,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
)
from google.cloud import aiplatform
from google.cloud.aiplatform.metadata.context import Context
from google.cloud.aiplatform_v1 import MetadataServiceClient
from google.cloud.aiplatform_v1.types import Artifact, Event, Execution, MetadataSchema
from vertex import OPTIONS, PARENT, connect, refuses, unique

STORE = f"{PARENT}/metadataStores/default"
YAML = "title: {title}\ntype: object\nproperties:\n  rows: {{type: integer}}\n"


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


def names_of(resources: Any) -> set[str]:
    return {resource.name for resource in resources}


def test_an_artifact_is_kept_found_and_changed(transport: str) -> None:
    uri = f"gs://bucket/{unique()}"
    made = aiplatform.Artifact.create(
        schema_title="system.Model",
        resource_id=unique(),
        uri=uri,
        display_name="taxi",
        description="first",
        metadata={"auc": 0.9, "framework": "tf", "columns": ["a", "b"], "nested": {"x": 1}},
    )
    read = aiplatform.Artifact(made.resource_name)
    assert (read.uri, read.display_name, read.description) == (uri, "taxi", "first")
    assert (read.schema_title, read.schema_version) == ("system.Model", "0.0.1")
    assert read.state == Artifact.State.LIVE
    assert read.metadata["columns"] == ["a", "b"]
    assert read.create_time == read.update_time
    read.update(metadata={"auc": 0.95, "nested": {"y": 2}}, description="second")
    again = aiplatform.Artifact.get_with_uri(uri)
    assert again.resource_name == made.resource_name
    assert again.metadata["auc"] == 0.95
    assert again.metadata["nested"] == {"x": 1, "y": 2}
    assert (again.display_name, again.description) == ("taxi", "second")
    assert again.update_time > again.create_time
    again.delete()
    assert aiplatform.Artifact.get(again.name) is None


def test_contexts_hold_artifacts_and_executions(transport: str) -> None:
    context = Context.create("system.Experiment", resource_id=unique())
    other = Context.create("system.Experiment", resource_id=unique())
    artifact = aiplatform.Artifact.create("system.Dataset")
    execution = aiplatform.start_execution(schema_title="system.Run")
    for _ in range(2):  # what is there already is skipped
        context.add_artifacts_and_executions([artifact.resource_name], [execution.resource_name])
    assert [each.resource_name for each in context.get_artifacts()] == [artifact.resource_name]
    assert [each.resource_name for each in context.get_executions()] == [execution.resource_name]
    assert not other.get_artifacts()
    artifact.delete()
    assert not context.get_artifacts()


def test_contexts_have_parents_and_children(client: MetadataServiceClient) -> None:
    names = [
        client.create_context(
            parent=STORE, context={"schema_title": "system.Experiment"}, context_id=unique()
        ).name
        for _ in range(3)
    ]
    top, middle, bottom = names

    def listed(text: str) -> set[str]:
        return names_of(client.list_contexts(request={"parent": STORE, "filter": text}))

    client.add_context_children(context=top, child_contexts=[middle, middle])
    client.add_context_children(context=middle, child_contexts=[bottom])
    assert client.get_context(name=middle).parent_contexts == [top]
    assert listed(f'parent_contexts:"{top}"') == {middle}
    assert listed(f'child_contexts:"{middle}"') == {top}
    assert listed(f'parent_contexts:"{top}" OR parent_contexts:"{middle}"') == {middle, bottom}
    with refuses(InvalidArgument, "is above"):
        client.add_context_children(context=bottom, child_contexts=[top])
    with refuses(NotFound):
        client.add_context_children(context=top, child_contexts=[f"{top}-missing"])
    client.remove_context_children(context=middle, child_contexts=[bottom])
    assert not client.get_context(name=bottom).parent_contexts
    client.delete_context(name=top).result()
    assert not client.get_context(name=middle).parent_contexts


def test_a_context_has_at_most_ten_parents(client: MetadataServiceClient) -> None:
    child = client.create_context(parent=STORE, context={}).name
    parents = [client.create_context(parent=STORE, context={}).name for _ in range(11)]
    for parent in parents[:10]:
        client.add_context_children(context=parent, child_contexts=[child])
    with refuses(InvalidArgument, "more than 10 parents"):
        client.add_context_children(context=parents[10], child_contexts=[child])
    assert client.get_context(name=child).parent_contexts == parents[:10]


def test_lineage_leads_from_a_model_back_to_its_data(
    client: MetadataServiceClient, chain: dict[str, str]
) -> None:
    def around(**request: Any) -> tuple[set[str], set[str]]:
        graph = client.query_artifact_lineage_subgraph(
            request={"artifact": chain["model"], **request}
        )
        shown = names_of(graph.artifacts) | names_of(graph.executions)
        assert {event.execution for event in graph.events} <= shown
        assert {event.artifact for event in graph.events} <= shown
        return (
            {each.display_name for each in graph.artifacts},
            {each.display_name for each in graph.executions},
        )

    assert around() == ({"model", "rows", "data"}, {"train", "clean"})
    assert around(max_hops=1) == ({"model"}, {"train"})
    assert around(max_hops=2) == ({"model", "rows"}, {"train"})
    assert around(max_hops=9) == around()
    assert around(filter='display_name="data"') == ({"model", "data"}, {"train", "clean"})
    with refuses(InvalidArgument, "max_hops"):
        around(max_hops=-1)
    with refuses(InvalidArgument, "filter"):
        around(filter="color=red")


def test_inputs_and_outputs_of_an_execution(
    client: MetadataServiceClient, chain: dict[str, str]
) -> None:
    graph = client.query_execution_inputs_and_outputs(execution=chain["train"])
    assert names_of(graph.executions) == {chain["train"]}
    assert {(event.artifact, event.type_) for event in graph.events} == {
        (chain["rows"], Event.Type.INPUT),
        (chain["model"], Event.Type.OUTPUT),
    }
    assert all(event.execution == chain["train"] and event.event_time for event in graph.events)
    client.delete_artifact(name=chain["rows"]).result()
    graph = client.query_execution_inputs_and_outputs(execution=chain["train"])
    assert names_of(graph.artifacts) == {chain["model"]}
    assert len(graph.events) == 1


def test_the_subgraph_of_a_context(client: MetadataServiceClient, chain: dict[str, str]) -> None:
    context = client.create_context(parent=STORE, context={"schema_title": "system.PipelineRun"})
    client.add_context_artifacts_and_executions(
        context=context.name,
        artifacts=[chain["rows"], chain["model"]],
        executions=[chain["train"], chain["clean"]],
    )
    graph = client.query_context_lineage_subgraph(context=context.name)
    assert names_of(graph.artifacts) == {chain["rows"], chain["model"]}
    assert names_of(graph.executions) == {chain["train"], chain["clean"]}
    assert len(graph.events) == 3  # the one with `data` leads out of the context


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


def test_an_update_on_an_old_state_is_refused(client: MetadataServiceClient) -> None:
    made = client.create_execution(parent=STORE, execution={"display_name": "run"})
    newer = client.update_execution(
        execution={"name": made.name, "state": Execution.State.COMPLETE}
    )
    assert (newer.display_name, newer.state) == ("run", Execution.State.COMPLETE)
    made.display_name = "other"
    with refuses(
        Aborted,
        f"Specified Execution `etag`: `{made.etag}` does not match server `etag`: `{newer.etag}`",
    ):
        client.update_execution(execution=made)
    with refuses(FailedPrecondition, "etag"):
        client.delete_execution(request={"name": made.name, "etag": made.etag})
    client.delete_execution(request={"name": made.name, "etag": newer.etag}).result()


def test_an_update_changes_what_its_mask_names(client: MetadataServiceClient) -> None:
    name = client.create_artifact(
        parent=STORE, artifact={"display_name": "a", "uri": "gs://a", "metadata": {"x": 1}}
    ).name
    changed = {"name": name, "display_name": "b", "uri": "gs://b"}
    client.update_artifact(artifact=changed, update_mask={"paths": ["display_name", "metadata"]})
    read = client.get_artifact(name=name)
    assert (read.display_name, read.uri, read.metadata) == ("b", "gs://a", None)
    with refuses(InvalidArgument, "schema_title"):
        client.update_artifact(artifact=changed, update_mask={"paths": ["schema_title"]})
    missing = {"name": f"{STORE}/artifacts/{unique()}", "display_name": "new"}
    with refuses(NotFound):
        client.update_artifact(artifact=missing)
    request = {"artifact": missing, "allow_missing": True}
    assert client.update_artifact(request=request).name == missing["name"]


def test_what_is_not_valid_is_refused(client: MetadataServiceClient, chain: dict[str, str]) -> None:
    taken = chain["data"].rpartition("/")[2]
    nowhere = f"{PARENT}/metadataStores/{unique()}"
    create = client.create_artifact
    with refuses(AlreadyExists, "Artifact with name .* already exists"):
        create(parent=STORE, artifact={}, artifact_id=taken)
    with refuses(InvalidArgument, "artifact_id 'A_B' is malformed"):
        create(parent=STORE, artifact={}, artifact_id="A_B")
    with refuses(InvalidArgument, "display_name"):
        create(parent=STORE, artifact={"display_name": "x" * 129})
    with refuses(InvalidArgument, "labels"):
        create(parent=STORE, artifact={"labels": {"A": "b"}})
    with refuses(InvalidArgument, "metadata has"):
        create(parent=STORE, artifact={"metadata": {"a": "x" * 300_000}})
    with refuses(NotFound, "MetadataStore"):
        create(parent=nowhere, artifact={})
    with refuses(NotFound, "MetadataStore"):
        client.list_artifacts(parent=nowhere)
    with refuses(NotFound, r"MetadataSchema my.Schema 1\.0\.0"):
        create(parent=STORE, artifact={"schema_title": "my.Schema", "schema_version": "1.0.0"})
    with refuses(InvalidArgument, "system.Run, which is an EXECUTION_TYPE"):
        create(parent=STORE, artifact={"schema_title": "system.Run"})
    add = client.add_execution_events
    with refuses(InvalidArgument, "type"):
        add(execution=chain["train"], events=[{"artifact": chain["data"]}])
    with refuses(NotFound, "artifacts/none"):
        add(
            execution=chain["train"],
            events=[{"artifact": f"{STORE}/artifacts/none", "type_": Event.Type.INPUT}],
        )
    with refuses(InvalidArgument, "is not in"):
        add(
            execution=chain["train"],
            events=[{"artifact": f"{nowhere}/artifacts/none", "type_": Event.Type.INPUT}],
        )
    with refuses(NotFound):
        client.query_artifact_lineage_subgraph(artifact=f"{STORE}/artifacts/none")


def test_events_are_added_all_or_none(client: MetadataServiceClient, chain: dict[str, str]) -> None:
    execution = client.create_execution(parent=STORE, execution={}).name
    names = [chain["data"], f"{STORE}/artifacts/none"]
    with refuses(NotFound):
        client.add_execution_events(
            execution=execution,
            events=[{"artifact": name, "type_": Event.Type.INPUT} for name in names],
        )
    assert not client.query_execution_inputs_and_outputs(execution=execution).events


def test_schemas(client: MetadataServiceClient) -> None:
    store = f"{PARENT}/metadataStores/{unique()}"
    operation = client.create_metadata_store(
        parent=PARENT, metadata_store={}, metadata_store_id=store.rpartition("/")[2]
    )
    assert operation.result().name == store
    with refuses(AlreadyExists):
        client.create_metadata_store(
            parent=PARENT, metadata_store={}, metadata_store_id=store.rpartition("/")[2]
        )
    listed = client.list_metadata_schemas(
        request={"parent": store, "filter": 'schema_title="system.PipelineRun"'}
    )
    (system,) = listed
    assert system.schema_type == MetadataSchema.MetadataSchemaType.CONTEXT_TYPE
    assert client.get_metadata_schema(name=system.name) == system
    schema = {"schema": YAML.format(title="taxi.Trips"), "schema_type": "ARTIFACT_TYPE"}
    for version in ("0.0.9", "0.0.10"):
        client.create_metadata_schema(
            parent=store, metadata_schema={**schema, "schema_version": version}
        )
    made = client.create_artifact(parent=store, artifact={"schema_title": "taxi.Trips"})
    assert made.schema_version == "0.0.10"  # the latest
    with refuses(AlreadyExists, "taxi.Trips version 0.0.9"):
        client.create_metadata_schema(
            parent=store, metadata_schema={**schema, "schema_version": "0.0.9"}
        )
    for bad, words in (
        ({"schema": YAML.format(title="trips")}, "schema title that satisfies"),
        ({"schema": "a: b: c"}, "not YAML"),
        ({"schema": "type: object"}, "no title"),
        ({"schema_version": "one"}, "schema_version"),
        ({"schema_type": 0}, "schema_type"),
    ):
        with refuses(InvalidArgument, words):
            client.create_metadata_schema(parent=store, metadata_schema={**schema, **bad})
    client.delete_metadata_store(name=store).result()
    with refuses(NotFound):
        client.get_artifact(name=made.name)


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


def test_an_execution_is_resumed(transport: str) -> None:
    name = unique()
    with aiplatform.start_execution(
        schema_title="system.ContainerExecution", resource_id=name, metadata={"rate": 0.1}
    ):
        pass
    assert aiplatform.Execution(name).state == Execution.State.COMPLETE
    execution = aiplatform.start_execution(resource_id=name, resume=True)
    assert aiplatform.Execution(name).state == Execution.State.RUNNING
    execution.update(metadata={"rate": 0.2})
    with pytest.raises(ZeroDivisionError), execution:
        raise ZeroDivisionError
    read = aiplatform.Execution(name)
    assert (read.state, read.metadata) == (Execution.State.FAILED, {"rate": 0.2})
