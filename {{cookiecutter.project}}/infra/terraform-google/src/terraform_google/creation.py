"""Making resources by Google's own clients, in the cloud that those lead to: a local or a real one.

An apply is then more than an entry in Terraform's state, for the types of CREATED. Making what is
there already changes it to what is wanted; removing what is gone is no error. The clients are
imported when they are needed: whoever only plans and tests does without them.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from terraform_google.values import Value

if TYPE_CHECKING:
    from google.cloud import bigquery

State = dict[str, Value]

_importing = threading.Lock()


class CreationError(Exception):
    """The cloud refused; the message is what it said."""


def change(type_name: str, before: State, wanted: State | None) -> State | None:
    """Makes a resource or changes it, or removes it when none is wanted.

    Returns:
        The state, with what the cloud has set.

    Raises:
        CreationError: If the cloud refuses.
    """
    if type_name not in CREATED:
        return wanted
    with _importing:  # Terraform asks for many at once: two threads may meet a module half-imported
        from google.cloud import aiplatform_v1, bigquery, storage  # noqa: F401
    from google.api_core.exceptions import GoogleAPICallError, NotFound
    from google.auth.exceptions import GoogleAuthError

    ensure, remove = CREATED[type_name]
    try:
        if wanted is not None:
            return wanted | ensure(wanted)
        with suppress(NotFound):
            remove(before)
    except (GoogleAPICallError, GoogleAuthError) as error:
        raise CreationError(f"{type_name}: {error}") from error
    return None


def _ensure_bucket(state: State) -> State:
    from google.cloud import storage

    client = storage.Client(project=state["project"])
    bucket = client.bucket(state["name"])
    bucket.labels = state["labels"] or {}
    bucket.iam_configuration.uniform_bucket_level_access_enabled = True
    bucket.iam_configuration.public_access_prevention = state["public_access_prevention"]
    bucket.versioning_enabled = any(each["enabled"] for each in state["versioning"])
    if client.lookup_bucket(state["name"]):
        bucket.patch()
    else:
        bucket.create(location=state["location"])
    return {}


def _remove_bucket(state: State) -> None:
    from google.cloud import storage

    bucket = storage.Client(project=state["project"]).bucket(state["name"])
    bucket.delete(force=bool(state["force_destroy"]))


def _ensure_dataset(state: State) -> State:
    from google.cloud import bigquery

    client = bigquery.Client(project=state["project"])
    dataset = bigquery.Dataset(f"{state['project']}.{state['dataset_id']}")
    dataset.location = state["location"]
    dataset.description = state["description"]
    dataset.labels = state["labels"] or {}
    dataset.default_table_expiration_ms = state["default_table_expiration_ms"]
    dataset.default_partition_expiration_ms = state["default_partition_expiration_ms"]
    client.create_dataset(dataset, exists_ok=True)
    client.update_dataset(dataset, ["description", "labels"])
    return {}


def _remove_dataset(state: State) -> None:
    from google.cloud import bigquery

    client = bigquery.Client(project=state["project"])
    client.delete_dataset(
        f"{state['project']}.{state['dataset_id']}",
        delete_contents=bool(state["delete_contents_on_destroy"]),
    )


def _ensure_table(state: State) -> State:
    from google.cloud import bigquery

    client = bigquery.Client(project=state["project"])
    schema = [bigquery.SchemaField.from_api_repr(each) for each in json.loads(state["schema"])]
    table = bigquery.Table(_table_id(state), schema)
    table.description = state["description"]
    table.labels = state["labels"] or {}
    table.clustering_fields = state["clustering"]
    for each in state["time_partitioning"]:
        table.time_partitioning = _partitioning(each)
    client.create_table(table, exists_ok=True)
    client.update_table(table, ["description", "labels"])
    return {}


def _partitioning(partitioning: State) -> bigquery.TimePartitioning:
    from google.cloud import bigquery

    expiration = partitioning["expiration_ms"]
    return bigquery.TimePartitioning(
        type_=partitioning["type"],
        field=partitioning["field"],
        expiration_ms=int(expiration) if expiration else None,
    )


def _remove_table(state: State) -> None:
    from google.cloud import bigquery

    bigquery.Client(project=state["project"]).delete_table(_table_id(state))


def _table_id(state: State) -> str:
    return f"{state['project']}.{state['dataset_id']}.{state['table_id']}"


def _ensure_endpoint(state: State) -> State:
    from google.api_core.exceptions import AlreadyExists
    from google.cloud.aiplatform_v1.types import Endpoint

    endpoint = Endpoint(
        name=state["id"],
        display_name=state["display_name"],
        description=state["description"] or "",
        labels=state["labels"] or {},
        dedicated_endpoint_enabled=bool(state["dedicated_endpoint_enabled"]),
    )
    for each in state["predict_request_response_logging_config"]:
        logging = endpoint.predict_request_response_logging_config
        logging.enabled = bool(each["enabled"])
        logging.sampling_rate = float(each["sampling_rate"])
        for destination in each["bigquery_destination"]:
            logging.bigquery_destination.output_uri = destination["output_uri"]
    client = _vertex("EndpointServiceClient", state["location"])
    try:
        client.create_endpoint(
            parent=_location(state["project"], state["location"]),
            endpoint=endpoint,
            endpoint_id=state["name"],
        ).result()
    except AlreadyExists:
        changed = ["display_name", "description", "labels"]
        client.update_endpoint(endpoint=endpoint, update_mask={"paths": changed})
    return {}


def _remove_endpoint(state: State) -> None:
    client = _vertex("EndpointServiceClient", state["location"])
    client.delete_endpoint(name=state["id"]).result()


def _ensure_tensorboard(state: State) -> State:
    from google.cloud.aiplatform_v1.types import Tensorboard

    tensorboard = Tensorboard(
        display_name=state["display_name"],
        description=state["description"] or "",
        labels=state["labels"] or {},
    )
    client = _vertex("TensorboardServiceClient", state["region"])
    parent = _location(state["project"], state["region"])
    there = client.list_tensorboards(
        request={"parent": parent, "filter": f'display_name="{tensorboard.display_name}"'}
    )
    for each in there:
        tensorboard.name = each.name
        paths = {"paths": ["description", "labels"]}
        client.update_tensorboard(tensorboard=tensorboard, update_mask=paths).result()
        return {"id": each.name, "name": each.name}
    made = client.create_tensorboard(parent=parent, tensorboard=tensorboard).result()
    return {"id": made.name, "name": made.name}


def _remove_tensorboard(state: State) -> None:
    client = _vertex("TensorboardServiceClient", state["region"])
    client.delete_tensorboard(name=state["name"]).result()


def _ensure_metadata_store(state: State) -> State:
    from google.api_core.exceptions import AlreadyExists
    from google.cloud.aiplatform_v1.types import MetadataStore

    client = _vertex("MetadataServiceClient", state["region"])
    with suppress(AlreadyExists):
        client.create_metadata_store(
            parent=_location(state["project"], state["region"]),
            metadata_store=MetadataStore(description=state["description"] or ""),
            metadata_store_id=state["name"],
        ).result()
    return {}


def _remove_metadata_store(state: State) -> None:
    client = _vertex("MetadataServiceClient", state["region"])
    name = f"{_location(state['project'], state['region'])}/metadataStores/{state['name']}"
    client.delete_metadata_store(name=name).result()


def _vertex(service: str, location: Value) -> Any:
    from google.cloud import aiplatform_v1

    options = {"api_endpoint": f"{location}-aiplatform.googleapis.com"}
    return getattr(aiplatform_v1, service)(client_options=options)


def _location(project: Value, location: Value) -> str:
    return f"projects/{project}/locations/{location}"


CREATED: dict[str, tuple[Callable[[State], State], Callable[[State], None]]] = {
    "google_bigquery_dataset": (_ensure_dataset, _remove_dataset),
    "google_bigquery_table": (_ensure_table, _remove_table),
    "google_storage_bucket": (_ensure_bucket, _remove_bucket),
    "google_vertex_ai_endpoint": (_ensure_endpoint, _remove_endpoint),
    "google_vertex_ai_metadata_store": (_ensure_metadata_store, _remove_metadata_store),
    "google_vertex_ai_tensorboard": (_ensure_tensorboard, _remove_tensorboard),
}
