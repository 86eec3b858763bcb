"""`mlops reap` on a local Vertex AI: of a model with four versions, and of two endpoints."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
import yaml

from tests.rehearsal.conftest import Rehearsal, succeed

NAME = "reaping"
SETUP = """
from google.cloud import aiplatform, storage
from mlops.registry.models import register_model
from mlops.settings import load_settings

settings = load_settings()
aiplatform.init(project=settings.project, location=settings.location)
image = f"{settings.images.repository}/serving"
labels = {"environment": settings.environment}
for number in range(4):
    register_model(settings.name, f"gs://models/{number}", image, labels, "none")
aiplatform.Endpoint.create(display_name=settings.name)
aiplatform.Endpoint.create(display_name="left over", labels={"application": settings.name})
aiplatform.Endpoint.create(display_name="of others", labels={"application": "another"})
"""
LIST = """
from google.cloud import aiplatform
from mlops.registry.models import find_model, list_versions
from mlops.settings import load_settings

settings = load_settings()
aiplatform.init(project=settings.project, location=settings.location)
versions = [version.version_id for version in list_versions(find_model(settings.name))]
names = {"left over", "of others", settings.name}
print(versions, sorted({each.display_name for each in aiplatform.Endpoint.list()} & names))
"""
OPTIONS = ("--keep", "1", "--idle-days", "0.000001")


@pytest.fixture(scope="module")
def renamed(rehearsal: Rehearsal, tmp_path_factory: pytest.TempPathFactory) -> Rehearsal:
    """The same local Vertex AI, for a product of another name."""
    folder: Path = tmp_path_factory.mktemp("reaping")
    shutil.copytree(rehearsal.config, folder / "config")
    (folder / "state").symlink_to(rehearsal.folder / "state")
    base = yaml.safe_load((folder / "config/base.yaml").read_text())
    (folder / "config/base.yaml").write_text(yaml.safe_dump(base | {"name": NAME}))
    other = Rehearsal(folder)
    succeed(other.localcloud("run", "--", sys.executable, "-c", SETUP))
    return other


def existing(renamed: Rehearsal) -> str:
    output = succeed(renamed.localcloud("run", "--", sys.executable, "-c", LIST))
    return output.splitlines()[-1]  # the SDK announces what it does


def test_reaping_tells_first_and_then_leaves_the_champion_and_what_others_own(
    renamed: Rehearsal,
) -> None:
    everything = "['4', '3', '2', '1'] ['left over', 'of others', 'reaping']"
    told = succeed(renamed.mlops("reap", *OPTIONS))
    assert "remove  endpoint left over: nothing is deployed on it" in told
    assert "keep    endpoint reaping: the endpoint of releases" in told
    assert "of others" not in told
    assert "keep    reaping version 4: is challenger" in told
    assert "remove  reaping version 2: replaced and deployed nowhere" in told
    assert "keep    reaping version 1: is " in told
    assert "Nothing was removed: 3 to remove; add --yes to do it." in told
    assert existing(renamed) == everything
    succeed(renamed.mlops("reap", *OPTIONS, "--yes"))
    assert existing(renamed) == "['4', '1'] ['of others', 'reaping']"
