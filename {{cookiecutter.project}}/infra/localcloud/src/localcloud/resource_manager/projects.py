"""Projects: any id is accepted, since a localcloud belongs to whoever runs it."""

import hashlib

from google.cloud.resourcemanager_v3 import GetProjectRequest, Project
from google.cloud.service_usage_v1 import State
from google.iam.v1.iam_policy_pb2 import (
    GetIamPolicyRequest,
    TestIamPermissionsRequest,
    TestIamPermissionsResponse,
)
from google.iam.v1.policy_pb2 import Binding, Policy

from localcloud.cloud import Cloud
from localcloud.service_usage.service_usage import service

# https://cloud.google.com/iam/docs/service-agents
SERVICE_AGENTS = {
    "aiplatform": "gcp-sa-aiplatform",
    "artifactregistry": "gcp-sa-artifactregistry",
    "cloudbuild": "gcp-sa-cloudbuild",
    "dlp": "dlp-api",
    "eventarc": "gcp-sa-eventarc",
    "pubsub": "gcp-sa-pubsub",
    "run": "serverless-robot-prod",
    "workflows": "gcp-sa-workflows",
}


def get_project(_cloud: Cloud, request: GetProjectRequest) -> Project:
    """The project of this id or number, with a number that stays the same.

    Partly: any id is a project's; its number follows from it.
    """
    project = request.name.removeprefix("projects/")
    return Project(
        name=f"projects/{project_number(project)}",
        project_id=project,
        display_name=project,
        state=Project.State.ACTIVE,
    )


def get_iam_policy(cloud: Cloud, request: GetIamPolicyRequest) -> Policy:
    """Who may do what with a project.

    Partly: of Google's own service agents, those of enabled services; others need no role here.
    """
    number = project_number(request.resource.removeprefix("projects/"))
    return Policy(
        version=1,
        bindings=[
            Binding(
                role=f"roles/{name}.serviceAgent",
                members=[f"serviceAccount:service-{number}@{domain}.iam.gserviceaccount.com"],
            )
            for name, domain in SERVICE_AGENTS.items()
            if service(cloud, request.resource, f"{name}.googleapis.com").state == State.ENABLED
        ],
    )


def test_iam_permissions(
    cloud: Cloud, request: TestIamPermissionsRequest
) -> TestIamPermissionsResponse:
    """Which of some permissions the caller has: all of them, since nobody is refused here."""
    return TestIamPermissionsResponse(permissions=request.permissions)


def project_number(project: str) -> int:
    """Twelve digits that follow from the project's id; a number stands for itself."""
    if project.isdigit():
        return int(project)
    digest = hashlib.sha256(project.encode()).digest()
    return 10**11 + int.from_bytes(digest[:8], "big") % (9 * 10**11)
