"""How contexts hang together: parents and children."""

from collections.abc import Iterable

from google.api_core.exceptions import InvalidArgument
from google.cloud.aiplatform_v1.types import Context

from localcloud.store import Store
from localcloud.vertex.metadata.kinds import CONTEXT
from localcloud.vertex.metadata.nodes import check_neighbours

_MOST_PARENTS = 10


def add_children(store: Store, parent: str, children: Iterable[str]) -> None:
    """Put contexts below a parent; those that are there are skipped.

    Raises:
        NotFound: one of the contexts is not there.
        InvalidArgument: this would make a cycle, or give a context too many parents.
    """
    check_neighbours(parent, CONTEXT, children)
    with store.transaction():
        above = _ancestors(store, parent)
        for child in children:
            if child in above:
                raise InvalidArgument(f"{child} is above {parent}, so it cannot be its child.")
            with store.editing(child, Context) as context:
                if parent not in context.parent_contexts:
                    context.parent_contexts.append(parent)
                if len(context.parent_contexts) > _MOST_PARENTS:
                    raise InvalidArgument(f"{child} would have more than {_MOST_PARENTS} parents.")


def remove_children(store: Store, parent: str, children: Iterable[str]) -> None:
    """Take contexts from below a parent; those that are not there are skipped.

    Raises:
        NotFound: one of the contexts is not there.
    """
    with store.transaction():
        store.get(parent, Context)
        for child in children:
            with store.editing(child, Context) as context:
                context.parent_contexts = [
                    name for name in context.parent_contexts if name != parent
                ]


def release_children(store: Store, parent: str) -> None:
    """Take all contexts from below a parent that is about to be deleted."""
    siblings = store.in_collection(parent.rpartition("/")[0], Context)
    children = [context.name for context in siblings if parent in context.parent_contexts]
    remove_children(store, parent, children)


def _ancestors(store: Store, name: str) -> set[str]:
    """A context and all above it."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        current = waiting.pop()
        found.add(current)
        waiting += set(store.get(current, Context).parent_contexts) - found
    return found
