"""The template's own builds on Cloud Build: in order, and of commands that there are."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import BAKED, ROOT
from tests.projects import run

FILES = ("cloudbuild.yaml", "cloudbuild/nightly.yaml", "cloudbuild/sandbox.yaml")
BUILDER = "infra/builder/cloudbuild.yaml"


def steps_of(name: str) -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = yaml.safe_load((ROOT / name).read_text())["steps"]
    return steps


def prerequisites(target: str) -> list[str]:
    """What a target of the Makefile is made of."""
    (line,) = re.findall(rf"^{target}: ([^#]*)##", (ROOT / "Makefile").read_text(), re.MULTILINE)
    return str(line).split()


def test_the_build_files_are_in_order(environment: Path) -> None:
    assert "3 build files" in run(ROOT, str(environment / "bin/localcloud"), "lint")
    schema = ("--builtin-schema", "vendor.cloudbuild")
    run(ROOT, str(environment / "bin/check-jsonschema"), *schema, *FILES, BUILDER)


def test_a_push_runs_the_test_command_and_nothing_else() -> None:
    assert [step["args"] for step in steps_of("cloudbuild.yaml")] == [
        ["make", target] for target in prerequisites("test")
    ]


def test_the_night_runs_the_test_command_with_the_newest_dependencies() -> None:
    steps = steps_of("cloudbuild/nightly.yaml")
    assert [step["args"] for step in steps] == [["make", "lock"], ["make", "test"]]
    assert (
        "--upgrade" in (ROOT / "Makefile").read_text().partition("\nlock:")[2].partition("\n\n")[0]
    )
    assert "triggers/nightly:run" in (ROOT / "CONTRIBUTING.md").read_text()


def test_the_sandbox_is_documented() -> None:
    build = yaml.safe_load((ROOT / "cloudbuild/sandbox.yaml").read_text())
    text = (ROOT / "CONTRIBUTING.md").read_text()
    (command,) = re.findall(r"^gcloud builds submit .*?[^\\]\n", text, re.MULTILINE | re.DOTALL)
    assert "--config=cloudbuild/sandbox.yaml" in command
    given = re.findall(r"\b(_[A-Z]+)=", command)
    assert given
    assert set(given) <= set(build["substitutions"])


@pytest.mark.parametrize(
    "step", steps_of("cloudbuild/sandbox.yaml")[1:], ids=lambda step: str(step["id"])
)
def test_a_step_of_the_sandbox_calls_what_a_project_has(
    step: dict[str, Any], environment: Path
) -> None:
    """An unknown target, option or script fails here, not after an hour in the sandbox."""
    if step.get("args", [""])[0] == "make":
        run(BAKED, "make", "--dry-run", *step["args"][1:])
    for line in step.get("script", "").splitlines():
        words = shlex.split(line)
        if words[:1] == [".venv/bin/mlops"]:
            assert "Usage: mlops" in run(BAKED, *words, "--help")
        if words[:1] == ["bash"]:
            assert (BAKED / words[1]).is_file()
    assert (BAKED / step.get("dir", "").removeprefix("build/sandbox").strip("/")).is_dir()
