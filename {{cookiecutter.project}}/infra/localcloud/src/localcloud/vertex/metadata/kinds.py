"""The three kinds of metadata resources that have a schema."""

from dataclasses import dataclass
from typing import Any

from google.cloud.aiplatform_v1.types import Artifact, Context, Execution, MetadataSchema

_SHARED = ("display_name", "description", "labels", "metadata")


@dataclass(frozen=True)
class Kind:
    """Artifact, Execution or Context: its message, collection, schema type and updatable fields."""

    type: type[Any]
    collection: str
    schema_type: int
    fields: tuple[str, ...]

    @property
    def noun(self) -> str:
        """What errors call it."""
        return self.type.__name__


_TYPE = MetadataSchema.MetadataSchemaType
ARTIFACT = Kind(Artifact, "artifacts", _TYPE.ARTIFACT_TYPE, (*_SHARED, "state", "uri"))
EXECUTION = Kind(Execution, "executions", _TYPE.EXECUTION_TYPE, (*_SHARED, "state"))
CONTEXT = Kind(Context, "contexts", _TYPE.CONTEXT_TYPE, _SHARED)
