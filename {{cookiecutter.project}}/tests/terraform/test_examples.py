"""The example in each module's README is planned, and makes as many resources as it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from terraform_google.plan import Plan
from terraform_google.workspace import Workspace, copy_configuration

from tests.terraform.conftest import TERRAFORM

MODULES = sorted(path.name for path in (TERRAFORM / "modules").iterdir() if path.is_dir())
EXAMPLE = re.compile(r"```hcl\n(?P<code>.*?)# tftest resources=(?P<count>\d+)\n```", re.DOTALL)
PROVIDERS = """
provider "google" {
  project = "acme-ml-dev"
  region  = "europe-west4"
}

provider "google-beta" {
  project = "acme-ml-dev"
  region  = "europe-west4"
}
"""


def example(module: str) -> tuple[str, int]:
    """The code of a module's example, and how many resources it makes."""
    found = EXAMPLE.search((TERRAFORM / "modules" / module / "README.md").read_text())
    assert found, f"{module}/README.md has no example"
    return found["code"], int(found["count"])


@pytest.fixture(scope="module")
def plan(stand_in: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """One plan of all examples, side by side."""
    folder: Path = tmp_path_factory.mktemp("examples")
    copy_configuration(TERRAFORM, folder / "terraform")
    code = "\n".join([PROVIDERS, *(example(module)[0] for module in MODULES)])
    (folder / "main.tf").write_text(code)
    workspace = Workspace(folder, stand_in)
    workspace.init()
    return workspace.plan()


@pytest.mark.parametrize("module", MODULES)
def test_the_example_makes_what_it_says(module: str, plan: Plan) -> None:
    name = module.replace("-", "_")
    made = [
        each.address
        for each in plan.resources
        if each.is_managed and each.address.startswith(f"module.{name}.")
    ]
    assert len(made) == example(module)[1], made


@pytest.mark.parametrize("module", MODULES)
def test_everything_that_can_be_set_or_read_is_described_typed_and_in_order(module: str) -> None:
    for file, kind in (("variables.tf", "variable"), ("outputs.tf", "output")):
        text = (TERRAFORM / "modules" / module / file).read_text()
        blocks = re.findall(rf'^{kind} "(\w+)" {{\n(.*?)^}}', text, re.DOTALL | re.MULTILINE)
        names = [name for name, _ in blocks]
        assert names == sorted(names)
        for name, body in blocks:
            assert re.search(r'^  description = ".{10,}\."$', body, re.MULTILINE), name
            assert kind == "output" or re.search(r"^  type +=", body, re.MULTILINE), name
