"""The template works from wherever users take it, and for whom."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Generate, Generation, Render, files_of, git


@pytest.fixture(scope="session")
def expected(render: Render) -> dict[str, bytes]:
    """The project of the default answers."""
    return files_of(render({}))


def check(result: Generation, folder: Path, expected: dict[str, bytes]) -> None:
    assert result.returncode == 0, result.stderr
    assert files_of(folder / "vertex-mlops") == expected


def test_from_a_folder_with_spaces_and_unicode(
    generate: Generate, clean_template: Path, output: Path, expected: dict[str, bytes]
) -> None:
    check(generate(source=str(clean_template)), output, expected)


def test_into_a_folder_with_spaces_and_unicode(
    generate: Generate, clean_template: Path, tmp_path: Path, expected: dict[str, bytes]
) -> None:
    folder = tmp_path / "Ünsere Projekte 出租车"
    result = generate("--output-dir", str(folder), source=str(clean_template))
    check(result, folder, expected)


def test_from_a_zip(
    generate: Generate,
    clean_template: Path,
    output: Path,
    tmp_path: Path,
    expected: dict[str, bytes],
) -> None:
    archive = shutil.make_archive(
        str(tmp_path / "template"), "zip", clean_template.parent, clean_template.name
    )
    check(generate(source=archive), output, expected)


def test_from_a_git_url(
    clean_template: Path, tmp_path: Path, expected: dict[str, bytes], output: Path
) -> None:
    repository = shutil.copytree(clean_template, tmp_path / "template.git")
    git("init", "--quiet", "--initial-branch=main", folder=repository)
    git("add", "--all", folder=repository)
    git("commit", "--quiet", "--message", "Template", folder=repository)
    output.mkdir()
    result = subprocess.run(
        [sys.executable, "-m", "cookiecutter", f"file://{repository}", "--no-input"],
        cwd=output,
        env=os.environ | {"HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    check(result, output, expected)


def test_replayed_answers_give_the_same_project(
    generate: Generate, clean_template: Path, output: Path
) -> None:
    answers = {"project": "fare-forecast", "mlops_level": "manual", "license": "MIT"}
    assert generate(source=str(clean_template), **answers).returncode == 0
    first = files_of(output / "fare-forecast")
    shutil.rmtree(output / "fare-forecast")
    result = generate("--replay", source=str(clean_template))
    assert result.returncode == 0, result.stderr
    assert files_of(output / "fare-forecast") == first


@pytest.mark.parametrize("version", ["3.12", "3.13"])
def test_on_a_newer_python(
    version: str, clean_template: Path, tmp_path: Path, expected: dict[str, bytes]
) -> None:
    python = find_python(version)
    if python is None:
        pytest.skip(f"Python {version} is not installed here")
    packages = Path(pytest.__file__).parents[1]  # pure Python, as far as cookiecutter needs it
    result = subprocess.run(
        [str(python), "-m", "cookiecutter", str(clean_template), "--no-input"],
        cwd=tmp_path,
        env={"HOME": str(tmp_path), "PYTHONPATH": str(packages), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    check(result, tmp_path, expected)


def find_python(version: str) -> Path | None:
    """An interpreter of that version that runs, on the path or among those of pyenv."""
    found = [shutil.which(f"python{version}")]
    found += sorted(map(str, Path.home().glob(f".pyenv/versions/{version}.*/bin/python")))
    for candidate in filter(None, found):
        if (
            subprocess.run([candidate, "--version"], capture_output=True, check=False).returncode
            == 0
        ):
            return Path(candidate)
    return None
