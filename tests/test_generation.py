"""What generation writes: which files, which of them are rendered, and nothing left over."""

import json
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.conftest import Generation

PROBLEMS = ("classification", "regression")
TFVARS = "terraform/environments/{}/terraform.tfvars"
RENDERED = (
    "README.md",
    "pyproject.toml",
    "config/",
    *(TFVARS.format(environment) for environment in ("dev", "staging", "prod")),
)
# an answer for each prompt, none of them the default
ANSWERS = {
    "project": "fare-forecast",
    "description": 'Forecasts "fares": 100 % of them, ünïcode too',
    "region": "europe-west4",
    "project_id_dev": "acme-ml-dev",
    "project_id_staging": "acme-ml-stage",
    "project_id_prod": "acme-ml-prod",
    "owner_email": "ml+alerts@acme.example",
}


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def tracked_files(template: Path) -> set[str]:
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=template / "{{cookiecutter.project}}",
        capture_output=True,
        text=True,
        check=True,
    )
    return set(filter(None, listing.stdout.split("\0")))


@pytest.mark.parametrize("problem", PROBLEMS)
def test_a_project_has_the_templates_files_and_no_jinja_left(
    problem: str, generate: Callable[..., Generation], output: Path, template: Path
) -> None:
    result = generate(problem=problem, **ANSWERS)
    assert result.returncode == 0, result.stderr
    files = files_of(output / ANSWERS["project"])
    assert set(files) == tracked_files(template)
    for name in files:
        if name.startswith(RENDERED):
            assert b"{{" not in files[name], name
            assert b"{%" not in files[name], name


def test_code_is_copied_as_it_stands(
    generate: Callable[..., Generation], output: Path, template: Path
) -> None:
    generate(**ANSWERS)
    for name, content in files_of(output / ANSWERS["project"]).items():
        source = (template / "{{cookiecutter.project}}" / name).read_bytes()
        assert content == source or name.startswith(RENDERED), name
        assert name.startswith(RENDERED) or b"cookiecutter." not in source, name


def test_no_default_survives_other_answers(
    generate: Callable[..., Generation], output: Path, template: Path
) -> None:
    generate(**ANSWERS)
    defaults = json.loads((template / "cookiecutter.json").read_text())
    for name, content in files_of(output / ANSWERS["project"]).items():
        if name.startswith(RENDERED):
            text = content.decode()
            for key in ("project", "description", "region", "owner_email"):
                assert defaults[key] not in text, f"{name} holds the default {key}"


@pytest.mark.parametrize("problem", PROBLEMS)
def test_generating_twice_gives_the_same_bytes(
    problem: str, generate: Callable[..., Generation], output: Path
) -> None:
    generate(problem=problem)
    first = files_of(output / "vertex-mlops")
    (output / "vertex-mlops").rename(output / "first")
    generate(problem=problem)
    assert files_of(output / "vertex-mlops") == first


@pytest.mark.parametrize("problem", PROBLEMS)
def test_rendered_data_parses(
    problem: str, generate: Callable[..., Generation], output: Path
) -> None:
    generate(problem=problem, **ANSWERS)
    project = output / ANSWERS["project"]
    assert (
        tomllib.loads((project / "pyproject.toml").read_text())["project"]["name"]
        == (ANSWERS["project"])
    )
    for path in (project / "config").glob("*.yaml"):
        assert isinstance(yaml.safe_load(path.read_text()), dict), path.name


def test_the_readme_carries_the_answers(generate: Callable[..., Generation], output: Path) -> None:
    generate(**ANSWERS)
    readme = (output / ANSWERS["project"] / "README.md").read_text()
    assert readme.startswith(f"# {ANSWERS['project']}\n")
    assert ANSWERS["description"] in readme


def test_caches_in_the_templates_folder_are_left_behind(
    generate: Callable[..., Generation], output: Path, template: Path
) -> None:
    generate()
    assert not list(output.rglob("__pycache__"))
