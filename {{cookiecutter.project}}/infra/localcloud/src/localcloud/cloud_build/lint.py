"""Mistakes that Google's type of a build lets through, and rules of safe delivery.

Cloud Build tells of some of them only when a trigger fires; others it never tells of.
"""

import re
from collections.abc import Iterator
from itertools import chain

from google.cloud.devtools.cloudbuild_v1.types import Build, BuildOptions, BuildStep

from localcloud.cloud_build import substitutions

_USER_DEFINED = re.compile(r"_[A-Z0-9_]+")
_PULL_REQUEST = {"_BASE_BRANCH", "_HEAD_BRANCH", "_HEAD_REPO_URL", "_PR_NUMBER"}
_DIGEST = re.compile(r"@sha256:[0-9a-f]{64}$")
# Google's own builders have no versions that last, and what this build made has no digest yet
_UNPINNED = re.compile(
    r"gcr\.io/(cloud-builders|google\.com/cloudsdktool)/|[\w-]+-docker\.pkg\.dev/"
)
_TESTS = re.compile(r"\b(py)?test(s|-[\w-]+)?\b")
_PUBLISHES = re.compile(r"\bpush\b|\bstorage\s+cp\b.*\s\"?gs://\S+\s*$", re.MULTILINE)
_SECRET = re.compile(r"(?i)(password|passwd|secret|token|api_?key|private_?key)\w*=.")
_SHELL_VARIABLE = re.compile(r"\$\{?([A-Z_][A-Z0-9_]*)\b")
_VERIFIED = BuildOptions.VerifyOption.VERIFIED
_OWN_LOGGING = (
    BuildOptions.LoggingMode.CLOUD_LOGGING_ONLY,
    BuildOptions.LoggingMode.GCS_ONLY,
    BuildOptions.LoggingMode.NONE,
)


def mistakes(build: Build) -> list[str]:
    """One sentence for each mistake in a build; none when there is nothing to say."""
    rules = (_steps, _order, _substitutions, _scripts, _builders, _account, _secrets, _publishing)
    return list(dict.fromkeys(chain.from_iterable(rule(build) for rule in rules)))


def _label(build: Build, step: BuildStep) -> str:
    return f"step {step.id or list(build.steps).index(step) + 1}"


def _steps(build: Build) -> Iterator[str]:
    if not build.steps:
        yield "it has no steps"
    ids = [step.id for step in build.steps]
    for number, step in enumerate(build.steps, start=1):
        if not step.id:
            yield f"step {number} has no id; name what it does"
        elif ids.count(step.id) > 1:
            yield f"the id {step.id} stands on {ids.count(step.id)} steps; give each its own"
        if not step.name:
            yield f"step {step.id or number} has no name; say in which builder image it runs"
        if step.script and (step.args or step.entrypoint):
            yield f"step {step.id or number} has a script and also args or an entrypoint; keep one"
        if not (step.script or step.args or step.entrypoint):
            yield f"step {step.id or number} does nothing; give it args or a script"


def _order(build: Build) -> Iterator[str]:
    before: set[str] = set()
    ids = {step.id for step in build.steps}
    for step in build.steps:
        for awaited in step.wait_for:
            if awaited != "-" and awaited not in ids:
                yield f"{_label(build, step)} waits for {awaited}, which is no step"
            elif awaited != "-" and awaited not in before:
                yield f"{_label(build, step)} waits for {awaited}, which does not come before it"
        before.add(step.id)


def _substitutions(build: Build) -> Iterator[str]:
    declared = set(build.substitutions)
    texts = substitutions.build_texts(build)
    used = {name for text in texts for name in substitutions.references(text)}
    known = declared | substitutions.BUILT_IN | _PULL_REQUEST
    for name in sorted(used - known):
        yield f"${{{name}}} is neither built in nor declared; give it a default in substitutions"
    for name in sorted(declared):
        if not _USER_DEFINED.fullmatch(name):
            yield f"the substitution {name} must start with _ and hold capitals, digits and _ only"
        if name not in used and name not in _in_scripts(build):
            yield f"the substitution {name} is not used; remove it"


