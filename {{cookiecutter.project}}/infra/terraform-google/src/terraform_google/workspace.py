"""Running the real terraform on a copy of some configuration, for tests."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from terraform_google.plan import Plan, Values

RELEASE = "1.11.4"
MISSING = (
    "terraform is not installed; install it with: curl -fsSLo /tmp/terraform.zip"
    f" https://releases.hashicorp.com/terraform/{RELEASE}/terraform_{RELEASE}_linux_amd64.zip"
    " && sudo unzip -o /tmp/terraform.zip terraform -d /usr/local/bin"
)
TIMEOUT = 300  # seconds
# the state lies beside the copy, wherever the original keeps it
LOCAL_BACKEND = 'terraform {\n  backend "local" {}\n}\n'
VARIABLES = "given.tfvars.json"


class TerraformError(Exception):
    """Terraform failed; the message is what it said."""


@dataclass(frozen=True)
class Problem:
    """An error or a warning of Terraform."""

    severity: str
    summary: str
    detail: str
    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.severity}: {self.summary}: {self.detail}"


@dataclass(frozen=True)
class Workspace:
    """A root or module in a folder of its own, with the providers that `variables` lead to."""

    folder: Path
    variables: Mapping[str, str]

    def init(self) -> None:
        """Finds the modules and providers."""
        (self.folder / "backend_override.tf").write_text(LOCAL_BACKEND)
        self.run("init")

    def validate(self) -> list[Problem]:
        """The errors and warnings of `terraform validate`, after an init."""
        self.init()
        output = self._run("validate", "-json").stdout
        return [_problem(each) for each in json.loads(output)["diagnostics"]]

    def plan(self, *options: str, **values: Any) -> Plan:
        """What would be done, with values for the root's variables."""
        self.run("plan", "-out=plan", *self._given(values), *options)
        return Plan(json.loads(self.run("show", "-json", "plan")))

    def apply(self, *options: str, **values: Any) -> None:
        """Does it."""
        self.run("apply", "-auto-approve", *self._given(values), *options)

    def destroy(self, *options: str, **values: Any) -> None:
        """Removes all."""
        self.run("destroy", "-auto-approve", *self._given(values), *options)

    def outputs(self) -> Values:
        """The outputs after an apply."""
        outputs = json.loads(self.run("output", "-json"))
        return {name: each["value"] for name, each in outputs.items()}

    def state(self) -> list[str]:
        """The addresses of what exists."""
        return self.run("state", "list").splitlines()

    def run(self, *arguments: str) -> str:
        """The output of a terraform command.

        Raises:
            TerraformError: If it fails.
        """
        done = self._run(*arguments)
        if done.returncode:
            message = done.stderr.strip() or done.stdout.strip()
            raise TerraformError(f"terraform {arguments[0]}: {message}")
        return done.stdout

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["terraform", *arguments, *(() if "-json" in arguments else ("-no-color",))],
            cwd=self.folder,
            env=clean_environment() | dict(self.variables),
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )

    def _given(self, values: Values) -> list[str]:
        (self.folder / VARIABLES).write_text(json.dumps(values))
        return [f"-var-file={VARIABLES}"]


def is_installed() -> bool:
    """Whether there is a terraform."""
    return shutil.which("terraform") is not None


def copy_configuration(source: Path, target: Path) -> None:
    """Copies configuration, without what terraform made there (nor its lock file)."""
    ignored = shutil.ignore_patterns(".terraform*", "*.tfstate*", "*_override.tf")
    shutil.copytree(source, target, ignore=ignored, dirs_exist_ok=True)


def clean_environment() -> dict[str, str]:
    """This process's environment, without what would lead terraform elsewhere."""
    prefixes = ("TF_", "GOOGLE_", "CLOUDSDK_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}
    return kept | {"CHECKPOINT_DISABLE": "1", "TF_INPUT": "0", "TF_IN_AUTOMATION": "1"}


def _problem(diagnostic: Values) -> Problem:
    place = diagnostic.get("range") or {}
    return Problem(
        diagnostic["severity"],
        diagnostic["summary"],
        diagnostic.get("detail", ""),
        place.get("filename", ""),
        place.get("start", {}).get("line", 0),
    )
