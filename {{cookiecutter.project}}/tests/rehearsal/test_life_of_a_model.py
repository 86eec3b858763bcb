"""The life of a model on a local Vertex AI. Each test goes on where the one before has ended."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from typing import Any

import pytest

from tests.rehearsal.conftest import Rehearsal, succeed

STEPS = (
    "extract-data",
    "inspect-data",
    "validate-data",
    "transform-data",
    "measure-baselines",
    "train-model",
    "evaluate-model",
)
# how a bad batch is named, and what the report says of it: column and reason
BAD_DATA = [
    ("unknown-category", "payment_type", "Unexpected string values"),
    ("missing-column", "trip_miles", "Column dropped"),
]

EXPERIMENT = """
from google.cloud import aiplatform
from mlops.settings import load_settings

settings = load_settings()
aiplatform.init(project=settings.project, location=settings.location)
runs = aiplatform.get_experiment_df(settings.name)
metric = next(iter(settings.evaluation.thresholds))
runs = runs.rename(columns={f"metric.{metric}": "metric"})
print(runs[["state", "metric"]].to_json(orient="records"))
"""

REQUESTS = """
from datetime import timedelta
from mlops.reaping.inventory import count_requests
from mlops.settings import load_settings

print(sum(count_requests(load_settings().project, timedelta(days=1)).values()))
"""


def states(output: str) -> dict[str, str]:
    """The last state of each step that a run has told of."""
    return dict(re.findall(r"^\d\d:\d\d  (\S+) +([A-Z_]+)", output, re.M))


def read_evaluation(rehearsal: Rehearsal, output: str) -> dict[str, Any]:
    """What the gate of a run has found, next to its page."""
    page = re.search(r"evaluation: gs://(\S+)/evaluation\.html", output)
    assert page
    folder = rehearsal.folder / "state/storage" / page[1]
    assert (folder / "evaluation.html").is_file()
    found: dict[str, Any] = json.loads((folder / "evaluation.json").read_text())
    return found


def test_the_first_model_is_released(rehearsal: Rehearsal) -> None:
    output = succeed(rehearsal.train())
    steps = ("find-data", "check-drift", *STEPS, "find-champion", "register-model", "deploy-model")
    assert states(output) == dict.fromkeys(steps, "SUCCEEDED")
    assert re.search(r"version 1 \(champion\)\n", output)
    assert re.search(r"version 1 \(champion\)  100 % of the traffic", output)
    assert re.search(r"(auc|mean_absolute_error) +\d\.\d{4}", output)
    assert "gs://" in output


def test_it_answers(rehearsal: Rehearsal) -> None:
    output = succeed(rehearsal.mlops("predict", "--rows", "3"))
    assert len(re.findall(r"^ +\d+\.\d{3}  actual [\d.]+  \(version 1\)$", output, re.M)) == 3


def test_what_was_asked_is_counted(rehearsal: Rehearsal) -> None:
    output = succeed(rehearsal.localcloud("run", "--", sys.executable, "-c", REQUESTS))
    assert int(output) >= 3


def test_a_second_run_takes_unchanged_steps_from_the_cache(rehearsal: Rehearsal) -> None:
    output = succeed(rehearsal.train())
    assert {step: states(output)[step] for step in STEPS} == dict.fromkeys(STEPS, "SKIPPED")
    assert output.count("(cached)") >= len(STEPS)
    assert "version 1 (champion)  100 % of the traffic" in output
    assert "version 2" not in output


def test_another_model_is_a_challenger_until_it_is_promoted(rehearsal: Rehearsal) -> None:
    """Though its network is too small to be worth a quantised file, which decides nothing else."""
    rehearsal.change_settings("training", seed=23)
    rehearsal.change_settings("export", tflite={"enabled": True})
    output = succeed(rehearsal.train())
    rehearsal.change_settings("export", tflite={"enabled": False})
    assert states(output)["export-tflite"] == "SUCCEEDED"
    assert "not exported: The quantised file" in output
    assert states(output)["transform-data"] == "SKIPPED"
    assert states(output)["measure-baselines"] == "SKIPPED"
    assert states(output)["train-model"] == "SUCCEEDED"
    assert "version 2 (challenger)" in output
    assert read_evaluation(rehearsal, output)["subject"]["champion_version"] == "1"
    assert "version 1 (champion)  100 % of the traffic" in output
    promoted = succeed(rehearsal.mlops("release", "deliver", "--at-once"))
    assert "version 2 (champion)  100 % of the traffic" in promoted
    assert "version 1" not in promoted
    assert "monitoring: updated, 1 deployed model(s)" in promoted
    assert "has no challenger" in succeed(rehearsal.mlops("release", "deliver", "--at-once"))


def test_a_model_leads_back_to_its_data(rehearsal: Rehearsal) -> None:
    first, second = (succeed(rehearsal.mlops("lineage", version)) for version in ("1", "champion"))
    for lineage in (first, second):
        assert re.search(r"^train-model  model  gs://", lineage, re.M)
        assert "FROM `bigquery-public-data.chicago_taxi_trips.taxi_trips`" in lineage
        assert re.search(r"schema: gs://\S+schema\.pbtxt", lineage)
    hashes = re.findall(r"data_hash: ([0-9a-f]{64})", first + second)
    assert len(hashes) == 2
    assert hashes[0] == hashes[1]
    compared = succeed(rehearsal.mlops("compare", "1", "champion"))
    assert re.search(rf"data hash +{hashes[0][:12]} +{hashes[0][:12]} +the same data", compared)
    assert re.search(r"(auc|mean_absolute_error) +\d\.\d{4} +\d\.\d{4} +[+-]\d\.\d{4}", compared)


def test_runs_are_compared_in_an_experiment(rehearsal: Rehearsal) -> None:
    output = succeed(rehearsal.localcloud("run", "--", sys.executable, "-c", EXPERIMENT))
    runs = json.loads(output)
    assert len(runs) == 3
    assert {run["state"] for run in runs} == {"COMPLETE"}
    assert all(run["metric"] > 0 for run in runs)


def test_a_model_below_a_threshold_is_not_registered(rehearsal: Rehearsal) -> None:
    rehearsal.change_settings("evaluation", thresholds={"example_count": {"min": 1_000_000}})
    output = succeed(rehearsal.train())
    assert "register-model" not in states(output)
    assert re.search(r"not registered, the gate refused it: example_count", output)
    assert "version 2 (champion)  100 % of the traffic" in output


@pytest.mark.parametrize(("corruption", "column", "reason"), BAD_DATA)
def test_bad_data_stops_at_validation(
    rehearsal: Rehearsal, corruption: str, column: str, reason: str
) -> None:
    succeed(rehearsal.load_trips("--corrupt", corruption))
    done = rehearsal.train()
    assert done.returncode == 1
    assert states(done.stdout)["validate-data"] == "FAILED", done.stdout + done.stderr
    assert "validate-data failed" in done.stderr
    assert not any(
        state == "SUCCEEDED"
        for step, state in states(done.stdout).items()
        if step not in {"find-data", "extract-data", "inspect-data", "transform-data"}
    )
    assert re.search(rf"{column} \(\w+\): {reason}", done.stderr), done.stderr
    if corruption == "missing-column":  # what transforms beside it cannot go on either
        assert f"\nThe extract has no {column}: " in done.stderr
    report = re.search(r"gs://(\S+anomalies\.json)", done.stderr)
    assert report
    anomalies = json.loads((rehearsal.folder / "state/storage" / report[1]).read_text())
    assert {anomaly["column"] for anomaly in anomalies} == {column}
    if corruption == "unknown-category":
        proposed = succeed(rehearsal.mlops("data", "schema"))
        assert re.search(r"^\+ +values: \[Cash, .*, Cryptocurrency\]$", proposed, re.M)


def test_the_model_answers_again_after_a_crash(rehearsal: Rehearsal) -> None:
    server = json.loads((rehearsal.folder / "state/server.json").read_text())
    os.kill(server["pid"], signal.SIGKILL)
    succeed(rehearsal.localcloud("up"))
    succeed(rehearsal.load_trips())
    assert "(version 2)" in succeed(rehearsal.mlops("predict"))
