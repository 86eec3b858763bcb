"""Metadata stores and the schemas that each has from the start."""

from google.api_core.exceptions import AlreadyExists
from google.cloud.aiplatform_v1.types import MetadataStore

from localcloud.store import Store
from localcloud.vertex.metadata import schemas
from localcloud.vertex.resources import now


def create(store: Store, name: str, metadata_store: MetadataStore) -> MetadataStore:
    """Keep a new metadata store.

    Raises:
        AlreadyExists: there is one of this name.
    """
    created = MetadataStore(metadata_store)
    created.name = name
    created.create_time = created.update_time = now()
    with store.transaction():
        if store.exists(name):
            raise AlreadyExists(f"MetadataStore with name {name} already exists")
        store.create(created)
        for schema in schemas.system_schemas(name):
            store.save(schema)
    return created


def ensure(store: Store, name: str) -> None:
    """Keep a metadata store of this name unless there is one."""
    with store.transaction():
        if not store.exists(name):
            create(store, name, MetadataStore())
