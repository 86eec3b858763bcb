"""The template's own CI: what terraform/ sets up for cloudbuild.yaml, by the real terraform."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from terraform_google.plan import Plan
from terraform_google.server import attached
from terraform_google.workspace import MISSING, Workspace, copy_configuration, is_installed

ROOT = Path(__file__).parents[1]
MODULES = "{{cookiecutter.project}}/terraform/modules"
GITHUB = {"app_installation_id": 1, "repository": "https://github.com/acme/template.git"}

pytestmark = pytest.mark.skipif(not is_installed(), reason=MISSING)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    folder = tmp_path_factory.mktemp("template")
    copy_configuration(ROOT / "terraform", folder / "terraform")
    copy_configuration(ROOT / MODULES, folder / MODULES)
    with attached() as variables:
        yield Workspace(folder / "terraform", variables)


@pytest.fixture(scope="module")
def plan(workspace: Workspace) -> Plan:
    workspace.init()
    return workspace.plan(project_id="acme-templates", github=GITHUB)


def build_file(name: str) -> dict[str, object]:
    content: dict[str, object] = yaml.safe_load((ROOT / name).read_text())
    return content


def test_it_is_formatted_and_valid(workspace: Workspace) -> None:
    workspace.run("fmt", "-check", "-diff")
    assert workspace.validate() == []


def test_each_trigger_runs_a_file_that_is_there_as_an_account_of_its_own(plan: Plan) -> None:
    triggers = list(plan.of_type("google_cloudbuild_trigger").values())
    assert len(triggers) == 4
    for trigger in triggers:
        source = trigger["git_file_source"]
        assert (ROOT / (trigger["filename"] or source[0]["path"])).is_file()
        assert trigger["service_account"].endswith(
            "/serviceAccounts/template-ci@acme-templates.iam.gserviceaccount.com"
        )


def test_strangers_start_no_build(plan: Plan) -> None:
    events = [
        event["pull_request"][0]["comment_control"]
        for trigger in plan.of_type("google_cloudbuild_trigger").values()
        for event in trigger["repository_event_config"]
        if event["pull_request"]
    ]
    assert events == ["COMMENTS_ENABLED_FOR_EXTERNAL_CONTRIBUTORS_ONLY"]


def test_builds_run_in_the_image_of_the_repository_that_is_made(plan: Plan) -> None:
    assert (
        plan.outputs["builder"] == "us-central1-docker.pkg.dev/acme-templates/template-ci/builder"
    )
    for name in ("cloudbuild.yaml", "cloudbuild/nightly.yaml", "infra/builder/cloudbuild.yaml"):
        assert build_file(name)["substitutions"] == {
            "_BUILDER": "${LOCATION}-docker.pkg.dev/${PROJECT_ID}/template-ci/builder",
            "_ACCOUNT": "template-ci@${PROJECT_ID}.iam.gserviceaccount.com",
        }


def test_the_account_reaches_its_images_and_its_logs_alone(plan: Plan) -> None:
    members = [each for each in plan.resources if each.type.endswith("_iam_member")]
    granted = {
        (each.type, each.values["role"])
        for each in members
        if "template-ci@" in each.values.get("member", "")
    }
    assert granted == {
        ("google_project_iam_member", "roles/logging.logWriter"),
        ("google_artifact_registry_repository_iam_member", "roles/artifactregistry.writer"),
    }
