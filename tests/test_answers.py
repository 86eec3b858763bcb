"""Bad answers are refused with one sentence that names the answer, and leave nothing behind."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import ROOT, Generation

Mistakes = Callable[[dict[str, Any]], list[str]]

LONG = "a" * 64
GOOD = {
    "project": "taxi-tips",
    "description": "Predicts tips.",
    "region": "us-central1",
    "project_id_dev": "taxi-tips-dev",
    "project_id_staging": "taxi-tips-staging",
    "project_id_prod": "taxi-tips-prod",
    "owner_email": "ml-team@example.com",
    "problem": "classification",
    "trainer": "custom",
    "mlops_level": "cicd",
    "license": "Apache-2.0",
}

BAD_ANSWERS = [
    ("project", ""),
    ("project", "Taxi"),
    ("project", "taxi_tips"),
    ("project", "taxi tips"),
    ("project", " taxi-tips"),
    ("project", "taxi-tips\n"),
    ("project", "1taxi"),
    ("project", "-taxi"),
    ("project", "taxi-"),
    ("project", "taxi--tips"),
    ("project", "ab"),
    ("project", "a" * 23),
    ("project", LONG),
    ("project", "täxi"),
    ("project", "\u0442axi-tips"),
    ("project", "taxi\u200btips"),
    ("project", "出租车"),
    ("project", "taxi.tips"),
    ("project", "../taxi"),
    ("project", "/etc/taxi"),
    ("project", "taxi;rm"),
    ("project", "$(taxi)"),
    ("project", 'ta"xi'),
    ("project", "mlops"),
    ("project", "localcloud"),
    ("project", "tensorflow"),
    ("project", "test"),
    ("project", "con"),
    ("description", ""),
    ("description", "   "),
    ("description", "one\ntwo"),
    ("description", "one\ttwo"),
    ("description", "a\x07b"),
    ("description", "a\u202eb"),
    ("description", "x" * 201),
    ("description", "{{ 7 * 7 }}"),
    ("description", "{% raw %}"),
    ("description", "{# hidden #}"),
    ("region", ""),
    ("region", "US-CENTRAL1"),
    ("region", "us-central"),
    ("region", "us-central1-a"),
    ("region", "us-central1 "),
    ("region", "europe"),
    ("region", "mars-north1"),
    ("project_id_dev", ""),
    ("project_id_dev", "short"),
    ("project_id_dev", "a" * 31),
    ("project_id_dev", LONG),
    ("project_id_dev", "My-Project"),
    ("project_id_dev", "my_project"),
    ("project_id_dev", "my project"),
    ("project_id_dev", "1-project"),
    ("project_id_dev", "mein-präjekt"),
    ("project_id_staging", "project-"),
    ("project_id_staging", "example.com:project"),
    ("project_id_staging", "my-google-project"),
    ("project_id_staging", "undefined-project"),
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
    ("owner_email", "mé@example.com"),
    ("owner_email", "me@example.com, you@example.com"),
    ("owner_email", f"{LONG}@{LONG}.{LONG}.{LONG}.com"),
    ("owner_email", '"""@example.com'),
    ("problem", ""),
    ("problem", "clustering"),
    ("problem", "Regression"),
    ("trainer", "foo"),
    ("trainer", "custom, automl"),
    ("mlops_level", "2"),
    ("mlops_level", "CICD"),
    ("license", "GPL"),
    ("license", "none"),
    ("license", "../../etc/passwd"),
]

# as a file of answers may hold them
MISTYPED = [
    ("project", None),
    ("project", 7),
    ("description", True),
    ("project_id_dev", 123456789012),
    ("owner_email", {"name": "me"}),
    ("license", False),
]

GOOD_ANSWERS = [
    ("project", "abc"),
    ("project", "a" * 22),
    ("project", "fare-4-cast"),
    ("description", "x" * 200),
    ("description", '100 % of "fares", it\'s ünïcode: 出租车 {1} ${2}'),
    ("region", "northamerica-northeast1"),
    ("region", "europe-west12"),
    ("project_id_dev", "abc-12"),
    ("project_id_dev", "a" * 30),
    ("owner_email", "ml+alerts@sub.acme.example"),
    ("owner_email", "o'brien".replace("'", "-") + "@example.com"),
]

# one of each kind goes through the whole command
THROUGH_THE_COMMAND = [
    ("project", "../taxi"),
    ("project", 'ta"xi'),
    ("description", "one\ntwo"),
    ("region", "mars-north1"),
    ("project_id_prod", '"); import os; ("'),
    ("owner_email", '"""@example.com'),
    ("license", "GPL"),
    ("trainer", "foo"),
    ("mlops_level", "x"),
]


