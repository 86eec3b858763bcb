"""An image is pinned, small, without root and without secrets, or it is not built."""

from pathlib import Path

import pytest

from localcloud import image_lint
from localcloud.image_lint import context_size, mistakes

GOOD = f"""\
FROM python:3.11-slim@sha256:{"a" * 64}
RUN pip install --no-cache-dir --require-hashes -r /app/requirements.lock
COPY src /app/src
USER app
HEALTHCHECK NONE
ARG COMMIT=unknown
LABEL org.opencontainers.image.revision=$COMMIT
"""
LOCK = f"numpy==2.0.0 \\\n    --hash=sha256:{'b' * 64}\n"


@pytest.fixture
def image(tmp_path: Path) -> Path:
    folder = tmp_path / "infra/images/ml"
    folder.mkdir(parents=True)
    (folder / "requirements.lock").write_text(LOCK)
    (tmp_path / ".dockerignore").write_text("*\n!src\n")
    (tmp_path / "src").mkdir()
    (tmp_path / "src/a.py").write_text("12345")
    return folder


def found(image: Path, dockerfile: str) -> list[str]:
    (image / "Dockerfile").write_text(dockerfile)
    return mistakes(image, image.parents[2])


def test_a_good_image_has_no_mistakes(image: Path) -> None:
    assert found(image, GOOD) == []


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("FROM python:3.11-slim@sha256:" + "a" * 64, "FROM python:3.11", "can change any day"),
        ("USER app", "", "runs as root"),
        ("USER app", "USER app\nUSER root", "runs as root"),
        ("USER app", "USER 0:0", "runs as root"),
        ("HEALTHCHECK NONE", "", "has no HEALTHCHECK"),
        ("=$COMMIT", "=abc", "does not tell its commit"),
        ("--require-hashes", "", "without --require-hashes"),
        ("ARG COMMIT=unknown", "ARG COMMIT\nARG API_TOKEN=a", "ARG API_TOKEN would stay"),
        ("COPY src /app/src", "COPY . /app", "COPY . takes whatever"),
        ("COPY src /app/src", "ADD src /app", "ADD is not supported"),
        ("FROM", "FORM", "FORM stands before FROM"),
    ],
)
def test_a_mistake_in_the_dockerfile_is_told(
    old: str, new: str, sentence: str, image: Path
) -> None:
    assert old in GOOD
    sentences = found(image, GOOD.replace(old, new))
    assert len(sentences) == 1
    assert sentence in sentences[0]


def test_a_stage_is_no_base(image: Path) -> None:
    digest = "a" * 64
    stages = f"FROM a@sha256:{digest} AS wheels\nFROM wheels\n"
    assert found(image, stages + GOOD.partition("\n")[2]) == []


def test_a_lock_without_hashes_is_told(image: Path) -> None:
    (image / "requirements.lock").write_text(LOCK + "pandas==2.0.0\n")
    assert found(image, GOOD) == [
        "requirements.lock has pandas==2.0.0 without a hash; run `make lock`"
    ]


def test_a_large_context_is_told(image: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_lint, "CONTEXT_LIMIT", 4)
    assert "its build context has" in found(image, GOOD)[0]


def test_a_context_without_dockerignore_is_told(image: Path) -> None:
    (image.parents[2] / ".dockerignore").unlink()
    assert "there is no .dockerignore" in found(image, GOOD)[0]


@pytest.mark.parametrize(
    ("rules", "size"),
    [
        ("", 31),
        ("*", 0),
        ("a", 30),
        ("*\n!b", 30),
        ("*\n!b/deep", 20),
        ("*\n!b\nb/deep/*.bin", 10),
        ("*\n!b\n**/*.bin", 10),
        ("# all\nb\n!b/deep/x.bin\n", 21),
        ("?", 0),
    ],
)
def test_the_context_is_what_dockerignore_leaves(rules: str, size: int, tmp_path: Path) -> None:
    context = tmp_path / "context"
    (context / "b/deep").mkdir(parents=True)
    (context / "a").write_bytes(b"1")
    (context / "b/y.txt").write_bytes(b"1" * 10)
    (context / "b/deep/x.bin").write_bytes(b"1" * 20)
    (context / ".dockerignore").write_text(rules)
    own = 0 if rules.startswith("*") else len(rules)
    assert context_size(context) - own == size
