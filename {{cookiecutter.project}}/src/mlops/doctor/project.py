"""Checks of the project itself: its services, their agents, and what the caller may do."""

from __future__ import annotations

from collections.abc import Iterator

from mlops.doctor.findings import Finding
from mlops.doctor.needs import PERMISSIONS, SERVICE_AGENTS, SERVICES


def check_services(project: str) -> Iterator[Finding]:
    """Services that are not enabled."""
    from google.cloud import service_usage_v1

    listed = service_usage_v1.ServiceUsageClient().list_services(
        request={"parent": f"projects/{project}", "filter": "state:ENABLED", "page_size": 200}
    )
    enabled = {service.config.name for service in listed}
    for name in SERVICES:
        host = f"{name}.googleapis.com"
        if host not in enabled:
            yield Finding(
                f"{host} is not enabled", f"gcloud services enable {host} --project={project}"
            )


def check_permissions(project: str) -> Iterator[Finding]:
    """Roles that the caller lacks."""
    from google.cloud import resourcemanager_v3

    granted = resourcemanager_v3.ProjectsClient().test_iam_permissions(
        resource=f"projects/{project}", permissions=list(PERMISSIONS)
    )
    missing = PERMISSIONS.keys() - set(granted.permissions)
    for role in sorted({PERMISSIONS[permission] for permission in missing}):
        names = sorted(name for name in missing if PERMISSIONS[name] == role)
        yield Finding(
            f"you lack {', '.join(names)}",
            f"gcloud projects add-iam-policy-binding {project} --role={role}"
            ' --member="user:$(gcloud config get account)"',
        )


def check_service_agents(project: str) -> Iterator[Finding]:
    """Google's own accounts that lack their role: the service could not act in the project."""
    from google.cloud import resourcemanager_v3

    client = resourcemanager_v3.ProjectsClient()
    number = client.get_project(name=f"projects/{project}").name.removeprefix("projects/")
    policy = client.get_iam_policy(resource=f"projects/{project}")
    granted = {(each.role, member) for each in policy.bindings for member in each.members}
    for service, domain in SERVICE_AGENTS.items():
        role = f"roles/{service}.serviceAgent"
        member = f"serviceAccount:service-{number}@{domain}.iam.gserviceaccount.com"
        if (role, member) not in granted:
            yield Finding(
                f"the service agent of {service}.googleapis.com has no role",
                f"gcloud beta services identity create --service={service}.googleapis.com"
                f" --project={project} && gcloud projects add-iam-policy-binding {project}"
                f" --role={role} --member={member}",
            )
