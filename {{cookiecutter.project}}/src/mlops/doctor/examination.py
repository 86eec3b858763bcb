"""All checks, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from mlops.doctor.findings import Finding
from mlops.doctor.project import check_permissions, check_service_agents, check_services
from mlops.doctor.region import check_connections, check_quotas, check_vertex

if TYPE_CHECKING:
    from mlops.settings import Settings

Check = Callable[[], Iterator[Finding]]


def examine(settings: Settings) -> dict[str, list[Finding]]:
    """What each check finds in the project of an environment.

    A check that Google refuses is a finding itself, so that one missing permission hides nothing.
    """
    project = settings.project
    checks: dict[str, Check] = {
        "services": lambda: check_services(project),
        "permissions": lambda: check_permissions(project),
        "service agents": lambda: check_service_agents(project),
        "region": lambda: check_vertex(settings),
        "quotas": lambda: check_quotas(settings),
        "Cloud Build": lambda: check_connections(settings),
    }
    return {name: _find(name, check, project) for name, check in checks.items()}


def describe(findings: dict[str, list[Finding]]) -> Iterator[str]:
    """The findings as lines: what is wrong, and below it how it is put right."""
    for name, found in findings.items():
        yield f"{name}: {len(found)} to do" if found else f"{name}: fine"
        for each in found:
            yield f"  {each.problem}"
            yield f"    {each.fix}"


def _find(name: str, check: Check, project: str) -> list[Finding]:
    from google.api_core.exceptions import GoogleAPIError

    try:
        return list(check())
    except GoogleAPIError as error:
        return [
            Finding(
                f"{name} could not be checked: {getattr(error, 'message', error)}",
                f"gcloud services enable serviceusage.googleapis.com cloudquotas.googleapis.com"
                f" cloudresourcemanager.googleapis.com --project={project}, or ask for"
                " roles/viewer on the project",
            )
        ]
