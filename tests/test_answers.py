"""Bad answers are refused with one sentence that names the answer, and leave nothing behind."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Generation

LONG = "a" * 64

BAD_ANSWERS = [
    ("project", "Taxi"),
    ("project", "taxi_tips"),
    ("project", "taxi tips"),
    ("project", "1taxi"),
    ("project", "-taxi"),
    ("project", "taxi-"),
    ("project", "taxi--tips"),
    ("project", "ab"),
    ("project", LONG),
    ("project", "täxi"),
    ("project", "taxi.tips"),
    ("project", 'ta"xi'),
    ("project", "mlops"),
    ("project", "localcloud"),
    ("project", "test"),
    ("project", "con"),
    ("description", ""),
    ("description", "   "),
    ("description", "one\ntwo"),
    ("description", "a\x07b"),
    ("description", "x" * 201),
    ("region", ""),
    ("region", "US-CENTRAL1"),
    ("region", "us-central"),
    ("region", "us-central1-a"),
    ("region", "europe"),
    ("region", "mars-north1"),
    ("project_id_dev", ""),
    ("project_id_dev", "short"),
    ("project_id_dev", LONG),
    ("project_id_dev", "My-Project"),
    ("project_id_dev", "my_project"),
    ("project_id_dev", "1-project"),
    ("project_id_staging", "project-"),
    ("project_id_staging", "example.com:project"),
    ("project_id_staging", "my-google-project"),
    ("project_id_prod", "ssl-project"),
    ("project_id_prod", "123456789012"),
    ("project_id_prod", '"); import os; ("'),
    ("owner_email", ""),
    ("owner_email", "nobody"),
    ("owner_email", "@example.com"),
    ("owner_email", "me@"),
    ("owner_email", "me@localhost"),
    ("owner_email", "me@exa mple.com"),
    ("owner_email", "me@@example.com"),
    ("owner_email", "me..you@example.com"),
    ("owner_email", '"""@example.com'),
]


@pytest.mark.parametrize(("name", "value"), BAD_ANSWERS)
def test_a_bad_answer_is_refused_with_one_sentence(
    name: str, value: str, generate: Callable[..., Generation], output: Path
) -> None:
    result = generate(**{name: value})
    assert result.returncode != 0
    sentences = [line for line in result.stderr.splitlines() if line.startswith(f"{name}:")]
    assert len(sentences) == 1, result.stderr
    assert "Traceback" not in result.stderr
    assert list(output.iterdir()) == []


def test_each_of_several_mistakes_gets_its_sentence(generate: Callable[..., Generation]) -> None:
    result = generate(region="nowhere", owner_email="nobody", project_id_dev="x")
    named = [line.split(":")[0] for line in result.stderr.splitlines() if ":" in line][:3]
    assert named == ["region", "project_id_dev", "owner_email"]


def test_a_mistyped_region_is_corrected(generate: Callable[..., Generation]) -> None:
    assert "did you mean 'europe-west4'?" in generate(region="europe-west-4").stderr


@pytest.mark.parametrize("pair", [("dev", "staging"), ("dev", "prod"), ("staging", "prod")])
def test_two_environments_must_not_share_a_project(
    pair: tuple[str, str], generate: Callable[..., Generation], output: Path
) -> None:
    result = generate(**{f"project_id_{name}": "the-same-project" for name in pair})
    assert result.returncode != 0
    assert f"project_id_{pair[1]}: 'the-same-project' is also project_id_{pair[0]}" in result.stderr
    assert list(output.iterdir()) == []


def test_an_unknown_problem_is_refused(generate: Callable[..., Generation], output: Path) -> None:
    result = generate(problem="clustering")
    assert result.returncode != 0
    assert "clustering provided for choice variable problem" in result.stderr
    assert list(output.iterdir()) == []


def test_an_existing_folder_is_left_alone(
    generate: Callable[..., Generation], output: Path
) -> None:
    (output / "vertex-mlops").mkdir(parents=True)
    (output / "vertex-mlops" / "notes.txt").write_text("mine")
    result = generate()
    assert result.returncode != 0
    assert "already exists" in result.stderr + result.stdout
    assert [path.name for path in (output / "vertex-mlops").iterdir()] == ["notes.txt"]


def test_the_hooks_hold_no_jinja_but_the_answers(template: Path) -> None:
    for hook in (template / "hooks").glob("*.py"):
        text = hook.read_text().replace('r"""{{ cookiecutter | jsonify }}"""', "")
        assert "{{" not in text, hook.name
        assert "{%" not in text, hook.name
