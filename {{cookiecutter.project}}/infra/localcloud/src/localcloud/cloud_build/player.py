"""Play the steps of a build on this machine, in the order of the file.

What a step runs in is what `infra/cloud_build.yaml` names for its builder image, or the
environment of one of the project's own images. A step that has nothing of the kind ends the build;
one whose builder is declared missing is left out and named. Not played: accounts, machine types,
the push of `images` and their provenance.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from google.api_core.exceptions import GoogleAPICallError
from google.cloud.devtools.cloudbuild_v1.types import Build, BuildStep

from localcloud.cloud_build.build_file import BuildFileError
from localcloud.cloud_build.local_builds import Builder, LocalBuilds
from localcloud.cloud_build.state import BuildsFolder, StepResult
from localcloud.cloud_build.substitutions import BUILT_IN, expand, resolve
from localcloud.environment import container_environment, run_environment
from localcloud.home import Home
from localcloud.images import Images
from localcloud.processes import image_environment
from localcloud.virtual_environment import default_folder

WORKSPACE = "/workspace"
_INHERITED = ("HOME", "LANG", "LC_ALL", "LOGNAME", "PATH", "SHELL", "TERM", "TMPDIR", "TZ", "USER")
_INHERITED_GROUPS = ("PIP_", "PYENV_", "UV_", "XDG_")

Write = Callable[[str], None]


@dataclass(frozen=True)
class Player:
    """Plays builds in a workspace, against a localcloud that runs."""

    home: Home
    port: int
    local: LocalBuilds
    write: Write

    @property
    def workspace(self) -> Path:
        """The folder that stands for /workspace."""
        return BuildsFolder(self.home).workspace

    def play(
        self, build: Build, given: Mapping[str, str], missing: Mapping[str, str]
    ) -> Iterator[StepResult]:
        """Run the steps one after another, up to the first that fails.

        Args:
            build: a build without mistakes.
            given: values of substitutions, built-in ones among them.
            missing: why steps, by their ids, are left out.

        Raises:
            BuildFileError: nothing stands for the builder of a step.
        """
        values = dict.fromkeys(BUILT_IN, "") | resolve(build, given)
        for number, step in enumerate(build.steps, start=1):
            self.write(f"Step {number} of {len(build.steps)}: {step.id}")
            result = self._play_step(build, step, values, missing.get(step.id, ""))
            yield result
            if result.failed:
                return

    def _play_step(
        self, build: Build, step: BuildStep, values: Mapping[str, str], missing: str
    ) -> StepResult:
        image = expand(step.name, values)
        builder = self.local.builder(image) or Builder()
        if missing := missing or builder.missing:
            self.write(f"  not run here: {missing}")
            return StepResult(step.id, "NOT RUN HERE", note=missing)
        environment = self._environment(image, step.id)
        entries = [*build.options.env, *step.env]
        environment |= dict(self._local(expand(entry, values)).split("=", 1) for entry in entries)
        environment |= {name: _secret(step, name) for name in step.secret_env}
        if step.automap_substitutions or build.options.automap_substitutions:
            environment |= values
        with tempfile.TemporaryDirectory() as folder:
            command = self._command(step, builder.entrypoint, values, Path(folder))
            command = [*self._wrapper(builder), *command]
            return self._run(step, command, environment, self.workspace / expand(step.dir_, values))

    def _environment(self, image: str, step: str) -> dict[str, str]:
        """The variables of a container of this image, whose programs are this machine's."""
        builder = self.local.builder(image)
        inherited = {
            name: value
            for name, value in run_environment(self.home, self.port).items()
            if name in _INHERITED or name.startswith(_INHERITED_GROUPS)
        }
        cloud = container_environment(self.home, self.port)
        if builder is None:
            return inherited | self._image_environment(image, step, cloud)
        if builder.stand_in:
            folder = _stand_in(builder.stand_in, BuildsFolder(self.home).programs)
            inherited["PATH"] = f"{folder}{os.pathsep}{inherited['PATH']}"
        return inherited | cloud

    def _image_environment(self, image: str, step: str, cloud: dict[str, str]) -> dict[str, str]:
        images = Images(self.workspace / "infra/images", self.workspace, default_folder())
        try:
            return image_environment(images.resolve(image), cloud)
        except GoogleAPICallError:
            raise BuildFileError(
                f"Step {step} runs in {image}, for which infra/cloud_build.yaml names nothing here;"
                " add it to builders."
            ) from None

    def _command(
        self, step: BuildStep, entrypoint: str, values: Mapping[str, str], folder: Path
    ) -> list[str]:
        if step.script:
            script = folder / "script"
            head = "" if step.script.startswith("#!") else "#!/bin/sh\nset -e\n"
            script.write_text(head + self._local(step.script))
            script.chmod(0o700)
            return [str(script)]
        first = expand(step.entrypoint, values) or entrypoint
        words = [*([first] if first else []), *(expand(word, values) for word in step.args)]
        return [self._local(word) for word in words]

    def _wrapper(self, builder: Builder) -> list[str]:
        program, *arguments = builder.wrapper or ("",)
        path = str(self.workspace / program) if "/" in program else program
        return [path, *arguments] if program else []

    def _local(self, text: str) -> str:
        return text.replace(WORKSPACE, str(self.workspace))

    def _run(
        self, step: BuildStep, command: list[str], environment: dict[str, str], folder: Path
    ) -> StepResult:
        began = time.monotonic()
        limit = step.timeout.total_seconds() or None if step.timeout else None
        try:
            code = _run(command, environment, folder, limit)
        except subprocess.TimeoutExpired:
            return StepResult(step.id, "TIMEOUT", time.monotonic() - began)
        except OSError as error:
            self.write(f"  {command[0]} cannot be run here: {error.strerror}")
            code = 127
        seconds = time.monotonic() - began
        if code == 0:
            return StepResult(step.id, "SUCCESS", seconds)
        self.write(f"  it ended with code {code}")
        allowed = step.allow_failure or code in step.allow_exit_codes
        return StepResult(step.id, "ALLOWED FAILURE" if allowed else "FAILURE", seconds)


def _run(command: list[str], environment: dict[str, str], folder: Path, limit: float | None) -> int:
    """Run a command to its end, or to the end of its time; what it started ends with it."""
    sys.stdout.flush()
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, start_new_session=True
    )
    try:
        return process.wait(limit)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _secret(step: BuildStep, name: str) -> str:
    if name not in os.environ:
        raise BuildFileError(f"Step {step.id} needs the secret {name}; set it as a variable here.")
    return os.environ[name]


def _stand_in(name: str, programs: Path) -> Path:
    """The folder of the program that takes the place of another one of that name."""
    folder = programs / name
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    program = folder / name
    module = f"localcloud.cloud_build.stand_ins.{name}"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m {module} "$@"\n')
    program.chmod(0o700)
    return folder
