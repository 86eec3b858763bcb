"""Each level of MLOps passes its own checks; `make test-project` runs those of `cicd`."""

import fcntl
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from terraform_google.plan import Plan
from terraform_google.server import attached
from terraform_google.workspace import MISSING, Workspace, copy_configuration, is_installed

from tests.conftest import Once, Render
from tests.projects import COMPILE, adopt, run, run_tests_of_config
from tests.test_generation import ANSWERS, LONGEST, SUPPORTED, choices

LEVELS = {
    level: next(each for each in SUPPORTED if each.get("mlops_level") == level)
    for level in ("pipeline", "manual")
}


@pytest.fixture(params=LEVELS)
def project(
    request: pytest.FixtureRequest, render: Render, environment: Path, tmp_path: Path
) -> Path:
    """A copy of a project of a level, that may be changed."""
    copy = shutil.copytree(render(LEVELS[request.param]), tmp_path / "project")
    adopt(copy, environment)
    return copy


def test_a_level_passes_its_own_lint(project: Path, environment: Path) -> None:
    with (environment / "lint.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the memory of types has one writer
        run(project, "make", "--old-file=.venv/installed", "lint")


@pytest.mark.parametrize("project", ["pipeline"], indirect=True)
def test_a_level_passes_its_tests_of_what_is_configured(project: Path) -> None:
    """Those of `manual` pass where tests/test_run.py runs such a project."""
    assert " passed" in run_tests_of_config(project)
    skipped = run(
        project, ".venv/bin/python", "-m", "pytest", "-k", "builds_run_files", "tests/terraform"
    )
    assert "3 skipped" in skipped


@pytest.fixture(scope="session")
def compiled(render: Render, environment: Path, once: Once) -> Path:
    """The pipelines of all supported answers, compiled for prod: a folder for each."""
    projects = [render(answers) for answers in SUPPORTED]
    command = [environment / "bin/python", COMPILE, *projects]

    def compile_all(place: Path) -> None:
        run(place, *map(str, command), PYTHONPATH=str(projects[0] / "src"))

    return once("compiled", compile_all)


@pytest.mark.parametrize(
    "index", range(len(SUPPORTED)), ids=lambda i: "-".join(choices(SUPPORTED[i]))
)
def test_the_pipelines_compile_and_name_their_own_project(index: int, compiled: Path) -> None:
    answers = SUPPORTED[index]
    settings = json.loads((compiled / str(index) / "settings.json").read_text())
    assert settings["local"]["project"] == settings["dev"]["project"]
    for name in ("dev", "staging", "prod"):
        assert settings[name]["project"] == answers[f"project_id_{name}"]
        assert settings[name]["location"] == answers["region"]
    specs = sorted((compiled / str(index)).glob("*.yaml"))
    assert len(specs) == 4
    repository = f"{answers['region']}-docker.pkg.dev/{answers['project_id_prod']}/mlops/"
    for spec in specs:
        images = [line.split()[-1] for line in spec.read_text().splitlines() if " image: " in line]
        assert images
        assert all(image.startswith(repository) for image in images), spec.name


@pytest.fixture(scope="module")
def terraform(render: Render, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """The root of prod, valid and ready for plans."""
    folder = tmp_path_factory.mktemp("terraform") / "terraform"
    copy_configuration(render(LEVELS["pipeline"]) / "terraform", folder)
    with attached() as variables:
        workspace = Workspace(folder / "environments/prod", variables)
        assert workspace.validate() == []
        yield workspace


@pytest.mark.skipif(not is_installed(), reason=MISSING)
@pytest.mark.parametrize("answers", [ANSWERS, LONGEST], ids=["usual", "longest"])
def test_terraform_makes_all_in_the_project_of_the_answers(
    answers: dict[str, str], terraform: Workspace, render: Render
) -> None:
    whole = next(each for each in SUPPORTED if answers.items() <= each.items())
    name = "environments/prod/terraform.tfvars"
    shutil.copy2(render(whole) / "terraform" / name, terraform.folder / "terraform.tfvars")
    plan = terraform.plan()
    assert projects_of(plan) == {answers["project_id_prod"]}
    assert plan.only("google_vertex_ai_endpoint")["location"] == answers["region"]
    assert plan.only("google_vertex_ai_endpoint")["display_name"] == answers["project"]


def projects_of(plan: Plan) -> set[str]:
    """The Google Cloud projects that the resources of a plan belong to."""
    return {each.values["project"] for each in plan.resources if each.values.get("project")}
