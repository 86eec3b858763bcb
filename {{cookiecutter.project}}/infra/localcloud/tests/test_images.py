"""An image is a folder: what its Dockerfile says, its environment, its digest."""

import base64
import hashlib
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from google.api_core.exceptions import FailedPrecondition, InvalidArgument, NotFound

from localcloud.images import Image, Images, build

PYTHON = f"FROM python:3.{sys.version_info.minor}-slim-bookworm"
REFERENCE = "us-central1-docker.pkg.dev/project/repository/"


@pytest.fixture
def lines() -> list[str]:
    """What the images report."""
    return []


@pytest.fixture
def images(tmp_path: Path, lines: list[str]) -> Images:
    context = tmp_path / "context"
    (context / "src/pkg").mkdir(parents=True)
    (context / "src/pkg/module.py").write_text("NAME = 'pkg'\n")
    return Images(context / "images", context, tmp_path / "environments", lines.append)


def add(images: Images, dockerfile: str, name: str = "ml") -> Image:
    folder = images.context / "images" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Dockerfile").write_text(dockerfile)
    return images.resolve(REFERENCE + name)


def add_lock(images: Images, name: str = "ml", digest: str = "") -> None:
    """A lock of one tiny package, made here, so that no index is asked."""
    wheel = images.context / "tiny-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("tiny.py", "ANSWER = 42\n")
        archive.writestr(
            "tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n"
        )
        archive.writestr(
            "tiny-1.0.dist-info/WHEEL",
            "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        record = "".join(
            f"{info.filename},sha256={_digest(archive.read(info))},{info.file_size}\n"
            for info in archive.infolist()
        )
        archive.writestr("tiny-1.0.dist-info/RECORD", f"{record}tiny-1.0.dist-info/RECORD,,\n")
    digest = digest or hashlib.sha256(wheel.read_bytes()).hexdigest()
    lock = images.context / "images" / name / "requirements.lock"
    lock.write_text(
        f"--no-index\n--find-links {images.context}\ntiny==1.0 --hash=sha256:{digest}\n"
    )


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def answer(image: Image) -> str:
    code = "import tiny; print(tiny.ANSWER)"
    return subprocess.run(
        [image.python, "-c", code], check=True, capture_output=True, text=True
    ).stdout


@pytest.mark.parametrize(
    "reference",
    [
        "ml",
        "ml:latest",
        f"{REFERENCE}ml:tag",
        f"{REFERENCE}ml@sha256:{'0' * 64}",
        "localhost:5000/ml",
    ],
)
def test_the_last_part_of_a_reference_names_the_folder(images: Images, reference: str) -> None:
    add(images, PYTHON)
    assert images.resolve(reference).name == "ml"


@pytest.mark.parametrize("reference", ["", "a/b/..", "ml/", "UPPER", ":tag"])
def test_what_is_no_reference_is_refused(images: Images, reference: str) -> None:
    with pytest.raises(InvalidArgument, match="is not an image reference"):
        images.resolve(reference)


def test_an_unknown_image_is_named_with_the_way_out(images: Images) -> None:
    with pytest.raises(NotFound, match=r"repository/absent:1 is not here.*--images"):
        images.resolve(f"{REFERENCE}absent:1")
    with pytest.raises(NotFound, match="--images"):
        Images(None, images.context, images.environments).resolve("ml")


def test_container_paths_become_local_ones(images: Images) -> None:
    (images.context / "serve.py").touch()
    image = add(
        images,
        f"""# syntax=docker/dockerfile:1
{PYTHON} AS base
ARG LEVEL=info
ENV PYTHONPATH=/app/src:/app/other \\
    # comments may stand between
    CONFIG="/app/src/pkg/c.yaml, /app/srcs" LEVEL=${{LEVEL}}
ENV GREETING hello there
ENV PATH=/opt/bin:$PATH UNKNOWN=${{NOTHING:-fallback}}
RUN pip install -r /tmp/requirements.lock && \\
    useradd user
USER user
WORKDIR /app/src
WORKDIR pkg
COPY --chown=user src /app/src
COPY ["serve.py", "/app/"]
COPY --from=other /x /y
EXPOSE 8080
LABEL a=b
ENTRYPOINT ["python", "/app/serve.py"]
CMD python -m pkg.module
""",
    )
    source = images.context / "src"
    assert image.env == {
        "PYTHONPATH": f"{source}:/app/other",
        "CONFIG": f"{source}/pkg/c.yaml, /app/srcs",
        "LEVEL": "info",
        "GREETING": "hello there",
        "UNKNOWN": "fallback",
    }
    assert image.entrypoint == ["python", str(images.context / "serve.py")]
    assert image.command == ["/bin/sh", "-c", "python -m pkg.module"]
    assert image.working_folder == source / "pkg"


def test_the_last_stage_counts_and_continues_the_one_it_names(images: Images) -> None:
    image = add(
        images,
        f"FROM scratch AS builder\nENV A=1\n{PYTHON} AS base\nENV B=2\nFROM base\nENV C=$B\n",
    )
    assert image.env == {"B": "2", "C": "2"}


