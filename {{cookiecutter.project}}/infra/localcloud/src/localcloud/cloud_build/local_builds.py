"""How builds run on this machine: what triggers play, and what stands for each builder image.

A project says so in `infra/cloud_build.yaml`:

    buckets: ["${PROJECT_ID}-mlops"]    # these two once: what a cloud project has already
    provision:
      - {image: ml, command: [python, infra/sample/load.py]}
    triggers:
      main: {config: cloudbuild.yaml, branch: main}
      deploy-dev:
        config: cloudbuild/deploy.yaml
        substitutions: {_ENVIRONMENT: local}
        missing: {notify: nobody is to be told of a rehearsal}
    builders:
      python: {}                                              # the programs of this machine
      gcr.io/cloud-builders/docker: {entrypoint: docker, stand_in: docker}
      hashicorp/terraform: {wrapper: [.venv/bin/terraform-google, run, --]}
      example/scanner: {missing: it is not installed here}
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import yaml
from google.cloud.devtools.cloudbuild_v1.types import Build
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from localcloud.cloud_build.build_file import BuildFileError, read_build
from localcloud.cloud_build.substitutions import BUILT_IN, expand, resolve

FILE = Path("infra/cloud_build.yaml")
_REFERENCE = re.compile(r"(?P<name>[^@]*?)(?::[^/:@]+)?(?:@.*)?")

Text = Annotated[str, StringConstraints(min_length=1)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Preparation(_Part):
    """A command that runs once, in the environment of an image, before the first build."""

    image: Text
    command: tuple[Text, ...]


class Trigger(_Part):
    """A build file to play.

    Attributes:
        config: the build file.
        branch: a regular expression of the pushes that start it.
        substitutions: values in place of the file's own.
        missing: why a step, by its id, cannot run here; it is left out, and named.
    """

    config: Path
    branch: str = ""
    substitutions: dict[str, str] = {}
    missing: dict[str, Text] = {}

    def unknown_steps(self, build: Build) -> list[str]:
        """The ids in `missing` that no step of the build file has."""
        return sorted(self.missing.keys() - {step.id for step in build.steps})


class Builder(_Part):
    """What stands for a builder image here.

    Attributes:
        entrypoint: the program that the image starts, if it starts one.
        stand_in: the program of localcloud's own that takes the place of the image's, if any.
        wrapper: a command, of the workspace or this machine, that is given the step's command.
        missing: why steps of this builder cannot run here; they are left out, and named.
    """

    entrypoint: str = ""
    stand_in: Annotated[str, Field(pattern="^(docker|gcloud)?$")] = ""
    wrapper: tuple[Text, ...] = ()
    missing: str = ""


class LocalBuilds(_Part):
    """All that `infra/cloud_build.yaml` says."""

    buckets: tuple[Text, ...] = ()
    provision: tuple[Preparation, ...] = ()
    triggers: dict[str, Trigger]
    builders: dict[str, Builder]

    def triggered(self, branch: str) -> dict[str, Trigger]:
        """The triggers that a push to a branch starts, by name."""
        return {
            name: trigger
            for name, trigger in self.triggers.items()
            if trigger.branch and re.fullmatch(trigger.branch, branch)
        }

    def builder(self, image: str) -> Builder | None:
        """What stands for an image, whatever its tag and digest; None when nothing is said."""
        match = _REFERENCE.fullmatch(image)
        return self.builders.get(match["name"]) if match else None

    def mistakes(self, root: Path) -> Iterator[str]:
        """One sentence for each trigger or step that could not be played, in a project's folder."""
        for name, trigger in self.triggers.items():
            try:
                build = read_build(root / trigger.config)
            except BuildFileError as error:
                yield f"trigger {name}: {error}"
                continue
            for step in trigger.unknown_steps(build):
                yield f"trigger {name} leaves out {step}, which is no step of {trigger.config}."
            values = resolve(build, dict.fromkeys(BUILT_IN, "x") | trigger.substitutions)
            for step in build.steps:
                image = expand(step.name, values)
                folder = root / "infra/images" / image.rpartition("/")[2].partition(":")[0]
                if self.builder(image) is None and not (folder / "Dockerfile").is_file():
                    where = f"step {step.id} in {trigger.config}"
                    yield f"builders has nothing for {image}, of {where}."


def read_local_builds(root: Path) -> LocalBuilds:
    """What a project says of builds on this machine.

    Raises:
        BuildFileError: the file is missing, or holds what it may not.
    """
    path = root / FILE
    try:
        return LocalBuilds.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise BuildFileError(f"{FILE} is missing: it says how builds run here.") from None
    except yaml.YAMLError as error:
        raise BuildFileError(f"{FILE}: {' '.join(str(error).split())}.") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "it"
        raise BuildFileError(f"{FILE}: {where}: {first['msg']}.") from None