@pytest.fixture(scope="module")
def hook() -> dict[str, Any]:
    """The names of the hook before generation, without the command around it."""
    source = (ROOT / "hooks/pre_gen_project.py").read_text()
    names: dict[str, Any] = {"__name__": "hook"}
    exec(source.replace("{{ cookiecutter | jsonify }}", json.dumps(GOOD)), names)  # noqa: S102
    return names


@pytest.fixture(scope="module")
def mistakes(hook: dict[str, Any]) -> Mistakes:
    check: Mistakes = hook["mistakes"]
    return check


@pytest.mark.parametrize(("name", "value"), BAD_ANSWERS)
def test_a_bad_answer_gets_one_sentence(name: str, value: str, mistakes: Mistakes) -> None:
    (sentence,) = mistakes(GOOD | {name: value})
    assert sentence.startswith(f"{name}: ")
    assert sentence.endswith((".", "?"))
    assert "\n" not in sentence


@pytest.mark.parametrize(("name", "value"), GOOD_ANSWERS)
def test_a_good_answer_is_taken(name: str, value: str, mistakes: Mistakes) -> None:
    assert mistakes(GOOD | {name: value}) == []


@pytest.mark.parametrize(("name", "value"), THROUGH_THE_COMMAND)
def test_a_bad_answer_leaves_nothing_behind(
    name: str, value: str, generate: Callable[..., Generation], output: Path
) -> None:
    result = generate(**{name: value})
    assert result.returncode != 0
    sentences = [line for line in result.stderr.splitlines() if line.startswith(f"{name}:")]
    assert len(sentences) == 1, result.stderr
    assert "Traceback" not in result.stderr
    assert list(output.iterdir()) == []
    assert not list(output.parent.glob("taxi*"))


def test_each_of_several_mistakes_gets_its_sentence(generate: Callable[..., Generation]) -> None:
    result = generate(region="nowhere", owner_email="nobody", project_id_dev="x")
    named = [line.split(":")[0] for line in result.stderr.splitlines() if ":" in line][:3]
    assert named == ["region", "project_id_dev", "owner_email"]


def test_a_mistyped_region_is_corrected(mistakes: Mistakes) -> None:
    (sentence,) = mistakes(GOOD | {"region": "europe-west-4"})
    assert "did you mean 'europe-west4'?" in sentence


@pytest.mark.parametrize("pair", [("dev", "staging"), ("dev", "prod"), ("staging", "prod")])
def test_two_environments_must_not_share_a_project(
    pair: tuple[str, str], mistakes: Mistakes
) -> None:
    (sentence,) = mistakes(GOOD | {f"project_id_{name}": "the-same-project" for name in pair})
    assert f"project_id_{pair[1]}: 'the-same-project' is also project_id_{pair[0]}" in sentence


def test_each_question_shows_the_words_it_takes(
    generate: Callable[..., Generation], output: Path, hook: dict[str, Any]
) -> None:
    typed = [""] * 7 + ["regression", "both", "manual", "MIT"]
    result = generate(typed=typed)
    assert result.returncode == 0, result.stderr
    for words in hook["CHOICES"].values():
        for word in words:
            assert re.search(rf"^    {re.escape(word)}(: |$)", result.stdout, re.MULTILINE), word
    base = yaml.safe_load((output / "vertex-mlops/config/base.yaml").read_text())
    assert base["trainer"] == "both"


def test_a_word_that_is_typed_and_not_offered_is_refused(
    generate: Callable[..., Generation], output: Path
) -> None:
    result = generate(typed=[""] * 10 + ["GPL"])
    assert result.returncode != 0
    offered = "write Apache-2.0, MIT or proprietary."
    assert result.stderr.splitlines()[0] == f"license: 'GPL' is not offered; {offered}"
    assert list(output.iterdir()) == []


@pytest.mark.parametrize(("name", "value"), MISTYPED)
def test_an_answer_that_is_no_text_gets_one_sentence(
    name: str, value: object, mistakes: Mistakes
) -> None:
    (sentence,) = mistakes(GOOD | {name: value})
    assert sentence == f"{name}: {value!r} is no text; put it in quotes."


def test_a_file_of_answers_is_checked_as_well(
    generate: Callable[..., Generation], output: Path, tmp_path: Path
) -> None:
    answers = tmp_path / "answers.json"
    answers.write_text(json.dumps({"cookiecutter": GOOD | {"license": "GPL", "project": 7}}))
    result = generate("--replay-file", str(answers))
    assert result.returncode != 0
    assert result.stderr.splitlines()[0] == "project: 7 is no text; put it in quotes."
    assert list(output.iterdir()) == []


def test_an_answer_that_names_none_other_is_refused(
    generate: Callable[..., Generation], output: Path
) -> None:
    result = generate(description="{{ cookiecutter.nothing }}")
    assert result.returncode != 0
    assert "'nothing'" in result.stderr + result.stdout
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
        assert "{{ cookiecutter" not in text, hook.name
