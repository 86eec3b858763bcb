"""Values that Google Cloud would give to a new resource: plausible, and the same each time."""

from __future__ import annotations

import hashlib
from typing import Any

from terraform_google.schema import Type
from terraform_google.values import Value

# the ids of the types that other resources refer to; any other id is projects/PROJECT/TYPE/NAME
ID_FORMATS = {
    "google_artifact_registry_repository": (
        "projects/{project}/locations/{location}/repositories/{repository_id}"
    ),
    "google_bigquery_connection": (
        "projects/{project}/locations/{location}/connections/{connection_id}"
    ),
    "google_bigquery_dataset": "projects/{project}/datasets/{dataset_id}",
    "google_bigquery_table": "projects/{project}/datasets/{dataset_id}/tables/{table_id}",
    "google_cloud_run_v2_job": "projects/{project}/locations/{location}/jobs/{name}",
    "google_cloud_run_v2_service": "projects/{project}/locations/{location}/services/{name}",
    "google_cloud_scheduler_job": "projects/{project}/locations/{region}/jobs/{name}",
    "google_cloudbuildv2_connection": (
        "projects/{project}/locations/{location}/connections/{name}"
    ),
    "google_cloudbuildv2_repository": "{parent_connection}/repositories/{name}",
    "google_compute_network": "projects/{project}/global/networks/{name}",
    "google_compute_subnetwork": "projects/{project}/regions/{region}/subnetworks/{name}",
    "google_eventarc_trigger": "projects/{project}/locations/{location}/triggers/{name}",
    "google_iam_workload_identity_pool": (
        "projects/{project}/locations/global/workloadIdentityPools/{workload_identity_pool_id}"
    ),
    "google_kms_crypto_key": "{key_ring}/cryptoKeys/{name}",
    "google_kms_key_ring": "projects/{project}/locations/{location}/keyRings/{name}",
    "google_project": "projects/{project_id}",
    "google_project_iam_custom_role": "projects/{project}/roles/{role_id}",
    "google_project_service": "{project}/{service}",
    "google_pubsub_subscription": "projects/{project}/subscriptions/{name}",
    "google_pubsub_topic": "projects/{project}/topics/{name}",
    "google_secret_manager_secret": "projects/{project}/secrets/{secret_id}",
    "google_service_account": "projects/{project}/serviceAccounts/{email}",
    "google_storage_bucket": "{name}",
    "google_vertex_ai_endpoint": "projects/{project}/locations/{location}/endpoints/{name}",
    "google_vertex_ai_feature_group": (
        "projects/{project}/locations/{region}/featureGroups/{name}"
    ),
    "google_vertex_ai_feature_online_store": (
        "projects/{project}/locations/{region}/featureOnlineStores/{name}"
    ),
}
# types whose `name` is the id itself
NAMED_BY_ID = (
    "google_iam_workload_identity_pool",
    "google_project_iam_custom_role",
    "google_secret_manager_secret",
    "google_service_account",
)
TIME = "2026-01-01T00:00:00Z"


def service_account_email(account_id: str, project: str) -> str:
    """The address of a service account."""
    return f"{account_id}@{project}.iam.gserviceaccount.com"


def project_number(project: str) -> str:
    """Twelve digits for a project id."""
    return str(10**11 + _digits(9 * 10**11, "project", project))


def computed_value(type_: Type, type_name: str, name: str, resource: dict[str, Value]) -> Value:
    """What Google Cloud sets for an attribute of a resource; empty for a collection.

    Args:
        type_: The attribute's type.
        type_name: The resource's type.
        name: The attribute's name.
        resource: What is known of the resource so far.
    """
    if isinstance(type_, list):
        return _empty(type_)
    if type_ in ("bool", "number"):
        return False if type_ == "bool" else 0
    project = _text(resource, "project") or _text(resource, "project_id") or "a-project"
    label = _text(resource, "name") or f"{name}-{_digits(10**8, type_name, resource)}"
    match name:
        case "id":
            return resource_id(type_name, resource, project, label)
        case "name" if type_name in NAMED_BY_ID:
            return resource_id(type_name, resource, project, label)
        case "email":
            return service_account_email(f"agent-{_digits(10**6, type_name, resource)}", project)
        case "member":
            return f"serviceAccount:{_text(resource, 'email') or f'agent@{project}'}"
        case "number" | "numeric_id" | "project_number" | "unique_id":
            return project_number(project)
        case "self_link":
            return f"https://www.googleapis.com/{type_name}/{label}"
        case "uri" | "url":
            is_bucket = type_name == "google_storage_bucket"
            return f"gs://{label}" if is_bucket else f"https://{label}.example.invalid"
        case "creation_timestamp" | "updated":
            return TIME
        case _ if name.endswith("_time"):
            return TIME
    return f"{name}-{_digits(10**8, type_name, name, label)}"


def resource_id(type_name: str, resource: dict[str, Value], project: str, label: str) -> str:
    """The id of a resource, as the real provider writes it for the types of ID_FORMATS."""
    known = {key: part for key, part in resource.items() if isinstance(part, str)}
    try:
        return ID_FORMATS[type_name].format(**{"project": project} | known)
    except KeyError:
        return f"projects/{project}/{type_name.removeprefix('google_')}/{label}"


def _empty(type_: list[Any]) -> Value:
    if type_[0] == "map":
        return {}
    return dict.fromkeys(type_[1]) if type_[0] == "object" else []


def _text(resource: dict[str, Value], name: str) -> str | None:
    value = resource.get(name)
    return value if isinstance(value, str) and value else None


def _digits(below: int, *parts: object) -> int:
    """A number that follows from the parts."""
    text = "|".join(map(str, parts))
    return int(hashlib.sha256(text.encode()).hexdigest()[:15], 16) % below
