"""The real terraform creates, changes, finds, imports and destroys by the stand-in."""

from __future__ import annotations

from pathlib import Path

from terraform_google.server import attached
from terraform_google.workspace import Workspace
from tests.conftest import HEAD, MakeWorkspace

CONFIGURATION = """
variable "days" {
  type    = number
  default = 30
}

resource "google_service_account" "trainer" {
  account_id = "trainer"
}

resource "google_storage_bucket" "data" {
  name     = "a-project-data"
  location = "EU"
  labels   = { team = "ml" }

  lifecycle_rule {
    condition { age = var.days }
    action { type = "Delete" }
  }
}

resource "google_storage_bucket_iam_member" "trainer" {
  bucket = google_storage_bucket.data.name
  role   = "roles/storage.objectViewer"
  member = google_service_account.trainer.member
}

resource "google_pubsub_topic" "drift" {
  name = "drift"
}

data "google_project" "this" {}

output "topic" { value = google_pubsub_topic.drift.id }
output "number" { value = data.google_project.this.number }
output "url" { value = google_storage_bucket.data.url }
"""


def test_resources_live_from_apply_to_destroy(workspace: MakeWorkspace) -> None:
    made = workspace(CONFIGURATION)
    made.init()
    made.apply()
    assert made.outputs()["topic"] == "projects/a-project/topics/drift"
    assert made.outputs()["url"] == "gs://a-project-data"
    assert len(made.outputs()["number"]) == 12
    assert made.plan().actions == {}
    assert made.plan(days=7).actions == {"google_storage_bucket.data": ["update"]}
    made.destroy()
    assert made.state() == []


def test_a_plan_tells_what_is_set(workspace: MakeWorkspace) -> None:
    made = workspace(CONFIGURATION)
    made.init()
    plan = made.plan(days=3)
    bucket = plan.only("google_storage_bucket")
    assert bucket["lifecycle_rule"][0]["condition"][0]["age"] == 3
    assert bucket["effective_labels"] == {"team": "ml", "goog-terraform-provisioned": "true"}
    member = plan.only("google_storage_bucket_iam_member")["member"]
    assert member == "serviceAccount:trainer@a-project.iam.gserviceaccount.com"
    assert set(plan.actions) == {
        "google_pubsub_topic.drift",
        "google_service_account.trainer",
        "google_storage_bucket.data",
        "google_storage_bucket_iam_member.trainer",
    }


def test_an_existing_resource_is_imported(workspace: MakeWorkspace) -> None:
    made = workspace('resource "google_pubsub_topic" "drift" {\n  name = "drift"\n}\n')
    made.init()
    made.run("import", "google_pubsub_topic.drift", "projects/a-project/topics/drift")
    assert made.state() == ["google_pubsub_topic.drift"]


def test_terraform_test_runs(workspace: MakeWorkspace) -> None:
    made = workspace('resource "google_pubsub_topic" "drift" {\n  name = "drift"\n}\n')
    (made.folder / "topic.tftest.hcl").write_text("""
run "the_topic_is_named" {
  assert {
    condition     = google_pubsub_topic.drift.id == "projects/a-project/topics/drift"
    error_message = "wrong id"
  }
}
""")
    made.init()
    assert "1 passed, 0 failed" in made.run("test")


def test_version_7_still_knows_what_version_8_removed(tmp_path: Path) -> None:
    notebook = """
resource "google_notebooks_instance" "old" {
  name         = "old"
  machine_type = "e2-medium"
  location     = "europe-west4-a"
}
"""
    (tmp_path / "main.tf").write_text(HEAD + notebook)
    with attached(7) as variables:
        assert Workspace(tmp_path, variables).validate() == []
