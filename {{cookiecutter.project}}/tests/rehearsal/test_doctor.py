"""`mlops doctor` on a local project: it is fine, until something is taken away from it."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
import yaml

from tests.rehearsal.conftest import Rehearsal, succeed

PROJECT = "a-new-project"
BREAK = """
from google.cloud import service_usage_v1
from google.cloud.devtools import cloudbuild_v2
from mlops.settings import load_settings

settings = load_settings()
services = service_usage_v1.ServiceUsageClient()
name = f"projects/{settings.project}/services/dlp.googleapis.com"
services.disable_service(request={"name": name}).result()
cloudbuild_v2.RepositoryManagerClient().create_connection(
    parent=f"projects/{settings.project}/locations/{settings.location}",
    connection_id="github",
    connection={"github_config": {}},
).result()
"""


@pytest.fixture(scope="module")
def project(rehearsal: Rehearsal, tmp_path_factory: pytest.TempPathFactory) -> Rehearsal:
    """The same localcloud, for a project that nobody has used."""
    folder: Path = tmp_path_factory.mktemp("doctor")
    shutil.copytree(rehearsal.config, folder / "config")
    (folder / "state").symlink_to(rehearsal.folder / "state")
    local = yaml.safe_load((folder / "config/local.yaml").read_text())
    (folder / "config/local.yaml").write_text(yaml.safe_dump(local | {"project": PROJECT}))
    return Rehearsal(folder)


def test_a_project_in_order_is_fine(project: Rehearsal) -> None:
    told = succeed(project.mlops("doctor", "local"))
    names = ("services", "permissions", "service agents", "region", "quotas", "Cloud Build")
    assert told.splitlines() == [f"{name}: fine" for name in names]


def test_each_finding_names_the_command_that_fixes_it(project: Rehearsal) -> None:
    succeed(project.localcloud("run", "--", sys.executable, "-c", BREAK))
    project.change_settings("custom_job", enabled=True, worker_count=99)
    rule = ("--method", "TestIamPermissions", "--error", "PERMISSION_DENIED")
    succeed(project.localcloud("faults", "add", *rule))
    try:
        done = project.mlops("doctor", "local")
    finally:
        succeed(project.localcloud("faults", "clear"))
    assert done.returncode == 1
    told = done.stdout
    assert f"    gcloud services enable dlp.googleapis.com --project={PROJECT}" in told
    assert "the service agent of dlp.googleapis.com has no role" in told
    assert "--role=roles/dlp.serviceAgent" in told
    assert "permissions could not be checked" in told
    assert "800 CPUs are needed" in told
    assert "--quota-id=CustomModelTrainingCPUsPerProjectPerRegion" in told
    assert "the connection github of Cloud Build is not authorised (PENDING_USER_OAUTH)" in told
    assert "region: fine" in told
