"""The roots of terraform/, and the values that their tests and docs/iam.md plan them with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from terraform_google.plan import Plan
from terraform_google.workspace import Workspace

ENVIRONMENTS = ("dev", "staging", "prod")
# what the answers leave out, so that the optional parts are planned too
OPTIONS: dict[str, Any] = {
    "billing_account": "012345-6789AB-CDEF01",
    "github": {"app_installation_id": 12345678, "repository": "https://github.com/acme/model.git"},
    "wrapped_key": "CiQAexample=",
}


def plan_roots(terraform: Path, variables: Mapping[str, str]) -> dict[str, Plan]:
    """The plans of the environments and of bootstrap, in a copy of terraform/."""
    plans: dict[str, Plan] = {}
    for name in reversed(ENVIRONMENTS):
        later = [project_of(each) for each in plans.values()]
        elsewhere = {"promoted_to": later} if name == "dev" else {}
        plans[name] = _plan(terraform / "environments" / name, variables, OPTIONS | elsewhere)
    dev = plans["dev"].document["variables"]
    shared = {name: dev[name]["value"] for name in ("project_id", "region")}
    operators = {"operators": ["group:ml-platform@acme.example"]}
    plans["bootstrap"] = _plan(terraform / "bootstrap", variables, shared | operators)
    return plans


def project_of(plan: Plan) -> str:
    """The id of the project that a plan is for."""
    return str(plan.document["variables"]["project_id"]["value"])


def _plan(folder: Path, variables: Mapping[str, str], values: dict[str, Any]) -> Plan:
    workspace = Workspace(folder, variables)
    workspace.init()
    return workspace.plan(**values)