@pytest.mark.parametrize(
    ("dockerfile", "message"),
    [
        ("", "it has no FROM"),
        ("ENV A=1", "ENV stands before FROM"),
        (f"{PYTHON}\nADD x /x", "ADD is not supported; use ARG, CMD, COPY"),
        (f"{PYTHON}\nRUN <<END\nx\nEND", "here-document"),
        (f"{PYTHON}\nCOPY x", "needs a source and a destination"),
        (f'{PYTHON}\nENV A="x', "check its quotes"),
    ],
)
def test_a_dockerfile_that_cannot_be_followed_is_refused(
    images: Images, dockerfile: str, message: str
) -> None:
    with pytest.raises(InvalidArgument, match=message):
        add(images, dockerfile)


@pytest.mark.parametrize("source", ["absent", "../outside"])
def test_a_copy_from_outside_the_context_is_refused(images: Images, source: str) -> None:
    with pytest.raises(InvalidArgument, match=rf"copies {source}, which is not in the build cont"):
        _ = add(images, f"{PYTHON}\nCOPY {source} /app").digest


def test_several_folders_in_one_place_are_refused(images: Images) -> None:
    (images.context / "more").mkdir()
    with pytest.raises(InvalidArgument, match="copies several folders into /app"):
        _ = add(images, f"{PYTHON}\nCOPY src more /app/").digest


def test_the_digest_follows_all_that_the_image_is_made_of(images: Images) -> None:
    def digest() -> str:
        return images.resolve("ml").digest

    add(images, f"{PYTHON}\nCOPY src /app")
    digests = [digest()]
    assert digest() == digests[0]
    (images.context / "src/pkg/__pycache__").mkdir()
    (images.context / "src/pkg/__pycache__/module.pyc").touch()
    assert digest() == digests[0]
    (images.context / "src/pkg/module.py").write_text("NAME = 'other'\n")
    digests.append(digest())
    (images.context / "src/pkg/module.py").rename(images.context / "src/pkg/renamed.py")
    digests.append(digest())
    add_lock(images)
    digests.append(digest())
    add(images, f"{PYTHON}\nENV A=1\nCOPY src /app")
    digests.append(digest())
    assert len(set(digests)) == len(digests)


def test_without_a_lock_the_own_interpreter_runs_it(images: Images) -> None:
    assert add(images, PYTHON).python == Path(sys.executable)
    assert add(images, "FROM python:3-slim").python == Path(sys.executable)


@pytest.mark.parametrize(
    ("base", "error", "message"),
    [
        ("python:3.1", FailedPrecondition, r"needs Python 3\.1, which is not on the PATH"),
        ("debian:12", InvalidArgument, "starts FROM debian:12, whose Python version is unknown"),
        ("python:3", InvalidArgument, r"start it FROM python:3\.X"),
    ],
)
def test_a_base_without_a_python_to_be_had_is_refused(
    images: Images, base: str, error: type[Exception], message: str
) -> None:
    image = add(images, f"FROM {base}")
    add_lock(images)
    with pytest.raises(error, match=message):
        _ = image.python


def test_an_environment_is_built_once_from_the_lock(images: Images, lines: list[str]) -> None:
    add(images, PYTHON)
    add_lock(images)
    list(build(images))
    assert lines[0] == "building the environment of image ml (first time, some minutes)…"
    assert answer(images.resolve("ml")) == "42\n"
    reported = len(lines)
    list(build(images, ["ml"]))
    assert len(lines) == reported


def test_two_that_need_an_environment_at_once_build_it_once(
    images: Images, lines: list[str]
) -> None:
    add(images, PYTHON)
    add_lock(images)
    with ThreadPoolExecutor(2) as pool:
        pythons = list(pool.map(lambda _: images.resolve("ml").python, range(2)))
    assert pythons[0] == pythons[1]
    assert sum(line.startswith("building") for line in lines) == 1


def test_a_half_built_environment_is_built_anew(images: Images) -> None:
    add(images, PYTHON)
    add_lock(images)
    python = images.resolve("ml").python
    (python.parent.parent / "localcloud-complete").unlink()
    for module in python.parent.parent.rglob("tiny.py"):
        module.unlink()
    assert answer(images.resolve("ml")) == "42\n"


def test_a_lock_that_cannot_be_installed_says_why(images: Images) -> None:
    add(images, PYTHON)
    add_lock(images, digest="0" * 64)
    for _ in range(2):  # what failed once is not taken for built
        with pytest.raises(FailedPrecondition, match=r"image ml could not be built(.|\n)*Hash"):
            _ = images.resolve("ml").python


def test_a_ready_made_image_of_google_is_built_in(images: Images) -> None:
    reference = "us-docker.pkg.dev/vertex-ai/prediction/sklearn-cpu.1-6:latest"
    built_in = images.resolve(reference)
    assert built_in.entrypoint == ["python", str(built_in.folder / "server.py")]
    add(images, PYTHON, name="sklearn-cpu.1-6")
    assert images.resolve(reference).folder == images.context / "images" / "sklearn-cpu.1-6"
