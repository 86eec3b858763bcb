"""Artifacts that tasks hand to each other, and where their files lie."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from google.cloud.aiplatform_v1 import types

from localcloud.pipelines.spec import Json

_SCHEME = "gs://"


@dataclass
class Artifact:
    """One artifact; `name` is its resource name, `schema` its ArtifactTypeSchema."""

    name: str
    schema: dict[str, str]
    uri: str
    metadata: dict[str, Json] = field(default_factory=dict)
    custom_path: str = ""

    def as_runtime(self) -> Json:
        """KFP's RuntimeArtifact, as an executor input carries it."""
        runtime = {
            "name": self.name,
            "type": self.schema,
            "uri": self.uri,
            "metadata": self.metadata,
        }
        return {**runtime, "customPath": self.custom_path} if self.custom_path else runtime

    def as_resource(self) -> Any:
        """Vertex's Artifact, as the details of a task carry it."""
        return types.Artifact.pb(
            types.Artifact(
                name=self.name,
                display_name=self.name.rpartition("/")[2],
                schema_title=self.schema.get("schemaTitle", ""),
                schema_version=self.schema.get("schemaVersion", ""),
                uri=self.uri,
                metadata=self.metadata,
                state=types.Artifact.State.LIVE,
            )
        )

    def as_json(self) -> Json:
        """All fields, to be kept; `Artifact(**value)` makes the artifact again."""
        return asdict(self)


def local_path(storage: Path, uri: str) -> str:
    """The path that `/gcs/BUCKET/OBJECT` stands for on Vertex; other URIs are left as they are."""
    return str(storage / uri.removeprefix(_SCHEME)) if uri.startswith(_SCHEME) else uri


def fingerprint(storage: Path, uri: str) -> list[tuple[str, int, int]]:
    """What identifies the content behind a `gs://` URI: path, size and time of each file.

    Nothing that is there, or another kind of URI, has an empty fingerprint.
    """
    if not uri.startswith(_SCHEME):
        return []
    root = Path(local_path(storage, uri))
    files = [root] if root.is_file() else sorted(path for path in root.rglob("*") if path.is_file())
    states = [(file, file.stat()) for file in files]
    return [(str(file.relative_to(storage)), at.st_size, at.st_mtime_ns) for file, at in states]
