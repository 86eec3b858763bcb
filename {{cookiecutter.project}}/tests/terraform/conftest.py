"""The real terraform on copies of terraform/, with the stand-in for Google's providers.

A test asks for `workspace` and names a folder of terraform/:

    plan = workspace("environments/dev").plan(project_id="a-project")
    assert plan.only("google_storage_bucket")["uniform_bucket_level_access"]

With MLOPS_TERRAFORM_PROVIDERS=real, `validate` asks the providers that terraform downloads.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from terraform_google.plan import Plan
from terraform_google.schema import MAJOR_VERSIONS
from terraform_google.server import attached
from terraform_google.workspace import (
    MISSING,
    Workspace,
    copy_configuration,
    is_installed,
)

from tests.terraform.roots import plan_roots

ROOT = Path(__file__).parents[2]
TERRAFORM = ROOT / "terraform"

MakeWorkspace = Callable[[str], Workspace]
Plans = dict[str, Plan]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skips, and says how to change that, where there is no terraform."""
    if not is_installed():
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(pytest.mark.skip(reason=MISSING))


@pytest.fixture(scope="session")
def stand_in() -> Iterator[dict[str, str]]:
    """The variables that lead terraform to the stand-in; one for all tests."""
    with attached() as variables:
        yield variables


@pytest.fixture(scope="session")
def oldest_stand_in() -> Iterator[dict[str, str]]:
    """The same, for the oldest major version of the providers that terraform/ allows."""
    with attached(MAJOR_VERSIONS[0]) as variables:
        yield variables


@pytest.fixture(scope="session")
def providers(stand_in: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The variables for `terraform validate`: the stand-in, or the real providers if wanted."""
    if os.environ.get("MLOPS_TERRAFORM_PROVIDERS") != "real":
        return stand_in
    return {"TF_PLUGIN_CACHE_DIR": str(tmp_path_factory.mktemp("plugins"))}


@pytest.fixture
def workspace(tmp_path: Path, stand_in: dict[str, str]) -> MakeWorkspace:
    """Makes an initialised workspace from a folder of terraform/."""

    def make(folder: str) -> Workspace:
        copy_configuration(TERRAFORM, tmp_path / "terraform")
        made = Workspace(tmp_path / "terraform" / folder, stand_in)
        made.init()
        return made

    return make


@pytest.fixture
def validated(tmp_path: Path, providers: dict[str, str]) -> MakeWorkspace:
    """Makes a workspace that is only good for `validate`."""

    def make(folder: str) -> Workspace:
        copy_configuration(TERRAFORM, tmp_path / "terraform")
        return Workspace(tmp_path / "terraform" / folder, providers)

    return make


@pytest.fixture(scope="session")
def plans(stand_in: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Plans:
    """A plan of each root, with the answers of this repository; made once for all tests."""
    folder = tmp_path_factory.mktemp("plans") / "terraform"
    copy_configuration(TERRAFORM, folder)
    return plan_roots(folder, stand_in)
