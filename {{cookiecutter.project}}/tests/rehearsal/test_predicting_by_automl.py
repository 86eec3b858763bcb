"""A model of AutoML beside a custom champion: compared, released, asked. It stays the champion."""

from __future__ import annotations

import json
import re

import pytest

from tests.rehearsal.conftest import Rehearsal, succeed
from tests.rehearsal.test_life_of_a_model import read_evaluation, states
from tests.rehearsal.test_predicting_a_table import MAKE, READ, run

ROWS = 300
PARAMETERS = {
    "rivals": ["challenger", "champion"],  # as `trainer: both` gives them
    # Which of the two is better is not this test's matter: that they are measured on the same rows.
    "evaluation": {
        "thresholds": {"example_count": {"min": 50}},
        "champion_change": {"example_count": {"min": 0, "max": 0}},
        "card": {"owner": "o@example.com", "intended_use": "a test", "limits": ["none"]},
    },
}
# Does what the pipeline's steps do, but for validation; prints the version that has predicted.
PREDICT = """
import json, logging, sys
from google.cloud import aiplatform, bigquery
from mlops.batch_prediction.job import predict_rows
from mlops.batch_prediction.publication import publish
from mlops.batch_prediction.selection import select_rows
from mlops.batch_prediction.tables import name_outputs
from mlops.settings import load_settings

logging.disable(logging.INFO)  # the SDK announces each call
settings = load_settings()
aiplatform.init(project=settings.project, location=settings.location)
features = settings.features.model_copy(update={"table": sys.argv[1], "where": None})
client = bigquery.Client(project=settings.project)
dataset, uri = f"{settings.project}.batch_predictions", f"gs://{settings.bucket}/selected-rides"
tables, _ = select_rows(client, features, dataset, uri, max_bad_percent=1, sample_percent=100)
machines, outputs = settings.batch_prediction.machines, name_outputs(dataset)
job = predict_rows(client, settings.name, features, tables.instances, dataset, machines)
publish(client, features, tables.rows, job.predictions, job.errors, job.version, outputs)
print(json.dumps(job.version))
"""


@pytest.fixture(scope="module")
def custom(rehearsal: Rehearsal) -> str:
    """The version of a custom champion."""
    succeed(rehearsal.load_trips())
    if rehearsal.mlops("lineage").returncode:
        succeed(rehearsal.train())
    version = re.search(r"version (\d+) was made of", succeed(rehearsal.mlops("lineage")))
    assert version
    return version[1]


def test_a_model_that_is_not_worse_is_released(rehearsal: Rehearsal, custom: str) -> None:
    options = [f"-p{name}={json.dumps(value)}" for name, value in PARAMETERS.items()]
    output = succeed(rehearsal.mlops("pipelines", "run", "automl", *options))
    assert states(output)["train-automl"] == "SUCCEEDED"
    found = read_evaluation(rehearsal, output)
    assert found["subject"]["champion_version"] == custom
    assert found["explained"]["attributions"]
    version = re.search(r"version (\d+) \(challenger\)", output)
    assert version
    promoted = succeed(rehearsal.mlops("release", "deliver", "--at-once"))
    assert f"version {version[1]} (champion)  100 % of the traffic" in promoted


def test_it_predicts_a_table_as_a_custom_model_does(rehearsal: Rehearsal, custom: str) -> None:
    table, keys = run(rehearsal, MAKE, "rides", ROWS, 1)
    assert run(rehearsal, PREDICT, table) != custom
    predictions, dead_letters, endpoint = run(rehearsal, READ)
    assert sorted(key for key, _ in predictions) == keys[1:-1]
    assert dict(dead_letters) == {
        keys[0]: "trip_seconds is below 0",
        keys[-1]: "trip_miles is above 2000",
    }
    assert len({value for _, value in predictions}) > 1
    for key, answer in endpoint:
        assert dict(predictions)[key] == pytest.approx(answer, abs=1e-5)
