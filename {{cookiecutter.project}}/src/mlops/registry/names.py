"""What a model version is called: by Vertex AI, in lineage and in evaluations."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from google.cloud import aiplatform


def name_version(model: aiplatform.Model) -> str:
    """Where a version is found: its SavedModel's URI; of an AutoML model its own, `https://…`."""
    if model.uri:
        return str(model.uri)
    location = model.resource_name.split("/")[3]
    name = f"{model.resource_name}@{model.version_id}"
    return f"https://{location}-aiplatform.googleapis.com/v1/{name}"


def read_name(uri: str) -> str | None:
    """The version's resource name in a URI of `name_version`; None for that of a SavedModel."""
    host, found, resource = uri.partition("/v1/")
    return resource if found and host.startswith("https://") else None
