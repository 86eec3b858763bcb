"""Monitoring of the champion: trips that became longer are found, and a new model is asked for."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator

import pytest

from tests.rehearsal.conftest import ROOT, Rehearsal, succeed

# Three days of requests, each with its window of monitoring: the trips of the second and third are
# longer than any before. Of the first all predictions turn out to be right, of the others none.
DAYS = """
import json, subprocess, sys, time
from statistics import median
from google.cloud import aiplatform, bigquery
from mlops.cli import app
from mlops.errors import UserError
from mlops.monitoring.job import apply_monitoring, find_job, job_client
from mlops.monitoring.status import read_status
from mlops.release.deployment import find_endpoint
from mlops.release.prediction import read_rows, read_score
from mlops.session import connect
from mlops.settings import load_settings

settings = load_settings()
connect(settings)
queries = bigquery.Client(project=settings.project)
endpoint = find_endpoint(settings.name)
jobs = job_client(settings.location)
is_classified = settings.features.problem == "classification"
rows = read_rows(queries, settings.features, 300)
inputs = [{column.name: row[column.name] for column in settings.features.inputs} for row in rows]
outcomes = []

app(["monitor", "apply"], standalone_mode=False)
for day in range(3):
    asked = [{**each, "trip_miles": (each["trip_miles"] or 0) + day * 500} for each in inputs]
    predicted = [read_score(each) for each in endpoint.predict(asked).predictions]
    half = median(predicted)
    for instance, value in zip(asked, predicted):
        right = float(value >= half) if is_classified else value
        wrong = 1 - right if is_classified else value + 100
        known = wrong if day else right
        outcomes.append({"instance": json.dumps(instance), "label": known})
    due = find_job(jobs, endpoint).next_schedule_time
    command = [sys.argv[1], "clock", "advance", "24h"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while find_job(jobs, endpoint).next_schedule_time == due and time.monotonic() < deadline:
        time.sleep(0.1)

table = bigquery.Table(settings.release.labels, [
    bigquery.SchemaField("instance", "STRING"),
    bigquery.SchemaField("label", "FLOAT64"),
    bigquery.SchemaField("labelled_at", "TIMESTAMP"),
])
queries.create_dataset(f"{table.project}.{table.dataset_id}", exists_ok=True)
queries.create_table(table)
asked_at = find_job(jobs, endpoint).next_schedule_time.isoformat()
errors = queries.insert_rows_json(table, [{**each, "labelled_at": asked_at} for each in outcomes])
assert not errors
app(["monitor", "evaluate"], standalone_mode=False)
app(["monitor", "evaluate"], standalone_mode=False)
runs = [job for job in aiplatform.PipelineJob.list() if job.name.startswith("retrain-")]
for job in runs:
    job.cancel()
print("runs", len(runs))
app(["monitor", "status"], standalone_mode=False)
try:
    read_status("elsewhere")
except UserError as error:
    print("refused:", error)
features = settings.features
unbound = {"drift_threshold": None, "skew_threshold": None}
columns = tuple(each.model_copy(update=unbound) for each in features.columns)
bare = features.model_copy(update={"columns": columns})
on, off = {"enabled": True}, {"enabled": False}
told = {"emails": ("team@example.com", "ops@example.com")}
changes = [(bare, on), (features, on), (features, off), (features, on)]
for declared, change in (*changes, (features, told), (features, told)):
    monitoring = settings.monitoring.model_copy(update=change)
    for line in apply_monitoring(settings.name, declared, monitoring, settings.bucket):
        print(line, find_job(jobs, endpoint).state.name)
"""


@pytest.fixture(scope="module")
def watched(rehearsal: Rehearsal) -> Iterator[str]:
    """What the commands say after three days; settings and clock come back in the end."""
    local = rehearsal.config / "local.yaml"
    before = local.read_text(encoding="utf-8")
    rehearsal.change_settings("monitoring", retrain={"windows": 2})
    rehearsal.change_settings("release", labels="vertex-outcomes.monitoring.labels")
    script = [sys.executable, "-c", DAYS, sys.executable.replace("python", "localcloud")]
    try:
        yield succeed(rehearsal.localcloud("run", "--", *script))
    finally:
        succeed(rehearsal.localcloud("clock", "reset"))
        local.write_text(before, encoding="utf-8")


def test_the_job_follows_the_deployment_by_itself(watched: str) -> None:
    assert watched.startswith("monitoring: unchanged, 1 deployed model(s), each 24 h\n")


def test_the_input_that_moved_is_found_and_no_other(watched: str) -> None:
    found = re.findall(r"version \d+  (skew|drift) +(\w+) +distance (\S+) .*ANOMALY", watched)
    assert [(objective, name) for objective, name, _ in found] == [
        ("skew", "trip_miles"),
        ("drift", "trip_miles"),
    ]
    assert re.search(r"drift  company +distance 0\.0000  threshold 0\.1$", watched, re.M)


def test_predictions_are_measured_once_their_labels_are_known(watched: str) -> None:
    pattern = r"; (\w+) (\d+\.0000) \(bound ([^)]+)\); 3\d\d labels; anomalies: (\w+)"
    windows = re.findall(pattern, watched)
    right, wrong = {"auc": ("1", "0"), "mean_absolute_error": ("0", "100")}[windows[0][0]]
    verdicts = [(value, bound.endswith(", bad"), found) for _, value, bound, found in windows]
    days = [(f"{right}.0000", False, "none"), *2 * [(f"{wrong}.0000", True, "trip_miles")]]
    assert verdicts == 2 * days  # of two evaluations


def test_a_new_model_is_asked_for_once(watched: str) -> None:
    assert re.search(r"a new model is asked for: \w+ was \w+ \S+ in 2 windows in a row", watched)
    assert "a new model was asked for already" in watched
    assert "runs 1\n" in watched


def test_the_page_draws_each_window_beside_its_threshold(watched: str) -> None:
    page = (ROOT / "build/monitoring/monitoring.html").read_text(encoding="utf-8")
    assert "anomalies of trip_miles" in page
    assert page.count("<svg") == 4
    assert page.count('class="even"') == 4


def test_what_is_declared_otherwise_is_paused_resumed_or_updated(watched: str) -> None:
    unbound, again, paused, *others = watched.splitlines()[-6:]
    assert unbound.startswith("monitoring: paused, as no input has a drift_threshold or a skew_")
    assert paused.startswith("monitoring: paused, as monitoring.enabled is false in config/")
    assert all(line.endswith("JOB_STATE_PAUSED") for line in (unbound, paused))
    changes = [re.split(r"[ ,]+", line)[1] for line in (again, *others)]
    assert changes == ["resumed", "resumed", "updated", "unchanged"]
    assert all(line.endswith("JOB_STATE_RUNNING") for line in (again, *others))


def test_an_endpoint_that_is_not_there_is_named(watched: str) -> None:
    assert "refused: No endpoint is named elsewhere: run the training pipeline first." in watched
