"""A clean copy of the template, and a way to generate projects from it as a user would."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEMPLATE_PARTS = ("cookiecutter.json", "hooks", "{{cookiecutter.project}}")

Generation = subprocess.CompletedProcess[str]


@pytest.fixture(scope="session")
def template() -> Path:
    return ROOT


@pytest.fixture
def generate(template: Path, tmp_path: Path) -> Callable[..., Generation]:
    """Run the cookiecutter command without prompts; projects land in tmp_path/output."""

    def run(**answers: str) -> Generation:
        (tmp_path / "output").mkdir(exist_ok=True)
        command = [str(Path(sys.executable).with_name("cookiecutter")), str(template)]
        options = ["--no-input", "--output-dir", str(tmp_path / "output")]
        given = [f"{name}={value}" for name, value in answers.items()]
        return subprocess.run(
            [*command, *options, *given],
            capture_output=True,
            text=True,
            env={"HOME": str(tmp_path), "PATH": str(Path(sys.executable).parent)},
            check=False,
        )

    return run


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "output"


@pytest.fixture(scope="session", autouse=True)
def _which_git() -> None:
    if shutil.which("git") is None:
        pytest.fail("git is needed to list the template's files; install it")
