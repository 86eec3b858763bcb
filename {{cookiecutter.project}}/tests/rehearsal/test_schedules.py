"""Declared schedules become Vertex AI's, and start pipelines by the clock."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.rehearsal.conftest import Rehearsal, succeed

NIGHTLY = {"pipeline": "training", "cron": "0 4 * * *", "time_zone": "America/Chicago"}
# moves the clock by a day, and waits for the job that the schedule starts
STARTED = """
import subprocess, sys, time
from google.cloud import aiplatform
from mlops.settings import load_settings

settings = load_settings()
aiplatform.init(project=settings.project, location=settings.location)
(schedule,) = aiplatform.PipelineJobSchedule.list(filter=f'display_name="{settings.name}/nightly"')
subprocess.run([sys.argv[1], "clock", "advance", "24h"], check=True, stdout=subprocess.DEVNULL)
deadline = time.monotonic() + 60
while not (jobs := schedule.list_jobs()) and time.monotonic() < deadline:
    time.sleep(0.2)
jobs[0].cancel()
print(len(jobs), jobs[0].display_name)
"""


@pytest.fixture(scope="module")
def settings_file(rehearsal: Rehearsal) -> Iterator[str]:
    """The settings without a nightly schedule, which come back in the end."""
    local = rehearsal.config / "local.yaml"
    before = local.read_text(encoding="utf-8")
    yield before
    succeed(rehearsal.localcloud("clock", "reset"))
    local.write_text(before, encoding="utf-8")


def schedule(rehearsal: Rehearsal, **declared: dict[str, Any]) -> str:
    rehearsal.change_settings("schedules", **declared)
    return succeed(rehearsal.mlops("pipelines", "schedule"))


def test_schedules_follow_their_declaration(rehearsal: Rehearsal, settings_file: str) -> None:
    first = schedule(rehearsal, nightly=NIGHTLY)
    assert "weekly-training: created, paused" in first
    assert "nightly: created, next run" in first
    again = schedule(rehearsal)
    assert "weekly-training: unchanged, paused" in again
    assert "nightly: unchanged, next run" in again

    script = [sys.executable, "-c", STARTED, sys.executable.replace("python", "localcloud")]
    started = succeed(rehearsal.localcloud("run", "--", *script))
    assert re.fullmatch(r"1 \S+-training", started.splitlines()[-1])

    changed = schedule(rehearsal, nightly={**NIGHTLY, "cron": "30 4 * * *"})
    assert "nightly: updated, next run" in changed
    assert ":30 UTC" in changed
    local = rehearsal.config / "local.yaml"
    local.write_text(settings_file, encoding="utf-8")
    undeclared = succeed(rehearsal.mlops("pipelines", "schedule"))
    assert "nightly: paused, as config/ no longer declares it" in undeclared