def _in_scripts(build: Build) -> set[str]:
    scripts = [step.script for step in build.steps if _maps_all(build, step)]
    return {name for script in scripts for name in _SHELL_VARIABLE.findall(script)}


def _maps_all(build: Build, step: BuildStep) -> bool:
    return bool(step.automap_substitutions or build.options.automap_substitutions)


def _scripts(build: Build) -> Iterator[str]:
    substituted = substitutions.BUILT_IN | set(build.substitutions)
    for step in build.steps:
        given = {entry.partition("=")[0] for entry in [*step.env, *build.options.env]}
        missing = (set(_SHELL_VARIABLE.findall(step.script)) & substituted) - given
        if missing and not _maps_all(build, step):
            names = ", ".join(sorted(missing))
            yield (
                f"{_label(build, step)} uses {names} in its script, where nothing is substituted;"
                " set automapSubstitutions, or pass it by env"
            )


def _builders(build: Build) -> Iterator[str]:
    for step in build.steps:
        image = substitutions.expand(step.name, substitutions.resolve(build, _PLACEHOLDERS))
        if image and not _DIGEST.search(image) and not _UNPINNED.match(image):
            yield f"{_label(build, step)} runs in {image}; pin it by @sha256:DIGEST"


_PLACEHOLDERS = dict.fromkeys(substitutions.BUILT_IN, "x")


def _account(build: Build) -> Iterator[str]:
    if not build.service_account:
        yield "it has no serviceAccount; name one that may do what these steps do, and no more"
    elif build.options.logging not in _OWN_LOGGING and not build.logs_bucket:
        yield "a build with its own serviceAccount needs options.logging: CLOUD_LOGGING_ONLY"
    if not build.timeout:
        yield "it has no timeout; one that hangs would run for an hour"


def _secrets(build: Build) -> Iterator[str]:
    declared = {secret.env for secret in build.available_secrets.secret_manager}
    used = {name for step in build.steps for name in step.secret_env}
    if build.secrets or build.available_secrets.inline:
        yield "it holds encrypted secrets; keep them in Secret Manager"
    for name in sorted(used - declared):
        yield f"secretEnv {name} is not in availableSecrets.secretManager"
    for name in sorted(declared - used):
        yield f"the secret {name} is given to no step; remove it"
    for step in build.steps:
        for text in [*step.env, *step.args]:
            if _SECRET.search(text):
                yield (
                    f"{_label(build, step)} seems to hold a secret ({text.partition('=')[0]}=…);"
                    " take it from Secret Manager by secretEnv"
                )


def _publishing(build: Build) -> Iterator[str]:
    for step in build.steps:
        if _publishes(step) and not any(map(_tests, _ancestors(build, step))):
            yield f"{_label(build, step)} publishes, but no step that tests comes before it"
    if build.images:
        if not any(map(_tests, build.steps)):
            yield "images are pushed, but no step tests"
        if build.options.requested_verify_option != _VERIFIED:
            yield "images get no provenance; set options.requestedVerifyOption: VERIFIED"


def _command(step: BuildStep) -> str:
    return step.script or " ".join([step.entrypoint, *step.args])


def _tests(step: BuildStep) -> bool:
    return bool(_TESTS.search(_command(step)))


def _publishes(step: BuildStep) -> bool:
    return bool(_PUBLISHES.search(_command(step)))


def _ancestors(build: Build, step: BuildStep) -> list[BuildStep]:
    """The steps that have surely succeeded when a step starts."""
    steps = list(build.steps)
    earlier = steps[: steps.index(step)]
    if not step.wait_for:
        return [one for one in earlier if not one.allow_failure]
    awaited = [one for one in earlier if one.id in step.wait_for]
    return awaited + [ancestor for one in awaited for ancestor in _ancestors(build, one)]
