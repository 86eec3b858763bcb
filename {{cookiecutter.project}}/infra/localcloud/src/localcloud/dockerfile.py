"""What a Dockerfile says about how its container runs; what builds it is left out."""

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

# They shape the container's file system or its isolation, which a virtual environment stands for.
_IGNORED = {"EXPOSE", "HEALTHCHECK", "RUN", "USER"}
_VARIABLE = re.compile(r"\\\$|\$(\w+)|\$\{(\w+)(?::-([^}]*))?\}")


class DockerfileError(ValueError):
    """A Dockerfile that cannot be read; the message names the line and the way out."""


@dataclass(frozen=True)
class Copy:
    """One COPY: sources relative to the build context, absolute destination in the container."""

    sources: tuple[str, ...]
    destination: str


@dataclass(frozen=True)
class Dockerfile:
    """The last build stage: its base image and what its container starts with."""

    base: str
    env: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    copies: tuple[Copy, ...] = ()
    working_folder: str = "/"
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()


def parse(text: str) -> Dockerfile:
    """Read a Dockerfile.

    Raises:
        DockerfileError: it has no FROM, or an instruction that cannot be followed locally.
    """
    stages: dict[str, Dockerfile] = {}
    arguments: dict[str, str] = {}
    stage: Dockerfile | None = None
    alias = ""
    for instruction, rest in instructions(text):
        if instruction == "ARG":
            name, _, default = rest.partition("=")
            arguments[name.strip()] = _unquote(default)
        elif instruction == "FROM":
            base, alias = _from(_expand(rest, arguments))
            stage = stages.get(base, Dockerfile(base))
            stages[alias] = stage
        elif stage is None:
            raise DockerfileError(f"{instruction} stands before FROM; begin with FROM.")
        elif instruction not in _IGNORED:
            stage = _apply(stage, instruction, rest, arguments)
            stages[alias] = stage
    if stage is None:
        raise DockerfileError("it has no FROM; begin with a line such as FROM python:3.11-slim.")
    return stage


def _apply(stage: Dockerfile, instruction: str, rest: str, arguments: dict[str, str]) -> Dockerfile:
    scope = arguments | stage.env
    match instruction:
        case "ENV":
            return replace(stage, env=stage.env | _assignments(rest, scope))
        case "LABEL":
            return replace(stage, labels=stage.labels | _assignments(rest, scope))
        case "WORKDIR":
            return replace(stage, working_folder=_absolute(stage, _unquote(_expand(rest, scope))))
        case "COPY":
            copies = _copies(stage, _expand(rest, scope))
            return replace(stage, copies=stage.copies + copies)
        case "ENTRYPOINT":  # it also empties a CMD that came with the base
            return replace(stage, entrypoint=_arguments(rest))
        case "CMD":
            return replace(stage, command=_arguments(rest))
    raise DockerfileError(
        f"{instruction} is not supported; use ARG, CMD, COPY, ENTRYPOINT, ENV, FROM, RUN, WORKDIR."
    )


def instructions(text: str) -> Iterator[tuple[str, str]]:
    """Each instruction in capitals with its arguments; comments and continuations resolved."""
    lines = (line for line in text.splitlines() if not line.lstrip().startswith("#"))
    joined = re.sub(r"\\[ \t]*\n\s*", " ", "\n".join(line for line in lines if line.strip()))
    for line in joined.splitlines():
        instruction, _, rest = line.strip().partition(" ")
        if "<<" in rest:
            raise DockerfileError(
                f"{instruction} uses a here-document, which is not supported; put it in a file."
            )
        yield instruction.upper(), rest.strip()


def _from(rest: str) -> tuple[str, str]:
    words = [word for word in rest.split() if not word.startswith("--")]
    match words:
        case [base]:
            return base, ""
        case [base, as_, alias] if as_.upper() == "AS":
            return base, alias
    raise DockerfileError(f"FROM {rest} is not an image name; write FROM IMAGE.")


def _assignments(rest: str, scope: dict[str, str]) -> dict[str, str]:
    """Both forms of ENV and LABEL: `NAME=VALUE ...` and `NAME VALUE`."""
    if "=" not in rest.split(maxsplit=1)[0]:
        name, _, value = rest.partition(" ")
        return {name: _expand(value.strip(), scope)}
    pairs = (word.partition("=") for word in _split(rest))
    return {name: _expand(value, scope) for name, _, value in pairs}


def _copies(stage: Dockerfile, rest: str) -> tuple[Copy, ...]:
    flags = re.match(r"(--\S+\s+)*", rest)
    words = rest[flags.end() if flags else 0 :]
    if flags and "--from=" in flags.group():
        return ()  # it comes from another image, so the locked environment stands for it
    names = _json_list(words) or _split(words)
    if len(names) < 2:
        raise DockerfileError(f"COPY {rest} needs a source and a destination.")
    *sources, destination = names
    slash = "/" if destination.endswith(("/", "/.")) or destination == "." else ""
    return (Copy(tuple(sources), _absolute(stage, destination) + slash),)


def _arguments(rest: str) -> tuple[str, ...]:
    """The exec form as it stands; the shell form as Docker runs it."""
    listed = _json_list(rest)
    return tuple(listed) if listed is not None else ("/bin/sh", "-c", rest)


def _json_list(text: str) -> list[str] | None:
    if not text.startswith("["):
        return None
    try:
        values = json.loads(text)
    except ValueError:
        return None
    return [str(value) for value in values]


def _absolute(stage: Dockerfile, path: str) -> str:
    return str(PurePosixPath(stage.working_folder) / path)


def _expand(text: str, scope: dict[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        if match.group() == r"\$":
            return "$"
        return scope.get(match.group(1) or match.group(2)) or match.group(3) or ""

    return _VARIABLE.sub(value, text)


def _unquote(text: str) -> str:
    return " ".join(_split(text))


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise DockerfileError(f"{text} cannot be read ({error}); check its quotes.") from error
