"""What an image must be before it is built: pinned, small, without root and without secrets."""

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from localcloud.dockerfile import DockerfileError, instructions, parse

CONTEXT_LIMIT = 50 * 1024 * 1024  # bytes that are sent to the builder
_DIGEST = re.compile(r"@sha256:[0-9a-f]{64}$")
_SECRET = re.compile(r"(?i)(password|passwd|secret|token|api_?key|private_?key|credential)")
_REVISION = "org.opencontainers.image.revision"
_ROOT = {"", "0", "root"}


def mistakes(folder: Path, context: Path) -> list[str]:
    """One sentence for each mistake in an image's folder; none when there is nothing to say.

    Args:
        folder: what holds the Dockerfile and, if packages are installed, `requirements.lock`.
        context: the folder that the image is built from.
    """
    try:
        text = (folder / "Dockerfile").read_text(encoding="utf-8")
        parse(text)
    except (DockerfileError, OSError) as error:
        return [str(error)]
    found = list(instructions(text))
    return [
        *_base(found),
        *_user(found),
        *_metadata(found),
        *_installs(found, folder),
        *_secrets(found),
        *_copies(found),
        *_context(context),
    ]


def _base(found: list[tuple[str, str]]) -> Iterator[str]:
    stages = set()
    for instruction, rest in found:
        if instruction == "FROM":
            image, *alias = [word for word in rest.split() if not word.startswith("--")]
            if image not in stages and image != "scratch" and not _DIGEST.search(image):
                yield f"FROM {image} can change any day; pin it by @sha256:DIGEST"
            stages.update(alias[1:])


def _user(found: list[tuple[str, str]]) -> Iterator[str]:
    users = [rest.partition(":")[0].strip() for instruction, rest in found if instruction == "USER"]
    if not users or users[-1] in _ROOT:
        yield "its container runs as root; end with USER and another name"


def _metadata(found: list[tuple[str, str]]) -> Iterator[str]:
    if "HEALTHCHECK" not in [instruction for instruction, _ in found]:
        yield "it has no HEALTHCHECK; probe what it serves, or write HEALTHCHECK NONE for a job"
    labels = [rest for instruction, rest in found if instruction == "LABEL"]
    if not any(f"{_REVISION}=$" in label for label in labels):
        yield f"it does not tell its commit; add ARG COMMIT and LABEL {_REVISION}=$COMMIT"


def _installs(found: list[tuple[str, str]], folder: Path) -> Iterator[str]:
    for instruction, rest in found:
        if instruction == "RUN" and "pip install" in rest and "--require-hashes" not in rest:
            yield "pip installs without --require-hashes; install from the lock"
    lock = folder / "requirements.lock"
    if lock.exists():
        for entry in re.split(r"\n(?=\S)", lock.read_text(encoding="utf-8").strip()):
            if not entry.startswith("#") and "--hash=sha256:" not in entry:
                yield f"requirements.lock has {entry.split()[0]} without a hash; run `make lock`"


def _secrets(found: list[tuple[str, str]]) -> Iterator[str]:
    for instruction, rest in found:
        if instruction in ("ARG", "ENV") and _SECRET.search(rest.partition("=")[0]):
            yield f"{instruction} {rest.partition('=')[0]} would stay in the image; mount a secret"


def _copies(found: list[tuple[str, str]]) -> Iterator[str]:
    for instruction, rest in found:
        words = [word for word in rest.split() if not word.startswith("--")]
        if instruction == "COPY" and words[0] in (".", "./", "*"):
            yield "COPY . takes whatever lies in the project; name what the image needs"


def _context(context: Path) -> Iterator[str]:
    if not (context / ".dockerignore").exists():
        yield "there is no .dockerignore; say what may be sent to the builder"
        return
    size = context_size(context)
    if size > CONTEXT_LIMIT:
        yield (
            f"its build context has {size / 2**20:.0f} MB, more than {CONTEXT_LIMIT / 2**20:.0f};"
            " leave more out in .dockerignore"
        )


def context_size(context: Path) -> int:
    """Bytes of the files that `.dockerignore` leaves in a build context."""
    lines = (context / ".dockerignore").read_text(encoding="utf-8").splitlines()
    patterns = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    rules = [(not line.startswith("!"), line.lstrip("!").strip("/")) for line in patterns]
    names = _names(context, context, rules)
    return sum((context / name).lstat().st_size for name in names)


def _names(folder: Path, context: Path, rules: list[tuple[bool, str]]) -> Iterator[PurePosixPath]:
    """The files that are sent; a folder that is left out is entered only for its exceptions."""
    for path in folder.iterdir():
        name = PurePosixPath(path.relative_to(context).as_posix())
        if not path.is_dir() or path.is_symlink():
            if not _is_ignored(name, rules):
                yield name
        elif not _is_ignored(name, rules) or _has_exception(name, rules):
            yield from _names(path, context, rules)


def _is_ignored(name: PurePosixPath, rules: list[tuple[bool, str]]) -> bool:
    """The last rule that matches a file, or a folder above it, decides."""
    ignored = False
    for ignores, pattern in rules:
        if any(_regex(pattern).fullmatch(str(one)) for one in (name, *name.parents[:-1])):
            ignored = ignores
    return ignored


def _has_exception(name: PurePosixPath, rules: list[tuple[bool, str]]) -> bool:
    return any(not ignores and pattern.startswith(f"{name}/") for ignores, pattern in rules)


def _regex(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"(\*\*/?|\*|\?)", pattern)
    known = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(known.get(part, re.escape(part)) for part in parts))
