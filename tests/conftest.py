"""Ways to generate projects from the template as users do."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
# the project of the default answers, with an environment: `make test-template` sees to both
BAKED = ROOT / "build/vertex-mlops"
TEMPLATE_PARTS = ("cookiecutter.json", "hooks", "{{cookiecutter.project}}")

Generation = subprocess.CompletedProcess[str]
Generate = Callable[..., Generation]
Once = Callable[[str, Callable[[Path], object]], Path]
Render = Callable[[dict[str, str]], Path]


@pytest.fixture(scope="session")
def template() -> Path:
    return ROOT


@pytest.fixture
def generate(template: Path, tmp_path: Path) -> Callable[..., Generation]:
    """Run the cookiecutter command; projects land in tmp_path/output.

    It asks nothing, unless there is something `typed`: a line for each question. There is no git on
    its path, and no network to be had.
    """

    def run(
        *options: str,
        source: str = str(template),
        typed: Sequence[str] = (),
        **answers: str,
    ) -> Generation:
        (tmp_path / "output").mkdir(exist_ok=True)
        given = [f"{name}={value}" for name, value in answers.items()]
        places = ["--output-dir", str(tmp_path / "output")]
        asks = typed or "--replay" in options or "--replay-file" in options
        mode = [] if asks else ["--no-input"]
        return subprocess.run(
            [str(BIN / "cookiecutter"), source, *mode, *places, *options, *given],
            input="".join(f"{line}\n" for line in typed),
            capture_output=True,
            text=True,
            env={"HOME": str(tmp_path), "PATH": str(BIN), "HTTPS_PROXY": "http://127.0.0.1:9"},
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    """Fill a folder once, for all workers of pytest-xdist; tests only read it."""
    own = tmp_path_factory.getbasetemp()
    shared = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "once"
    shared.mkdir(exist_ok=True)

    def fill(name: str, work: Callable[[Path], object]) -> Path:
        folder, unfinished = shared / name, shared / f"{name}.unfinished"
        with (shared / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.exists():
                shutil.rmtree(unfinished, ignore_errors=True)
                unfinished.mkdir()
                work(unfinished)
                unfinished.rename(folder)
        return folder

    return fill


@pytest.fixture(scope="session")
def render(clean_template: Path, once: Once) -> Render:
    """The project of some answers, rendered once; a copy is for who changes it."""

    def find(answers: dict[str, str]) -> Path:
        name = "project-" + hashlib.sha256(repr(sorted(answers.items())).encode()).hexdigest()[:12]
        folder = once(name, lambda place: bake(clean_template, place, answers))
        return folder / answers.get("project", "vertex-mlops")

    return find


def bake(template: Path, folder: Path, answers: dict[str, str]) -> Path:
    """Render a project into a folder."""
    given = [f"{name}={value}" for name, value in answers.items()]
    command = [str(BIN / "cookiecutter"), str(template), "--no-input", "--output-dir", str(folder)]
    done = subprocess.run([*command, *given], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / answers.get("project", "vertex-mlops")


@pytest.fixture(scope="session")
def environment() -> Path:
    """The environment of the baked project: code is the same in all projects."""
    if not (BAKED / ".venv/installed").exists():
        pytest.fail(f"{BAKED} has no environment; run: make baked")
    return BAKED / ".venv"


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "output"


@pytest.fixture(scope="session")
def clean_template(template: Path, once: Once) -> Path:
    """The template as git has it or would take it, in a folder whose name is no plain ASCII."""
    name = "cookiecutter-vertex-mlops"
    return once("a tëmplate", lambda place: copy_template(template, place / name)) / name


def copy_template(template: Path, copy: Path) -> None:
    """Copy what generation needs of a template."""
    for name in tracked_files(template):
        if name.startswith(TEMPLATE_PARTS):
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(template / name, copy / name)


def tracked_files(folder: Path) -> set[str]:
    """The files of a folder that git tracks, or would: all but the ignored ones."""
    options = ["-z", "--cached", "--others", "--exclude-standard"]
    listing = git("ls-files", *options, folder=folder)
    return {name for name in listing.split("\0") if name and (folder / name).exists()}


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def git(*arguments: str, folder: Path) -> str:
    names = {f"GIT_{who}_{what}": "test" for who in ("AUTHOR", "COMMITTER") for what in NAME_PARTS}
    done = subprocess.run(
        ["git", *arguments],
        cwd=folder,
        env=os.environ | names,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


NAME_PARTS = ("NAME", "EMAIL")


@pytest.fixture(scope="session", autouse=True)
def _which_git() -> None:
    if shutil.which("git") is None:
        pytest.fail("git is needed to list the template's files; install it")
