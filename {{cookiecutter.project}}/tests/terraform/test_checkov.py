"""checkov finds nothing in the plan of any environment, but what suppressions.yaml explains."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from terraform_google.plan import Plan

from tests.terraform.conftest import ROOT
from tests.terraform.roots import ENVIRONMENTS

CHECKOV = ROOT / ".tools/checkov/bin/checkov"
SUPPRESSIONS = Path(__file__).with_name("suppressions.yaml")

pytestmark = pytest.mark.skipif(
    not CHECKOV.exists(), reason="checkov is not installed; run: make .tools/checkov/installed"
)


@dataclass(frozen=True)
class Finding:
    """A check that failed for resources of a type, in an environment."""

    check: str
    type: str
    environment: str


def in_module(document: Any, module: str) -> Any:
    """A part of a plan whose resources have moved into a module."""
    if isinstance(document, dict):
        return {
            key: f"module.{module}.{value}" if key == "address" else in_module(value, module)
            for key, value in document.items()
        }
    return (
        [in_module(each, module) for each in document] if isinstance(document, list) else document
    )


def combined(plans: dict[str, Plan]) -> dict[str, Any]:
    """One plan of all environments, each as a module: checkov takes seconds to start."""
    modules, changes, calls = [], [], {}
    for name, plan in plans.items():
        root = in_module(plan.document["planned_values"]["root_module"], name)
        modules.append(root | {"address": f"module.{name}"})
        changes += in_module(plan.document["resource_changes"], name)
        calls[name] = {"source": ".", "module": plan.document["configuration"]["root_module"]}
    some = next(iter(plans.values())).document
    return some | {
        "planned_values": {"root_module": {"child_modules": modules}},
        "resource_changes": changes,
        "configuration": {"root_module": {"module_calls": calls}},
    }


@pytest.fixture(scope="module")
def report(plans: dict[str, Plan], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What checkov says about the plans of all environments."""
    folder = tmp_path_factory.mktemp("checkov")
    (folder / "plan.json").write_text(
        json.dumps(combined({name: plans[name] for name in ENVIRONMENTS}))
    )
    options = ["--framework", "terraform_plan", "--skip-download", "--compact", "-o", "json"]
    done = subprocess.run(
        [CHECKOV, "-f", "plan.json", *options],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def findings(report: dict[str, Any]) -> set[Finding]:
    return {
        finding(each["check_id"], each["resource"]) for each in report["results"]["failed_checks"]
    }


def finding(check: str, address: str) -> Finding:
    """A failed check, on an address like module.prod.module.data.google_storage_bucket.this."""
    without_keys = re.sub(r"\[[^]]*\]", "", address)
    _, environment, *_, type_name, _ = without_keys.split(".")
    return Finding(check, type_name, environment)


def suppressed() -> set[Finding]:
    entries = yaml.safe_load(SUPPRESSIONS.read_text())
    assert all(len(entry["reason"]) > 20 for entry in entries)
    return {
        Finding(entry["check"], entry["type"], environment)
        for entry in entries
        for environment in entry.get("environments", ENVIRONMENTS)
    }


def test_nothing_fails_that_is_not_explained(report: dict[str, Any]) -> None:
    assert report["summary"]["passed"] > 100
    assert report["summary"]["parsing_errors"] == 0
    assert findings(report) - suppressed() == set()


def test_each_explanation_is_needed(report: dict[str, Any]) -> None:
    assert suppressed() - findings(report) == set()
