"""What generation writes: which files, which of them are rendered, and nothing left over."""

import json
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.conftest import Generation, files_of, tracked_files

ENVIRONMENTS = ("dev", "staging", "prod")
RENDERED = (
    "CODEOWNERS",
    "README.md",
    "pyproject.toml",
    "config/",
    *(f"terraform/environments/{name}/terraform.tfvars" for name in ENVIRONMENTS),
)
# a page of prices, as it was read; it holds for any answers
COPIED = ("config/prices.yaml",)
# an answer for each prompt that is typed, none of them the default
ANSWERS = {
    "project": "fare-forecast",
    "description": 'Forecasts "fares": 100 % of them, ünïcode too',
    "region": "europe-west4",
    "project_id_dev": "acme-ml-dev",
    "project_id_staging": "acme-ml-stage",
    "project_id_prod": "acme-ml-prod",
    "owner_email": "ml+alerts@acme.example",
}
# each value of each choice once, and the pairs that meet in one file
SUPPORTED: list[dict[str, str]] = [
    {},
    {"problem": "regression", "license": "MIT"},
    {"mlops_level": "pipeline", "license": "proprietary"},
    {"mlops_level": "manual"},
    {"mlops_level": "manual", "problem": "regression", "license": "MIT"},
]
DELIVERY = ("cloudbuild/", "cloudbuild.yaml", "docs/delivery.md", "infra/cloud_build.yaml")
PROVISIONING = (
    "docs/iam.md",
    "docs/operations.md",
    "infra/terraform-google/",
    "infra/tools/checkov/",
    "terraform/",
    "tests/terraform/",
)
LEFT_OUT = {"cicd": (), "pipeline": DELIVERY, "manual": DELIVERY + PROVISIONING}
# what a licence's text says, and its name in pyproject.toml
LICENCES = {
    "Apache-2.0": ("Apache License", "Apache-2.0"),
    "MIT": ("MIT License", "MIT"),
    "proprietary": ("All rights reserved", "LicenseRef-Proprietary"),
}

Generate = Callable[..., Generation]


def expected_files(template: Path, level: str) -> set[str]:
    """The template's files without those of the options; the licence is one of its texts."""
    tracked = tracked_files(template / "{{cookiecutter.project}}")
    kept = {name for name in tracked if not name.startswith(("licenses/", *LEFT_OUT[level]))}
    return kept | {"LICENSE"}


@pytest.mark.parametrize("choices", SUPPORTED)
def test_a_project_is_what_its_answers_ask_for(
    choices: dict[str, str], generate: Generate, output: Path, template: Path
) -> None:
    result = generate(**ANSWERS, **choices)
    assert result.returncode == 0, result.stderr
    project = output / ANSWERS["project"]
    files = files_of(project)
    assert set(files) == expected_files(template, choices.get("mlops_level", "cicd"))
    check_rendered(files, template)
    check_parses(project)
    title, name = LICENCES[choices.get("license", "Apache-2.0")]
    assert title in files["LICENSE"].decode()
    assert tomllib.loads(files["pyproject.toml"].decode())["project"]["license"] == name


def check_rendered(files: dict[str, bytes], template: Path) -> None:
    """Code is copied as it stands; data has the answers, and neither Jinja nor a default."""
    defaults = json.loads((template / "cookiecutter.json").read_text())
    for name, content in files.items():
        if name.startswith(RENDERED) and name not in COPIED:
            text = content.decode()
            assert "{{" not in text, name
            assert "{%" not in text, name
            for key in ("project", "description", "region", "owner_email"):
                assert defaults[key] not in text, f"{name} holds the default {key}"
        elif name != "LICENSE":
            source = (template / "{{cookiecutter.project}}" / name).read_bytes()
            assert content == source, name
            assert b"cookiecutter." not in source, name


def check_parses(project: Path) -> None:
    pyproject = tomllib.loads((project / "pyproject.toml").read_text())
    assert pyproject["project"]["name"] == ANSWERS["project"]
    for path in (project / "config").glob("*.yaml"):
        assert isinstance(yaml.safe_load(path.read_text()), dict), path.name


@pytest.mark.parametrize("choices", SUPPORTED[1:4:2])
def test_generating_twice_gives_the_same_bytes(
    choices: dict[str, str], generate: Generate, output: Path
) -> None:
    generate(**choices)
    first = files_of(output / "vertex-mlops")
    (output / "vertex-mlops").rename(output / "first")
    generate(**choices)
    assert files_of(output / "vertex-mlops") == first


@pytest.mark.parametrize("trainer", ["automl", "both"])
def test_the_trainer_is_a_setting(trainer: str, generate: Generate, output: Path) -> None:
    generate(trainer=trainer)
    base = yaml.safe_load((output / "vertex-mlops/config/base.yaml").read_text())
    assert base["trainer"] == trainer
    scheduled = base["schedules"]["weekly-training"]["pipeline"]
    assert scheduled == ("automl" if trainer == "automl" else "training")


def test_the_answers_are_where_people_look(generate: Generate, output: Path) -> None:
    generate(**ANSWERS)
    project = output / ANSWERS["project"]
    readme = (project / "README.md").read_text()
    assert readme.startswith(f"# {ANSWERS['project']}\n")
    assert ANSWERS["description"] in readme
    assert f"* {ANSWERS['owner_email']}" in (project / "CODEOWNERS").read_text()


@pytest.mark.parametrize("level", LEFT_OUT)
def test_the_readme_tells_of_what_is_there(level: str, generate: Generate, output: Path) -> None:
    generate(mlops_level=level)
    readme = (output / "vertex-mlops" / "README.md").read_text()
    assert ("cloudbuild.yaml" in readme) == (level == "cicd")
    assert "\n\n\n" not in readme


def test_caches_in_the_templates_folder_are_left_behind(
    generate: Generate, output: Path, template: Path
) -> None:
    generate()
    assert not list(output.rglob("__pycache__"))
