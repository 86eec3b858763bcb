"""Artifacts, executions, contexts and schemas through Google's own client."""

from typing import Any

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

from tests.vertex import PARENT, refuses, unique

STORE = f"{PARENT}/metadataStores/default"
YAML = "title: {title}\ntype: object\nproperties:\n  rows: {{type: integer}}\n"


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
    context = client.create_context(parent=STORE, context={}).name
    with refuses(InvalidArgument, "is not in .*/executions"):
        client.add_context_artifacts_and_executions(context=context, executions=[chain["data"]])
    with refuses(InvalidArgument, "is not in .*/contexts"):
        client.add_context_children(context=context, child_contexts=[chain["data"]])
    with refuses(NotFound):
        client.query_artifact_lineage_subgraph(artifact=f"{STORE}/artifacts/none")


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
