"""Applying a root by Google's clients: once, again after a change, and when they are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from terraform_google.provision import provide
from terraform_google.workspace import MISSING, TerraformError, is_installed

pytestmark = pytest.mark.skipif(not is_installed(), reason=MISSING)

ROOT = Path("environments/dev")
PROVIDER = """
provider "google" {
  project = "a-project"
  region  = "us-central1"
}
"""
TOPIC = """
resource "google_pubsub_topic" "%s" {
  name = "%s"
}
"""
BUCKET = """
resource "google_storage_bucket" "b" {
  name     = "a-project-b"
  location = "us-central1"
}
"""


def write(configuration: Path, **files: str) -> None:
    folder = configuration / ROOT
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.tf"):
        old.unlink()
    for name, text in files.items():
        (folder / f"{name}.tf").write_text(text)


def test_what_was_applied_is_applied_again_only_after_a_change(tmp_path: Path) -> None:
    configuration, state = tmp_path / "terraform", tmp_path / "state"
    write(configuration, main=PROVIDER, one=TOPIC % ("a", "a"), two=TOPIC % ("b", "b"))
    told = provide(configuration, ROOT, state)
    assert "Terraform made nothing.\n2 other resources" in told
    applied = state / "configuration" / ROOT / "terraform.tfstate"
    before = applied.stat().st_mtime_ns
    assert provide(configuration, ROOT, state) == told
    assert applied.stat().st_mtime_ns == before
    write(configuration, main=PROVIDER, one=TOPIC % ("a", "a"))
    assert "\n1 other resources" in provide(configuration, ROOT, state)


def test_a_refusal_of_the_cloud_is_told_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configuration, state = tmp_path / "terraform", tmp_path / "state"
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    write(configuration, main=PROVIDER + BUCKET)
    for _ in range(2):
        with pytest.raises(
            TerraformError, match=r"google_storage_bucket: File .*none.json was not"
        ):
            provide(configuration, ROOT, state)
