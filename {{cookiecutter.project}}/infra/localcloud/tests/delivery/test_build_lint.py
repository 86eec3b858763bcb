"""What Cloud Build would only tell of when a trigger fires is found before."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from localcloud.cloud_build.build_file import BuildFileError, read_build
from localcloud.cloud_build.lint import mistakes

PYTHON = "python:3.11-bookworm@sha256:" + "a" * 64
GCLOUD = "gcr.io/google.com/cloudsdktool/google-cloud-cli:stable"


def build(**changes: Any) -> dict[str, Any]:
    """A build without mistakes, with some keys replaced; None removes one."""
    content = {
        "steps": [
            {"id": "test", "name": "${_PYTHON}", "args": ["make", "test"]},
            {"id": "push", "name": GCLOUD, "args": ["gcloud", "storage", "cp", "a", "gs://b/a"]},
        ],
        "substitutions": {"_PYTHON": PYTHON},
        "serviceAccount": "projects/${PROJECT_ID}/serviceAccounts/ci@x",
        "options": {"logging": "CLOUD_LOGGING_ONLY"},
        "timeout": "600s",
    }
    return {key: value for key, value in (content | changes).items() if value is not None}


def steps(*changes: dict[str, Any]) -> dict[str, Any]:
    """The build whose steps are changed one by one; further ones are added."""
    own = [*build()["steps"], {"id": "more", "name": GCLOUD, "args": ["x"]}]
    count = max(2, len(changes))
    every = [*changes, {}, {}][:count]
    return build(steps=[old | new for old, new in zip(own[:count], every, strict=True)])


def secret(**changes: Any) -> dict[str, Any]:
    manager = [{"versionName": "projects/${PROJECT_ID}/secrets/key/versions/1", "env": "KEY"}]
    return build(availableSecrets={"secretManager": manager}, **changes)


def found(content: Any, folder: Path) -> list[str]:
    path = folder / "cloudbuild.yaml"
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return mistakes(read_build(path))


def test_a_good_build_has_no_mistakes(tmp_path: Path) -> None:
    assert found(build(), tmp_path) == []


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (build(steps=[]), "it has no steps"),
        (steps({"id": ""}), "step 1 has no id"),
        (steps({}, {"id": "test"}), "the id test stands on 2 steps"),
        (steps({"name": ""}), "step test has no name"),
        (steps({"script": "make test"}), "step test has a script and also args"),
        (steps({"args": []}), "step test does nothing"),
        (steps({}, {"waitFor": ["tset"]}), "step push waits for tset, which is no step"),
        (steps({"waitFor": ["push"]}), "step test waits for push, which does not come before it"),
        (steps({"args": ["make", "test", "${_TARGET}"]}), "${_TARGET} is neither built in nor"),
        (steps({"args": ["make", "test", "$COMMIT"]}), "${COMMIT} is neither built in nor"),
        (build(images=["${_REPO}/a"]), "${_REPO} is neither built in nor"),
        (build(substitutions={"_PYTHON": PYTHON, "_OLD": "1"}), "substitution _OLD is not used"),
        (build(substitutions={"_PYTHON": PYTHON, "OLD": "1"}), "substitution OLD must start"),
        (steps({"args": [], "script": 'make test "$PROJECT_ID"'}), "test uses PROJECT_ID in its"),
        (build(substitutions={"_PYTHON": "python:3.11"}), "test runs in python:3.11; pin it"),
        (steps({"name": f"python@sha256:{'a' * 63}"}), "; pin it by @sha256:DIGEST"),
        (build(serviceAccount=None), "it has no serviceAccount"),
        (build(options=None), "needs options.logging: CLOUD_LOGGING_ONLY"),
        (build(timeout=None), "it has no timeout"),
        (secret(), "the secret KEY is given to no step"),
        (steps({"secretEnv": ["KEY"]}), "secretEnv KEY is not in availableSecrets"),
        (build(secrets=[{"kmsKeyName": "k"}]), "it holds encrypted secrets"),
        (steps({"env": ["API_TOKEN=abc"]}), "step test seems to hold a secret (API_TOKEN=…)"),
        (steps({"args": ["make", "lint"]}), "step push publishes, but no step that tests"),
        (steps({}, {"waitFor": ["-"]}), "step push publishes, but no step that tests"),
        (steps({"allowFailure": True}), "step push publishes, but no step that tests"),
        (build(images=["a"]), "images get no provenance"),
        (build(images=["a"], steps=[{"id": "a", "name": GCLOUD, "args": ["a"]}]), "no step tests"),
    ],
)
def test_a_mistake_is_told(content: dict[str, Any], sentence: str, tmp_path: Path) -> None:
    sentences = found(content, tmp_path)
    assert any(sentence in one for one in sentences), sentences


@pytest.mark.parametrize(
    "content",
    [
        steps({"args": ["make", "test", "$$HOME", "$PROJECT_ID"]}),
        steps({"args": [], "script": "pytest; echo $_PYTHON $HOME", "automapSubstitutions": True}),
        steps({"args": [], "script": "pytest; echo $SHORT_SHA", "env": ["SHORT_SHA=$SHORT_SHA"]}),
        steps({}, {}, {"waitFor": ["test"], "args": ["docker", "push", "a"]}),
        steps({}, {"args": ["gcloud", "storage", "cp", "gs://b/a", "a"], "waitFor": ["-"]}),
        secret(steps=[build()["steps"][0] | {"secretEnv": ["KEY"]}]),
        build(images=["a"], options={"requestedVerifyOption": "VERIFIED", "logging": "NONE"}),
    ],
)
def test_what_is_right_is_let_through(content: dict[str, Any], tmp_path: Path) -> None:
    assert found(content, tmp_path) == []


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({"stepz": []}, 'no field named "stepz"'),
        (build(timeout=600), "timeout"),
        (steps({"args": ["sleep", 1]}), "args"),
        (build(options={"logging": "CLOUD"}), "CLOUD"),
        ("- id: a\n", "it must hold keys and values"),
        ("steps: [\n", "while parsing"),
        ("timeout: 1s\ntimeout: 2s\n", "timeout stands twice in the mapping of line 1"),
    ],
)
def test_what_is_no_build_is_refused(content: Any, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(BuildFileError, match=r"cloudbuild\.yaml: ") as error:
        found(content, tmp_path)
    assert sentence in str(error.value)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(BuildFileError, match=r"none\.yaml is missing\.$"):
        read_build(tmp_path / "none.yaml")
