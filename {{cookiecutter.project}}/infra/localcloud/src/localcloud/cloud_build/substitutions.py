"""Substitutions: `$NAME` and `${NAME}` in a build file, and `$$` for a dollar sign.

https://cloud.google.com/build/docs/configuring-builds/substitute-variable-values
"""

import re
from collections.abc import Iterator, Mapping

from google.cloud.devtools.cloudbuild_v1.types import Build, BuildStep

BUILT_IN = frozenset(
    {
        "BRANCH_NAME",
        "BUILD_ID",
        "COMMIT_SHA",
        "LOCATION",
        "PROJECT_ID",
        "PROJECT_NUMBER",
        "REF_NAME",
        "REPO_FULL_NAME",
        "REPO_NAME",
        "REVISION_ID",
        "SERVICE_ACCOUNT",
        "SERVICE_ACCOUNT_EMAIL",
        "SHORT_SHA",
        "TAG_NAME",
        "TRIGGER_BUILD_CONFIG_PATH",
        "TRIGGER_NAME",
    }
)
_REFERENCE = re.compile(r"\$(?:(\$)|\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))")
_DEPTH = 10  # a default may name another one


def references(text: str) -> Iterator[str]:
    """The names of the substitutions in a text."""
    for match in _REFERENCE.finditer(text):
        if not match[1]:
            yield match[2] or match[3]


def expand(text: str, values: Mapping[str, str]) -> str:
    """The text with values in place of names; an unknown name gives an empty text."""

    def value(match: re.Match[str]) -> str:
        return "$" if match[1] else values.get(match[2] or match[3], "")

    return _REFERENCE.sub(value, text)


def resolve(build: Build, given: Mapping[str, str]) -> dict[str, str]:
    """The value of each substitution: what is given, else the file's default."""
    values = {**build.substitutions, **given}
    for _ in range(_DEPTH):
        values = {name: expand(value, values) for name, value in values.items()}
    return values


def step_texts(step: BuildStep) -> list[str]:
    """The texts of a step in which Cloud Build replaces substitutions; `script` is not one."""
    volumes = [text for volume in step.volumes for text in (volume.name, volume.path)]
    return [step.name, step.dir_, step.entrypoint, *step.args, *step.env, *volumes]


def build_texts(build: Build) -> list[str]:
    """The texts of a whole build in which Cloud Build replaces substitutions."""
    steps = [text for step in build.steps for text in step_texts(step)]
    objects = build.artifacts.objects
    secrets = [secret.version_name for secret in build.available_secrets.secret_manager]
    return [
        *steps,
        *build.substitutions.values(),
        *build.images,
        *build.tags,
        *build.artifacts.images,
        objects.location,
        *objects.paths,
        *secrets,
        build.logs_bucket,
        build.service_account,
        *build.options.env,
    ]
