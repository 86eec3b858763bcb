"""The project's configuration: as it is in a baked project, rendered in the template itself."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ANSWERS = {
    "project": "taxi-tips",
    "description": "Tips of taxi trips",
    "region": "us-central1",
    "project_id_dev": "taxi-tips-dev",
    "project_id_staging": "taxi-tips-staging",
    "project_id_prod": "taxi-tips-prod",
    "owner_email": "owner@example.com",
}
BLOCK = re.compile(
    r"{% if cookiecutter\.problem == \"(\w+)\" %}(.*?){% else %}(.*?){% endif %}", re.S
)


def render(text: str, problem: str) -> str:
    """What cookiecutter makes of a configuration file; knows no more Jinja than these files use."""
    chosen = BLOCK.sub(lambda block: block[2] if block[1] == problem else block[3], text)
    return re.sub(r"{{ cookiecutter\.(\w+) }}", lambda name: ANSWERS[name[1]], chosen)


def problems() -> list[str]:
    """The problems that this folder can be configured for: both in the template."""
    features = (ROOT / "config/features.yaml").read_text(encoding="utf-8")
    both = ["classification", "regression"]
    return both if "{%" in features else re.findall(r"^problem: (\w+)", features, re.M)


def make_config(problem: str, folder: Path) -> Path:
    """The configuration for a problem, rendered into a folder."""
    for file in (ROOT / "config").glob("*.yaml"):
        text = render(file.read_text(encoding="utf-8"), problem)
        (folder / file.name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The configuration folder; the template's is rendered for its first problem."""
    return make_config(problems()[0], tmp_path_factory.mktemp("config"))


@pytest.fixture(scope="session", params=problems())
def each_config(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The configuration folder, for each problem that this folder can be configured for."""
    return make_config(request.param, tmp_path_factory.mktemp(request.param))
