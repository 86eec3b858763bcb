"""What filters of artifacts, executions and contexts can name."""

from collections import defaultdict
from typing import Any

from google.cloud.aiplatform_v1.types import Context
from google.protobuf.struct_pb2 import Struct, Value

from localcloud.cloud import Cloud
from localcloud.rpc import raw
from localcloud.vertex import filters
from localcloud.vertex.filters import Predicate
from localcloud.vertex.metadata.kinds import CONTEXT, Kind

_DEEPEST = 5
_FIELDS = ("name", "display_name", "schema_title", "schema_version", "create_time", "update_time")


def predicate(cloud: Cloud, kind: Kind, parent: str, text: str) -> Predicate:
    """Whether an artifact, an execution or a context is selected by a filter.

    Raises:
        InvalidArgument: the filter cannot be read, or names what this kind does not have.
    """
    fields = {name: _field(name) for name in (*_FIELDS, "labels")}
    fields["metadata"] = lambda node: _typed(raw(node).metadata)
    if kind is CONTEXT:
        fields["parent_contexts"] = lambda context: list(context.parent_contexts)
        if "child_contexts" in text:
            children = _children(cloud, parent)
            fields["child_contexts"] = lambda context: children[context.name]
        return filters.predicate(text, fields, deepest=_DEEPEST)
    fields["state"] = lambda node: node.state.name
    if "uri" in kind.fields:
        fields["uri"] = _field("uri")
    return filters.predicate(text, fields, {"in_context": _in_context(cloud)}, _DEEPEST)


def _field(name: str) -> Any:
    return lambda node: getattr(node, name)


def _in_context(cloud: Cloud) -> Any:
    def selects(context: str) -> Predicate:
        members = cloud.lineage.members(context)
        return lambda node: node.name in members

    return selects


def _children(cloud: Cloud, parent: str) -> dict[str, list[str]]:
    children: dict[str, list[str]] = defaultdict(list)
    for context in cloud.store.in_collection(f"{parent}/contexts", Context):
        for name in context.parent_contexts:
            children[name].append(context.name)
    return children


def _typed(metadata: Struct) -> dict[str, dict[str, Any]]:
    """Metadata as filters name it: `metadata.FIELD.number_value`."""
    return {name: _typed_value(value) for name, value in metadata.fields.items()}


def _typed_value(value: Value) -> dict[str, Any]:
    kind = value.WhichOneof("kind")
    content = getattr(value, kind) if kind else None
    return {kind: _typed(content) if kind == "struct_value" else content}
