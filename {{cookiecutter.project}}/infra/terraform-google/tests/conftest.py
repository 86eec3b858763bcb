"""A terraform with the stand-in attached, on configuration that a test writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from terraform_google.server import attached
from terraform_google.workspace import MISSING, Workspace, is_installed

MakeWorkspace = Callable[[str], Workspace]
HEAD = """
terraform {
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 7.0"
    }
    google-beta = {
      source = "hashicorp/google-beta"
    }
  }
}

provider "google" {
  project = "a-project"
  region  = "europe-west4"
}
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skips what needs terraform, and says how to change that, where there is none."""
    if not is_installed():
        for item in items:
            if "workspace" in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.skip(reason=MISSING))


@pytest.fixture(scope="session")
def stand_in() -> Iterator[dict[str, str]]:
    with attached() as variables:
        yield variables


@pytest.fixture
def workspace(tmp_path: Path, stand_in: dict[str, str]) -> MakeWorkspace:
    """Makes a workspace with the given configuration, below the usual head."""

    def make(configuration: str) -> Workspace:
        (tmp_path / "main.tf").write_text(HEAD + configuration)
        return Workspace(tmp_path, stand_in)

    return make
