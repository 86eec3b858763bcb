"""Metadata schemas: those that each metadata store has from the start, and those of its users."""

import re
from collections.abc import Iterator
from functools import lru_cache

import yaml
from google.api_core.exceptions import AlreadyExists, InvalidArgument, NotFound
from google.cloud.aiplatform_v1.types import MetadataSchema

from localcloud.store import Store
from localcloud.vertex.resources import now

Type = MetadataSchema.MetadataSchemaType

_TITLE = re.compile(r"[a-z][a-z0-9-_]{2,20}[.][A-Z][a-zA-Z0-9-_]{2,49}")
_VERSION = re.compile(r"[0-9]+[.][0-9]+[.][0-9]+")
_FIRST_VERSION = "0.0.1"
# Those that Vertex publishes; https://cloud.google.com/vertex-ai/docs/ml-metadata/system-schemas
_SYSTEM_SCHEMAS = {
    Type.ARTIFACT_TYPE: """
        system.Artifact system.ClassificationMetrics system.Dataset system.HTML system.Markdown
        system.Metrics system.Model system.SlicedClassificationMetrics
        google.BQMLModel google.BQTable google.ClassificationMetrics google.ExperimentModel
        google.ForecastingMetrics google.RegressionMetrics google.UnmanagedContainerModel
        google.VertexBatchPredictionJob google.VertexDataset google.VertexEndpoint
        google.VertexHyperparameterTuningJob google.VertexModel google.VertexTensorboardRun
    """,
    Type.EXECUTION_TYPE: """
        system.ContainerExecution system.CustomJobExecution system.DagExecution
        system.ImporterExecution system.ResolverExecution system.Run
    """,
    Type.CONTEXT_TYPE: """
        system.Experiment system.ExperimentRun system.Pipeline system.PipelineRun
    """,
}


def system_schemas(parent: str) -> Iterator[MetadataSchema]:
    """The schemas that a new metadata store starts with."""
    for schema_type, titles in _SYSTEM_SCHEMAS.items():
        for title in titles.split():
            yield _schema(parent, title, _FIRST_VERSION, schema_type)


def create(store: Store, parent: str, schema: MetadataSchema, schema_id: str) -> MetadataSchema:
    """Keep a schema; an empty id stands for one made of its title and version.

    Raises:
        InvalidArgument: its title, version, type or YAML is not valid.
        AlreadyExists: there is one of this title and version, or of this id.
    """
    title = title_of(schema.schema)
    version = schema.schema_version or _FIRST_VERSION
    if not _TITLE.fullmatch(title):
        raise InvalidArgument(
            f"MetadataSchema must include a schema title that satisfies the following regex:"
            f" ^{_TITLE.pattern}$; it is {title!r}."
        )
    if not _VERSION.fullmatch(version):
        raise InvalidArgument(f"schema_version is {version!r}; write three numbers as in 0.0.1.")
    if not schema.schema_type:
        raise InvalidArgument("schema_type is required; say what the schema describes.")
    created = MetadataSchema(schema)
    created.name = f"{parent}/metadataSchemas/{schema_id or _id(title, version)}"
    created.schema_version, created.create_time = version, now()
    with store.transaction():
        if _find(store, parent, title, version):
            raise AlreadyExists(f"MetadataSchema {title} version {version} already exists.")
        store.create(created)
    return created


def ensure(store: Store, parent: str, title: str, version: str, schema_type: int) -> None:
    """Keep a schema of no fields unless there is one of this title and version."""
    if not _find(store, parent, title, version):
        store.save(_schema(parent, title, version, schema_type))


def latest_version(store: Store, parent: str, title: str, version: str, schema_type: int) -> str:
    """The version of a schema that a resource has asked for, or else its latest.

    Raises:
        NotFound: there is no such schema.
        InvalidArgument: it describes another kind of resource.
    """
    found = _find(store, parent, title, version)
    if not found:
        raise NotFound(
            f"MetadataSchema {f'{title} {version}'.strip()} was not found in {parent}; create it"
            " first, or use a system schema such as system.Artifact."
        )
    if found[-1].schema_type != schema_type:
        raise InvalidArgument(
            f"schema_title is {title}, which is an {found[-1].schema_type.name}, not an"
            f" {Type(schema_type).name}."
        )
    return str(found[-1].schema_version)


@lru_cache(maxsize=1024)
def title_of(schema: str) -> str:
    """The title in a schema's YAML.

    Raises:
        InvalidArgument: it is not YAML, or has no title.
    """
    try:
        content: object = yaml.safe_load(schema)
    except yaml.YAMLError as error:
        raise InvalidArgument(f"schema is not YAML: {error}") from error
    title: object = content.get("title") if isinstance(content, dict) else None
    if not isinstance(title, str):
        raise InvalidArgument("schema has no title; write a YAML object with title and type.")
    return title


def _find(store: Store, parent: str, title: str, version: str) -> list[MetadataSchema]:
    """The schemas of a title, oldest version first; only one if a version is given."""
    found = [
        schema
        for schema in store.in_collection(f"{parent}/metadataSchemas", MetadataSchema)
        if title_of(schema.schema) == title and version in ("", schema.schema_version)
    ]
    return sorted(found, key=lambda schema: [int(n) for n in schema.schema_version.split(".")])


def _schema(parent: str, title: str, version: str, schema_type: int) -> MetadataSchema:
    return MetadataSchema(
        name=f"{parent}/metadataSchemas/{_id(title, version)}",
        schema_version=version,
        schema=f"title: {title}\ntype: object\n",
        schema_type=schema_type,
        create_time=now(),
    )


def _id(title: str, version: str) -> str:
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", title).replace(".", "-").replace("_", "-")
    return f"{words}-v{version.replace('.', '-')}".lower()
