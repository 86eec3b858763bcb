"""What a model was made of: a walk through Vertex ML Metadata, from the model back to the query."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops.errors import UserError
from mlops.registry.models import find_champion
from mlops.registry.names import name_version

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.cloud.aiplatform_v1.types import LineageSubgraph

_MOST_HOPS = 100  # what Vertex allows
_BRANCH = "system.DagExecution"  # Vertex's type of what groups steps


class LineageError(UserError):
    """Nothing is recorded of a model."""


@dataclass(frozen=True)
class Ancestor:
    """An artifact that a model was made of, or the model itself.

    Attributes:
        step: the pipeline's step that made it.
        name: the step's name for it.
        uri: where it lies.
        metadata: what the step recorded of it.
    """

    step: str
    name: str
    uri: str
    metadata: dict[str, Any]


def trace(uri: str) -> list[Ancestor]:
    """The artifact at a URI and all that it was made of, each before what it was made of in turn.

    Raises:
        LineageError: no pipeline has recorded an artifact at that URI.
    """
    from google.cloud import aiplatform

    found = aiplatform.Artifact.list(filter=f'uri="{uri}"')
    if not found:
        raise LineageError(
            f"No pipeline has recorded {uri}: was the model made by one, in this project?"
        )
    subgraph = found[0].api_client.query_artifact_lineage_subgraph(
        {"artifact": found[0].resource_name, "max_hops": _MOST_HOPS}
    )
    return list(_walk(found[0].resource_name, subgraph))


def find_statistics(name: str) -> str:
    """Where the statistics lie of the data that the champion of the model `name` was trained on.

    Empty when there is no champion, or when none were recorded of it.
    """
    champion = find_champion(name)
    if champion is None:
        return ""
    try:
        ancestors = trace(name_version(champion))
    except LineageError:
        return ""
    return next(
        (str(a.metadata["statistics"]) for a in ancestors if "statistics" in a.metadata), ""
    )


def _walk(start: str, subgraph: LineageSubgraph) -> Iterator[Ancestor]:
    """Breadth first; each artifact once."""
    artifacts = {artifact.name: artifact for artifact in subgraph.artifacts}
    executions = {execution.name: execution for execution in subgraph.executions}
    makers, inputs = _edges(subgraph)
    queue, seen = [start], {start}
    for name in queue:
        # a cached step has an execution of its own, which made nothing: the first is the maker
        maker = min(makers[name], key=lambda each: executions[each].create_time, default="")
        artifact = artifacts[name]
        step = executions[maker].display_name if maker else ""
        yield Ancestor(step, artifact.display_name, artifact.uri, dict(artifact.metadata or {}))
        new = [each for each in inputs[maker] if each not in seen]
        queue += new
        seen.update(new)


def _edges(subgraph: LineageSubgraph) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """The executions that put out each artifact, and the artifacts that each took in.

    A branch of the pipeline only hands on what its steps make.
    """
    branches = {each.name for each in subgraph.executions if each.schema_title == _BRANCH}
    makers, inputs = defaultdict(list), defaultdict(list)
    for event in subgraph.events:
        if event.execution in branches:
            continue
        if event.type_.name == "OUTPUT":
            makers[event.artifact].append(event.execution)
        elif event.type_.name == "INPUT":
            inputs[event.execution].append(event.artifact)
    return makers, inputs
