"""A search for hyperparameters, from the settings to the trained model."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.rehearsal.conftest import Rehearsal, succeed
from tests.rehearsal.test_life_of_a_model import states

UNITS = ([4], [8, 4])
# prints what the newest run's model was trained with, and the steps that it was made by
TRAINED_WITH = """
import json
from google.cloud import aiplatform
from mlops.registry.lineage import trace
from mlops.settings import load_settings

settings = load_settings()
aiplatform.init(project=settings.project, location=settings.location)
(job,) = aiplatform.PipelineJob.list(order_by="create_time desc")[:1]
(task,) = [each for each in job.task_details if each.task_name == "train-model-2"]
execution = type(task.execution).to_dict(task.execution)
steps = [each.step for each in trace(task.outputs["model"].artifacts[0].uri)]
print(json.dumps([execution["metadata"]["input:training"], steps]))
"""


@pytest.fixture(scope="module")
def tuned(rehearsal: Rehearsal) -> Iterator[str]:
    """What a run that tunes says."""
    local = rehearsal.config / "local.yaml"
    before = local.read_text(encoding="utf-8")
    rehearsal.change_settings("training", epochs=1)
    rehearsal.change_settings(
        "tuning",
        max_trial_count=2,
        parameters=[
            {"name": "learning_rate", "min": 0.001, "max": 0.01, "scale": "log"},
            {"name": "hidden_units", "values": list(UNITS)},
        ],
    )
    yield succeed(rehearsal.train())
    local.write_text(before, encoding="utf-8")


def read_search(rehearsal: Rehearsal, output: str) -> dict[str, Any]:
    """All trials, next to the page that a run names."""
    page = re.search(r"all trials: gs://(\S+)/tuning\.md", output)
    assert page
    folder = rehearsal.folder / "state/storage" / page[1]
    assert (folder / "tuning.md").is_file()
    found: dict[str, Any] = json.loads((folder / "tuning.json").read_text())
    return found


def test_each_trial_is_measured_and_the_best_is_told(rehearsal: Rehearsal, tuned: str) -> None:
    found = read_search(rehearsal, tuned)
    assert [trial["state"] for trial in found["trials"]] == ["SUCCEEDED", "SUCCEEDED"]
    for trial in found["trials"]:
        assert 0.001 <= trial["hyperparameters"]["learning_rate"] <= 0.01
        assert trial["hyperparameters"]["hidden_units"] in UNITS
    assert found["best"]["value"] == min(trial["value"] for trial in found["trials"])
    told = dict(re.findall(r"^  (learning_rate|hidden_units) +(.+)$", tuned, re.M))
    assert {name: yaml.safe_load(value) for name, value in told.items()} == (
        found["best"]["hyperparameters"]
    )


def test_the_best_hyperparameters_train_the_model(rehearsal: Rehearsal, tuned: str) -> None:
    printed = succeed(rehearsal.localcloud("run", "--", sys.executable, "-c", TRAINED_WITH))
    trained_with, steps = json.loads(printed)
    best = read_search(rehearsal, tuned)["best"]["hyperparameters"]
    assert {name: trained_with[name] for name in best} == best
    assert trained_with["epochs"] == 1
    assert steps[0] == "train-model-2"
    assert "tune-model" in steps


def test_a_second_run_takes_the_search_from_the_cache(rehearsal: Rehearsal, tuned: str) -> None:
    output = succeed(rehearsal.train())
    steps = ("tune-model", "train-model-2")
    assert {step: states(output).get(step) for step in steps} == dict.fromkeys(steps, "SKIPPED")
    assert read_search(rehearsal, output) == read_search(rehearsal, tuned)
