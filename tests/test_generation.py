"""What generation writes: which files, which of them are rendered, and nothing left over."""

import json
import re
import resource
import tomllib
from pathlib import Path

import pytest
import yaml

from tests.conftest import Generate, Render, bake, files_of, tracked_files

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
# an answer for each question that takes any text, none of them the default
ANSWERS = {
    "project": "fare-forecast",
    "description": 'Forecasts "fares": 100 % of them, ünïcode too',
    "region": "europe-west4",
    "project_id_dev": "acme-ml-dev",
    "project_id_staging": "acme-ml-stage",
    "project_id_prod": "acme-ml-prod",
    "owner_email": "ml+alerts@acme.example",
}
# names as long as they may be: what is derived from them must not be too long
LONGEST = ANSWERS | {
    "project": "a-name-of-22-letters-x",
    "description": "It's \\d: yes # no " + "x" * 182,
    "region": "northamerica-northeast1",
    "project_id_dev": "a-project-of-30-characters-dev",
    "project_id_staging": "a-project-of-30-characters-stg",
    "project_id_prod": "a-project-of-30-characters-prd",
}
# each value of each choice once, and the pairs that meet in one file
SUPPORTED: list[dict[str, str]] = [
    ANSWERS,
    LONGEST | {"mlops_level": "pipeline", "trainer": "both", "license": "proprietary"},
    ANSWERS | {"problem": "regression", "license": "MIT"},
    ANSWERS | {"problem": "regression", "trainer": "automl"},
    ANSWERS | {"mlops_level": "pipeline", "problem": "regression"},
    ANSWERS | {"mlops_level": "manual", "trainer": "automl", "license": "proprietary"},
    LONGEST | {"mlops_level": "manual", "problem": "regression", "trainer": "both"},
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

# a page of the web that is named anywhere, or an example of one
HOSTS = re.compile(
    r"[\w-]+\.pkg\.dev|(.+\.)?(googleapis|google|github|hashicorp|actions\.githubusercontent)\.com"
    r"|(registry\.terraform|xgboost\.readthedocs)\.io|www\.apache\.org|keepachangelog\.com|mozilla\.org"
    r"|127\.0\.0\.1|localhost|(.+\.)?example(\.com)?|.+\.test|[a-zA-Z]+"
)
# where a name is that of a Google Cloud project
PLACES = re.compile(
    r"projects/([a-z][\w-]+)|@([\w-]+)\.iam\.gserviceaccount|-docker\.pkg\.dev/([\w-]+)"
    r"|^ *project(?:_id)? *[:=] *\"?([\w-]+)",
    re.MULTILINE,
)


@pytest.fixture(scope="module", params=SUPPORTED, ids=lambda answers: "-".join(choices(answers)))
def answers(request: pytest.FixtureRequest) -> dict[str, str]:
    given: dict[str, str] = request.param
    return given


@pytest.fixture(scope="module")
def project(answers: dict[str, str], render: Render) -> Path:
    return render(answers)


def choices(answers: dict[str, str]) -> list[str]:
    """The answers to questions that offer words."""
    return [value for name, value in answers.items() if name not in ANSWERS] or ["defaults"]


def expected_files(template: Path, level: str) -> set[str]:
    """The template's files without those of the options; the licence is one of its texts."""
    tracked = tracked_files(template / "{{cookiecutter.project}}")
    kept = {name for name in tracked if not name.startswith(("licenses/", *LEFT_OUT[level]))}
    return kept | {"LICENSE"}


def test_a_project_has_the_files_that_its_answers_ask_for(
    answers: dict[str, str], project: Path, template: Path
) -> None:
    assert set(files_of(project)) == expected_files(template, answers.get("mlops_level", "cicd"))


def test_code_is_copied_and_data_holds_the_answers_alone(
    answers: dict[str, str], project: Path, template: Path
) -> None:
    """Neither Jinja, nor a default, nor a project that is none of the answers."""
    defaults = json.loads((template / "cookiecutter.json").read_text())
    own = {answers[f"project_id_{name}"] for name in ENVIRONMENTS} | {"bigquery-public-data"}
    for name, content in files_of(project).items():
        if name.startswith(RENDERED) and name not in COPIED:
            text = content.decode()
            assert "{{" not in text, name
            assert "{%" not in text, name
            for key in ("project", "description", "region", "owner_email"):
                assert defaults[key] not in text, f"{name} holds the default {key}"
            named = {place for places in PLACES.findall(text) for place in places if place}
            assert named <= own, name
        elif name != "LICENSE":
            source = (template / "{{cookiecutter.project}}" / name).read_bytes()
            assert content == source, name
            assert b"cookiecutter." not in source, name


def test_generating_again_gives_the_same_bytes(
    answers: dict[str, str], project: Path, clean_template: Path, tmp_path: Path
) -> None:
    assert files_of(bake(clean_template, tmp_path, answers)) == files_of(project)


def test_the_answers_are_where_people_look(answers: dict[str, str], project: Path) -> None:
    title, licence = LICENCES[answers.get("license", "Apache-2.0")]
    assert title in (project / "LICENSE").read_text()
    pyproject = tomllib.loads((project / "pyproject.toml").read_text())["project"]
    assert (pyproject["name"], pyproject["license"]) == (answers["project"], licence)
    readme = (project / "README.md").read_text()
    assert readme.startswith(f"# {answers['project']}\n")
    assert answers["description"] in readme
    assert f"* {answers['owner_email']}" in (project / "CODEOWNERS").read_text()
    for path in (project / "config").glob("*.yaml"):
        assert isinstance(yaml.safe_load(path.read_text()), dict), path.name
    base = yaml.safe_load((project / "config/base.yaml").read_text())
    trainer = answers.get("trainer", "custom")
    assert base["trainer"] == trainer
    scheduled = base["schedules"]["weekly-training"]["pipeline"]
    assert scheduled == ("automl" if trainer == "automl" else "training")
    assert base["evaluation"]["card"]["intended_use"] == answers["description"]


def test_a_bake_takes_less_than_two_seconds(clean_template: Path, tmp_path: Path) -> None:
    """Of a processor, in its own programs: what else the machine does is not counted."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    bake(clean_template, tmp_path, {})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime - before.ru_utime < 2


def test_no_foreign_host_is_named(render: Render) -> None:
    """Code is the same in all projects, so one is enough."""
    for name, content in files_of(render(ANSWERS)).items():
        found = re.findall(rb"https?://([\w.-]*\w)", content)
        foreign = [host.decode() for host in found if not HOSTS.fullmatch(host.decode())]
        assert foreign == [], name


@pytest.mark.parametrize("level", LEFT_OUT)
def test_the_readme_tells_of_what_is_there(level: str, render: Render) -> None:
    answers = next(each for each in SUPPORTED if each.get("mlops_level", "cicd") == level)
    readme = (render(answers) / "README.md").read_text()
    assert ("cloudbuild.yaml" in readme) == (level == "cicd")
    assert "\n\n\n" not in readme


def test_caches_in_the_templates_folder_are_left_behind(
    generate: Generate, output: Path, template: Path
) -> None:
    generate()
    assert not list(output.rglob("__pycache__"))
