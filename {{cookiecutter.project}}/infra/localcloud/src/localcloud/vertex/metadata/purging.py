"""Deleting all artifacts, executions or contexts that a filter selects."""

from typing import Any

from google.api_core.exceptions import InvalidArgument

from localcloud.cloud import Cloud
from localcloud.vertex.metadata import contexts, nodes
from localcloud.vertex.metadata.kinds import CONTEXT, Kind

_SAMPLE = 100  # names that are shown when nothing is deleted yet


def purge(cloud: Cloud, kind: Kind, request: Any) -> dict[str, Any]:
    """Delete what the request's filter selects if it says force; the fields of the response.

    Raises:
        NotFound: there is no such metadata store.
        InvalidArgument: the filter is missing or cannot be read.
    """
    if not request.filter.strip():
        raise InvalidArgument("filter is required; say what to purge.")
    with cloud.store.transaction():
        names = [node.name for node in nodes.find(cloud, kind, request.parent, request.filter)]
        if not request.force:
            return {"purge_count": len(names), "purge_sample": names[:_SAMPLE]}
        for name in names:
            if kind is CONTEXT:
                contexts.release_children(cloud.store, name)
            cloud.store.delete(name)
    return {"purge_count": len(names)}
