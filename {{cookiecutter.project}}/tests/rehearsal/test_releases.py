"""Releases under live traffic: a good version is promoted, bad ones end on their first step."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
import yaml

from tests.rehearsal.conftest import ROOT, Rehearsal, succeed

BAD = {"errors": "errors", "latency": "slow", "quality": "wrong"}  # play: guardrail
FAULTS = (
    ("EndpointService", "UndeployModel", "UNAVAILABLE"),
    ("MetricService", "ListTimeSeries", "INTERNAL"),
)


@pytest.fixture(scope="module")
def played(rehearsal: Rehearsal) -> str:
    """What `make rehearse` prints, while calls of the controller fail now and then."""
    for service, method, error in FAULTS:
        rule = ("--service", service, "--method", method, "--error", error, "--count", "2")
        succeed(rehearsal.localcloud("faults", "add", *rule))
    script = "infra/rehearsal/rehearse.py"
    try:
        return succeed(rehearsal.localcloud("run", "--", sys.executable, script))
    finally:
        succeed(rehearsal.localcloud("faults", "clear"))


def test_a_good_version_is_promoted(played: str) -> None:
    assert re.search(r"^a good version: promoted \(as expected\).*no harm in", played, re.M)


@pytest.mark.parametrize("bad", BAD)
def test_a_bad_version_is_rolled_back_within_its_first_step(played: str, bad: str) -> None:
    line = re.search(rf"^{bad}: .*$", played, re.M)
    assert line
    assert "rolled-back (as expected)" in line[0]
    assert "with 5 % of the traffic at most" in line[0]
    assert re.search(rf"; {BAD[bad]}: the canary errs more than", line[0])


def test_the_page_shows_traffic_evidence_and_decisions(played: str) -> None:
    page = (ROOT / "build/rehearsal/releases.html").read_text(encoding="utf-8")
    assert page.count("<section>") == 1 + len(BAD)
    for shown in ("Traffic of the canary", "Evidence of harm", "promote</td>", "roll back</td>"):
        assert shown in page
    for percent in (5, 25, 50, 100):
        assert f"{percent} %" in page


def test_a_release_is_begun_looked_at_and_aborted(played: str, rehearsal: Rehearsal) -> None:
    name = re.search(r"Endpoint and model: (\S+)", played)
    assert name
    set_name(rehearsal.config / "base.yaml", name[1])
    try:
        assert "version 3 has begun" in succeed(rehearsal.mlops("release", "start", "3"))
        refused = rehearsal.mlops("release", "start", "4")
        assert refused.returncode == 1
        assert "Version 3 is being released (deploying)" in refused.stderr
        told = succeed(rehearsal.mlops("release", "abort"))
        swap_metrics(rehearsal, name[1])
        swapped = rehearsal.mlops("release", "promote", "3")
    finally:
        set_name(rehearsal.config / "base.yaml", None)
    assert re.search(r"version 2 \(champion\)  100 % of the traffic", told)
    assert re.search(r"reverting .*asked for by `mlops release abort`", told)
    assert re.search(r"aborted .*the canary is undeployed", told)
    assert re.search(r"^monitoring: \w+, 1 deployed model\(s\)", told, re.M)  # what is left of it
    assert swapped.returncode == 1
    assert "Version 3 gets no alias: its recorded metrics are not those of gs://" in swapped.stderr


def swap_metrics(rehearsal: Rehearsal, name: str) -> None:
    """Writes other metrics into the evaluation of the model that fails."""
    folder = rehearsal.folder / "state/storage"
    (path,) = folder.glob(f"*/rehearsal/{name}/errors-*/evaluation.json")
    evaluation = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**evaluation, "metrics": {"accuracy": 0.99}}), encoding="utf-8")


def set_name(base: Path, name: str | None) -> None:
    """Points the commands at another endpoint and model; None: at the project's own."""
    original = yaml.safe_load((ROOT / "config/base.yaml").read_text(encoding="utf-8"))["name"]
    settings = yaml.safe_load(base.read_text(encoding="utf-8"))
    base.write_text(yaml.safe_dump({**settings, "name": name or original}), encoding="utf-8")
