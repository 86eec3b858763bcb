"""Projects: any id is accepted, since a localcloud belongs to whoever runs it."""

import hashlib

from google.cloud.resourcemanager_v3 import GetProjectRequest, Project

from localcloud.cloud import Cloud


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


def project_number(project: str) -> int:
    """Twelve digits that follow from the project's id; a number stands for itself."""
    if project.isdigit():
        return int(project)
    digest = hashlib.sha256(project.encode()).digest()
    return 10**11 + int.from_bytes(digest[:8], "big") % (9 * 10**11)
