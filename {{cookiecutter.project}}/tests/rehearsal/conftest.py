"""A local Vertex AI of the tests' own, on which the commands of this repository run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
HAS_TERRAFORM = (ROOT / "terraform").is_dir() and shutil.which("terraform") is not None

Done = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class Rehearsal:
    """Runs commands as a user does, on its own state folder and copy of the settings."""

    folder: Path
    settings: str = "config"

    @property
    def config(self) -> Path:
        return self.folder / self.settings

    def mlops(self, *arguments: str) -> Done:
        return self.localcloud("run", "--", str(BIN / "mlops"), *arguments)

    def train(self) -> Done:
        return self.mlops("pipelines", "run", "training")

    def provide_infrastructure(self) -> Done:
        command = [str(BIN / "terraform-google"), "apply", "terraform/environments/dev"]
        state = str(self.folder / "state/terraform")
        return self.localcloud("run", "--", *command, "--state", state)

    def load_trips(self, *arguments: str) -> Done:
        script = str(ROOT / "infra/sample/taxi_trips.py")
        return self.localcloud("run", "--image", "ml", "--", "python", script, *arguments)

    def localcloud(self, *arguments: str) -> Done:
        own = {
            "LOCALCLOUD_HOME": str(self.folder / "state"),
            "MLOPS_CONFIG": str(self.config),
            "MLOPS_ENVIRONMENT": "local",
            "LOCALCLOUD_AUTOML_SECONDS": "4",
        }
        return subprocess.run(
            [str(BIN / "localcloud"), *arguments],
            cwd=ROOT,
            env={**os.environ, **own},
            capture_output=True,
            text=True,
            check=False,
        )

    def change_settings(self, section: str, **values: Any) -> None:
        """Set keys of a section of local.yaml."""
        path = self.config / "local.yaml"
        settings = yaml.safe_load(path.read_text(encoding="utf-8"))
        settings[section] = {**settings.get(section, {}), **values}
        path.write_text(yaml.safe_dump(settings), encoding="utf-8")


@pytest.fixture(scope="session")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """A localcloud with the sample's trips in its BigQuery and Terraform's dev environment.

    Without a terraform, `mlops` makes the bucket and the endpoint as it goes.
    """
    folder = tmp_path_factory.mktemp("rehearsal")
    shutil.copytree(ROOT / "config", folder / "config")
    started = Rehearsal(folder)
    try:
        succeed(started.localcloud("up"))
        if HAS_TERRAFORM:
            succeed(started.provide_infrastructure())
        succeed(started.load_trips())
        yield started
    finally:
        started.localcloud("down")


def succeed(done: Done) -> str:
    """The output of a command that must succeed."""
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
