"""The lineage graph: events between executions and artifacts, and what is in which context."""

from collections.abc import Collection, Iterable
from typing import Any

from google.api_core.exceptions import FailedPrecondition
from google.cloud.aiplatform_v1.types import Artifact, Event, Execution, LineageSubgraph

from localcloud.rpc import raw
from localcloud.store import Store
from localcloud.vertex.filters import Predicate

_LARGEST = 1000  # artifacts, executions or events of one answer
_SCHEMA = (
    """create table if not exists lineage_events (
        execution text not null, artifact text not null, data blob not null,
        primary key (execution, artifact)
    )""",
    "create index if not exists lineage_events_by_artifact on lineage_events (artifact)",
    """create table if not exists lineage_members (
        context text not null, member text not null, primary key (context, member)
    )""",
    "create index if not exists lineage_members_by_member on lineage_members (member)",
    """create trigger if not exists lineage_ends after delete on resources begin
        delete from lineage_events where execution = old.name;
        delete from lineage_events where artifact = old.name;
        delete from lineage_members where context = old.name;
        delete from lineage_members where member = old.name;
    end""",
)


class Lineage:
    """Events and memberships, durable; they go when a resource that they name is deleted."""

    def __init__(self, store: Store) -> None:
        self._store = store
        for statement in _SCHEMA:
            store.query(statement)

    def add_event(self, event: Event) -> None:
        """Connect an execution and an artifact, unless an event does so already."""
        self._store.query(
            "insert or ignore into lineage_events values (?, ?, ?)",
            event.execution,
            event.artifact,
            raw(event).SerializeToString(),
        )

    def add_members(self, context: str, names: Iterable[str]) -> None:
        """Put artifacts and executions into a context; those that are there are skipped."""
        for name in names:
            self._store.query("insert or ignore into lineage_members values (?, ?)", context, name)

    def members(self, context: str) -> set[str]:
        """The names of the artifacts and executions in a context."""
        rows = self._store.query("select member from lineage_members where context = ?", context)
        return {name for (name,) in rows}

    def around_execution(self, name: str) -> LineageSubgraph:
        """An execution with its inputs and outputs."""
        events = self._events({name})
        return self._subgraph({name} | _ends(events), events.values())

    def in_context(self, context: str) -> LineageSubgraph:
        """The artifacts and executions of a context, and the events between them.

        Raises:
            FailedPrecondition: there are too many.
        """
        members = self.members(context)
        events = self._events({name for name in members if not _is_artifact(name)})
        inner = [event for event in events.values() if event.artifact in members]
        return self._subgraph(members, inner)

    def around_artifact(self, name: str, hops: int, selects: Predicate) -> LineageSubgraph:
        """What an artifact comes from, what has come of it, and so on.

        Args:
            name: the artifact, which is a part of the answer in any case.
            hops: how many events away the farthest artifact or execution is; 0 for any number.
            selects: which of the other artifacts to show; the way may lead through all of them.

        Raises:
            FailedPrecondition: there are too many.
        """
        events: dict[int, Event] = {}
        names, edge, hop = {name}, {name}, 0
        while edge and len(names) <= 2 * _LARGEST and (hop < hops or not hops):
            found = self._events(edge)
            edge = _ends(found) - names
            names |= edge
            events |= found
            hop += 1
        graph = self._subgraph(names, events.values())
        graph.artifacts = [each for each in graph.artifacts if each.name == name or selects(each)]
        shown = {each.name for each in graph.artifacts}
        graph.events = [event for event in graph.events if event.artifact in shown]
        return graph

    def _events(self, names: set[str]) -> dict[int, Event]:
        """The events at any of these artifacts and executions, in the order of their creation."""
        query = "select rowid, data from lineage_events where execution = ? or artifact = ?"
        rows = {row for name in names for row in self._store.query(query, name, name)}
        return {number: Event.deserialize(data) for number, data in sorted(rows)}

    def _subgraph(self, names: set[str], events: Collection[Event]) -> LineageSubgraph:
        artifacts = sorted(name for name in names if _is_artifact(name))
        executions = sorted(name for name in names if not _is_artifact(name))
        for noun, found in (
            ("artifacts", artifacts),
            ("executions", executions),
            ("events", events),
        ):
            if len(found) > _LARGEST:
                raise FailedPrecondition(
                    f"The lineage has more than {_LARGEST} {noun}; ask for fewer hops."
                )
        return LineageSubgraph(
            artifacts=self._get(artifacts, Artifact),
            executions=self._get(executions, Execution),
            events=list(events),
        )

    def _get(self, names: list[str], resource_type: type[Any]) -> list[Any]:
        return [self._store.get(name, resource_type) for name in names]


def _ends(events: dict[int, Event]) -> set[str]:
    return {name for event in events.values() for name in (event.execution, event.artifact)}


def _is_artifact(name: str) -> bool:
    return name.split("/")[-2] == "artifacts"
