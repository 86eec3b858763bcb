"""Each kind of mistake that the tests of terraform/ rely on is caught, and told where."""

from __future__ import annotations

import pytest

from terraform_google.workspace import Problem, Workspace
from tests.conftest import MakeWorkspace

BUCKET = 'resource "google_storage_bucket" "b" {\n  name     = "x-data"\n  location = "EU"\n'
# what is wrong, the configuration, and a part of what terraform says
MISTAKES = [
    ("unknown argument", BUCKET + "encrypted = true\n}", "Unsupported argument"),
    (
        "unknown nested argument",
        BUCKET + "versioning {\n  enabled = true\n  keep = 3\n}\n}",
        "Unsupported argument",
    ),
    (
        "missing required argument",
        'resource "google_storage_bucket" "b" {\n  name = "x-data"\n}',
        "Missing required argument",
    ),
    (
        "missing required nested argument",
        BUCKET + "lifecycle_rule {\n  condition { age = 1 }\n  action {}\n}\n}",
        "Missing required argument",
    ),
    (
        "missing required block",
        'resource "google_monitoring_alert_policy" "a" {\n  display_name = "x"\n'
        '  combiner = "OR"\n}',
        "conditions",
    ),
    (
        "list for a string",
        'resource "google_storage_bucket" "b" {\n  name = ["x-data"]\n  location = "EU"\n}',
        "string required",
    ),
    (
        "word for a number",
        'resource "google_cloudfunctions2_function" "f" {\n  name = "x"\n  location = "eu"\n'
        '  service_config { timeout_seconds = "ten" }\n}',
        "a number is required",
    ),
    (
        "argument used as a block",
        BUCKET + 'labels {\n  a = "b"\n}\n}',
        "Unsupported block type",
    ),
    (
        "block used as an argument",
        BUCKET + "versioning = { enabled = true }\n}",
        "Unsupported argument",
    ),
    (
        "block given twice",
        BUCKET + "versioning { enabled = true }\nversioning { enabled = false }\n}",
        "Too many versioning blocks",
    ),
    (
        "block at the wrong depth",
        'resource "google_cloud_run_v2_service" "s" {\n  name = "x"\n  location = "eu"\n'
        '  containers { image = "i" }\n}',
        "Unsupported block type",
    ),
    (
        "unknown resource type",
        'resource "google_vertex_ai_pipeline_job" "p" {\n  display_name = "x"\n}',
        "Invalid resource type",
    ),
    (
        "type removed in version 8",
        'resource "google_notebooks_instance" "n" {\n  name = "x"\n  machine_type = "e2-medium"\n'
        '  location = "eu"\n}',
        "Invalid resource type",
    ),
    (
        "type of the beta provider only",
        'resource "google_vertex_ai_metadata_store" "s" {\n  name = "x"\n}',
        "Invalid resource type",
    ),
    (
        "computed attribute set",
        'resource "google_service_account" "s" {\n  account_id = "trainer"\n  email = "a@b.c"\n}',
        'configure a value for "email"',
    ),
    (
        "reference to an attribute that does not exist",
        'resource "google_service_account" "s" {\n  account_id = "trainer"\n}\n'
        'output "x" { value = google_service_account.s.mail }',
        "Unsupported attribute",
    ),
    (
        "list used as an object",
        BUCKET + '}\noutput "x" { value = google_storage_bucket.b.versioning.enabled }',
        "is represented by a list of objects",
    ),
    (
        "value that is not in the list",
        'resource "google_cloudfunctions2_function" "f" {\n  name = "x"\n  location = "eu"\n'
        '  service_config { ingress_settings = "ALLOW_EVERYTHING" }\n}',
        "expected ingress_settings to be one of",
    ),
    (
        "value with a typing error",
        'resource "google_artifact_registry_repository" "r" {\n  repository_id = "x"\n'
        '  location = "eu"\n  format = "DOCKER"\n  mode = "VIRTUALL"\n}',
        "expected mode to be one of",
    ),
    (
        "unknown argument of the provider",
        'provider "google" {\n  alias = "other"\n  projct = "x"\n}\n'
        'resource "google_pubsub_topic" "t" {\n  provider = google.other\n  name = "x"\n}',
        "Unsupported argument",
    ),
    ("unknown data source", 'data "google_projekt" "p" {}', "Invalid data source"),
    (
        "blocks that exclude each other",
        'resource "google_secret_manager_secret" "s" {\n  secret_id = "x"\n  replication {\n'
        '    auto {}\n    user_managed {\n      replicas { location = "eu" }\n    }\n  }\n}',
        "only one of auto, user_managed",
    ),
    (
        "name of a service account",
        'resource "google_service_account" "s" {\n  account_id = "A"\n}',
        '"A" is no valid account_id',
    ),
    (
        "name of a dataset",
        'resource "google_bigquery_dataset" "d" {\n  dataset_id = "has-dash"\n}',
        '"has-dash" is no valid dataset_id',
    ),
    (
        "member without its kind",
        'resource "google_project_iam_member" "m" {\n  project = "p"\n'
        '  role = "roles/viewer"\n  member = "bob"\n}',
        '"bob" is no valid member',
    ),
    (
        "role without its kind",
        'resource "google_project_iam_member" "m" {\n  project = "p"\n'
        '  role = "viewer"\n  member = "user:bob@example.com"\n}',
        '"viewer" is no valid role',
    ),
]


@pytest.fixture(scope="module")
def problems(
    stand_in: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, list[Problem]]:
    """What one `terraform validate` finds in all mistakes, each in a module of its own."""
    folder = tmp_path_factory.mktemp("mistakes")
    (folder / "main.tf").write_text(
        "".join(f'module "m{i}" {{\n  source = "./m{i}"\n}}\n' for i in range(len(MISTAKES)))
    )
    for index, (_, configuration, _) in enumerate(MISTAKES):
        (folder / f"m{index}").mkdir()
        (folder / f"m{index}" / "main.tf").write_text(configuration)
    found: dict[str, list[Problem]] = {}
    for problem in Workspace(folder, stand_in).validate():
        found.setdefault(problem.file.split("/")[0], []).append(problem)
    return found


@pytest.mark.parametrize(
    ("index", "said"), [pytest.param(i, case[2], id=case[0]) for i, case in enumerate(MISTAKES)]
)
def test_a_mistake_is_caught(index: int, said: str, problems: dict[str, list[Problem]]) -> None:
    found = problems.get(f"m{index}", [])
    assert any(said in str(each) and each.line for each in found), found


def test_there_are_26_kinds() -> None:
    assert len({case[0] for case in MISTAKES}) == 26


def test_what_is_right_is_not_refused(workspace: MakeWorkspace) -> None:
    right = BUCKET + "versioning { enabled = true }\n}\n"
    beta = """
resource "google_vertex_ai_metadata_store" "s" {
  provider = google-beta
  name     = "default"
}
"""
    assert workspace(right + beta).validate() == []
