"""A repository whose pushes start builds, as a connected one does in Cloud Build."""

from __future__ import annotations

import fcntl
import shlex
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from localcloud import control
from localcloud.cloud_build import lint
from localcloud.cloud_build.build_file import BuildFileError, read_build
from localcloud.cloud_build.local_builds import LocalBuilds, Trigger, read_local_builds
from localcloud.cloud_build.player import Player, Write
from localcloud.cloud_build.state import BuildRecord, BuildsFolder
from localcloud.cloud_build.substitutions import expand
from localcloud.cloud_build.workspace import check_out, git
from localcloud.environment import run_environment
from localcloud.home import Home

_GONE = "0" * 40
_BRANCH = "refs/heads/"


def create_remote(home: Home, project: str, location: str) -> Path:
    """Make the bare repository, and say in which project and region its builds run."""
    control.create_home(home)
    folder = BuildsFolder(home)
    if not folder.repository.exists():
        folder.root.mkdir(mode=0o700, exist_ok=True)
        git("init", "--quiet", "--bare", str(folder.repository), folder=folder.root)
    hook = folder.repository / "hooks" / "post-receive"
    command = shlex.join([sys.executable, "-m", "localcloud", "builds", "receive"])
    hook.write_text(f"#!/bin/sh\nLOCALCLOUD_HOME={shlex.quote(str(home.root))} exec {command}\n")
    hook.chmod(0o700)
    folder.write("project", {"PROJECT_ID": project, "LOCATION": location})
    return folder.repository


def receive(home: Home, updates: str, write: Write) -> list[BuildRecord]:
    """Play what a push triggers; `updates` are git's lines of old commit, new commit and ref."""
    records: list[BuildRecord] = []
    with _alone(BuildsFolder(home)):
        for line in updates.splitlines():
            _, commit, ref = line.split()
            if ref.startswith(_BRANCH) and commit != _GONE:
                records += _Push(home, commit, ref.removeprefix(_BRANCH), write).play()
    BuildsFolder(home).keep(records)
    return records


@contextmanager
def _alone(folder: BuildsFolder) -> Iterator[None]:
    """Holds the workspace, which builds share."""
    with (folder.root / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BuildFileError("A build is being played; push again when it has ended.") from None
        yield


class _Push:
    """One branch that was moved to a commit."""

    def __init__(self, home: Home, commit: str, branch: str, write: Write) -> None:
        self._home = home
        self._folder = BuildsFolder(home)
        self._commit = commit
        self._branch = branch
        self._write = write

    def play(self) -> list[BuildRecord]:
        """Play the triggered builds, and those that they start themselves."""
        check_out(self._folder.repository, self._commit, self._folder.workspace)
        local = read_local_builds(self._folder.workspace)
        self._folder.write("queue", [])
        waiting: list[tuple[str, dict[str, str]]] = [
            (name, {}) for name in local.triggered(self._branch)
        ]
        if not waiting:
            self._write(f"A push to {self._branch} triggers no build.")
            return []
        player = Player(self._home, self._start(local), local, self._write)
        records = []
        while waiting:
            name, given = waiting.pop(0)
            record = self._play(player, name, given)
            records.append(record)
            for told in record.lines():
                self._write(told)
            waiting += [] if record.failed else self._take_queue()
        return records

    def _play(self, player: Player, name: str, given: Mapping[str, str]) -> BuildRecord:
        record = BuildRecord(name, self._commit)
        try:
            trigger = _find(player.local, name)
            self._write(f"Trigger {name}: {trigger.config}")
            build = read_build(player.workspace / trigger.config)
            found = lint.mistakes(build)
            if found:
                raise BuildFileError(f"{trigger.config}: {'; '.join(found)}.")
            if unknown := trigger.unknown_steps(build):
                raise BuildFileError(f"{trigger.config} has no step {', '.join(unknown)}.")
            values = self._values(name, trigger, given)
            for step in player.play(build, values, trigger.missing):
                record.steps.append(step)
        except BuildFileError as error:
            return replace(record, error=str(error))
        return record

    def _values(self, name: str, trigger: Trigger, given: Mapping[str, str]) -> dict[str, str]:
        project = self._folder.read("project") or {}
        return {
            **project,
            "PROJECT_NUMBER": "1",
            "BUILD_ID": str(uuid.uuid4()),
            "COMMIT_SHA": self._commit,
            "REVISION_ID": self._commit,
            "SHORT_SHA": self._commit[:7],
            "BRANCH_NAME": self._branch,
            "REF_NAME": self._branch,
            "REPO_NAME": "local",
            "TRIGGER_NAME": name,
            "TRIGGER_BUILD_CONFIG_PATH": str(trigger.config),
            **trigger.substitutions,
            **given,
        }

    def _start(self, local: LocalBuilds) -> int:
        """The port of a localcloud that runs the pushed commit's images, with what it needs."""
        workspace = self._folder.workspace
        images = workspace / "infra/images"
        state = control.start(
            self._home, images if images.is_dir() else None, workspace.absolute(), port=None
        )
        done = self._folder.read("provisioned") or []
        for arguments in self._preparations(local):
            if arguments not in done:
                self._prepare(arguments, state.port)
                done.append(arguments)
                self._folder.write("provisioned", done)
        return state.port

    def _preparations(self, local: LocalBuilds) -> Iterator[list[str]]:
        """What makes all that a cloud project has before its first build."""
        project = self._folder.read("project") or {}
        create = ["-m", "localcloud.cloud_build.stand_ins.gcloud", "storage", "buckets", "create"]
        for bucket in local.buckets:
            name, owner = expand(bucket, project), project.get("PROJECT_ID", "")
            yield [*create, f"gs://{name}", f"--project={owner}"]
        for preparation in local.provision:
            run = ["-m", "localcloud", "run", "--image", preparation.image, "--"]
            yield [*run, *preparation.command]

    def _prepare(self, arguments: list[str], port: int) -> None:
        self._write(f"Once: {' '.join(arguments[1:])}")
        environment = run_environment(self._home, port)
        command = [sys.executable, *arguments]
        done = subprocess.run(command, cwd=self._folder.workspace, env=environment, check=False)
        if done.returncode:
            raise BuildFileError(f"{' '.join(arguments)} ended with code {done.returncode}.")

    def _take_queue(self) -> list[tuple[str, dict[str, str]]]:
        queued = self._folder.read("queue") or []
        self._folder.write("queue", [])
        return [(name, given) for name, given in queued]


def _find(local: LocalBuilds, name: str) -> Trigger:
    if name not in local.triggers:
        raise BuildFileError(
            f"No trigger is named {name}: infra/cloud_build.yaml has {', '.join(local.triggers)}."
        )
    return local.triggers[name]


def run_trigger(home: Home, name: str, given: Mapping[str, str]) -> None:
    """Have a trigger played when the build that asks for it has ended.

    Raises:
        BuildFileError: there is no such trigger.
    """
    folder = BuildsFolder(home)
    _find(read_local_builds(folder.workspace), name)
    folder.write("queue", [*(folder.read("queue") or []), [name, dict(given)]])
