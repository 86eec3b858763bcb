"""Events and the graphs that they make."""

from typing import Any

import pytest
from google.api_core.exceptions import (
    InvalidArgument,
    NotFound,
)
from google.cloud import aiplatform
from google.cloud.aiplatform_v1 import MetadataServiceClient
from google.cloud.aiplatform_v1.types import Event, Execution

from tests.vertex import PARENT, refuses, unique, upload

STORE = f"{PARENT}/metadataStores/default"


def names_of(resources: Any) -> set[str]:
    return {resource.name for resource in resources}


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


def test_events_are_added_all_or_none(client: MetadataServiceClient, chain: dict[str, str]) -> None:
    execution = client.create_execution(parent=STORE, execution={}).name
    names = [chain["data"], f"{STORE}/artifacts/none"]
    with refuses(NotFound):
        client.add_execution_events(
            execution=execution,
            events=[{"artifact": name, "type_": Event.Type.INPUT} for name in names],
        )
    assert not client.query_execution_inputs_and_outputs(execution=execution).events


def test_a_registered_model_is_an_artifact(transport: str) -> None:
    model = upload()
    for name in ("train", "evaluate"):
        with aiplatform.start_execution(
            schema_title="system.ContainerExecution", display_name=name
        ) as execution:
            execution.assign_output_artifacts([model])
    (artifact,) = execution.get_output_artifacts()
    assert artifact.schema_title == "google.VertexModel"
    assert artifact.metadata["resourceName"].startswith(model.resource_name)
    assert len(aiplatform.Artifact.list(filter=f'uri="{artifact.uri}"')) == 1  # found again


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
