"""What a data source answers without Google Cloud to ask."""

from __future__ import annotations

import json

from terraform_google.applying import applied
from terraform_google.identities import project_number, service_account_email
from terraform_google.planning import Configuration, location_defaults, with_unknowns
from terraform_google.schema import Block
from terraform_google.values import UNKNOWN, Value

# https://cloud.google.com/iam/docs/service-agents
SERVICE_ACCOUNTS = {
    "google_bigquery_default_service_account": (
        "bq-{number}@bigquery-encryption.iam.gserviceaccount.com"
    ),
    "google_compute_default_service_account": "{number}-compute@developer.gserviceaccount.com",
    "google_storage_project_service_account": (
        "service-{number}@gs-project-accounts.iam.gserviceaccount.com"
    ),
}


def read(
    type_name: str, block: Block, arguments: dict[str, Value], configuration: Configuration
) -> dict[str, Value]:
    """The attributes of a data source."""
    state = with_unknowns(block, arguments)
    answers = location_defaults(block, configuration)
    project = state.get("project") or state.get("project_id")
    if not isinstance(project, str):
        project = str(configuration.get("project") or "a-project")
    answers |= _answers(type_name, state, project)
    for name, value in answers.items():
        if state.get(name, UNKNOWN) in (UNKNOWN, None) and name in block.attributes:
            state[name] = value
    return applied(type_name, block, state)


def _answers(type_name: str, state: dict[str, Value], project: str) -> dict[str, Value]:
    if type_name in SERVICE_ACCOUNTS:
        email = SERVICE_ACCOUNTS[type_name].format(number=project_number(project))
        return {"email": email, "email_address": email, "member": f"serviceAccount:{email}"}
    if type_name == "google_project":
        number = project_number(project)
        return {
            "project_id": project,
            "name": project,
            "number": number,
            "id": f"projects/{project}",
        }
    if type_name == "google_service_account":
        email = str(state["account_id"])
        email = email if "@" in email else service_account_email(email, project)
        return {"email": email, "member": f"serviceAccount:{email}"}
    if type_name == "google_iam_policy":
        return {"policy_data": json.dumps({"bindings": state.get("binding")}, sort_keys=True)}
    return {}
