"""Hyperparameter tuning jobs through the unmodified SDK and cloudml-hypertune."""

import time
from typing import Any

import pytest
from google.api_core.exceptions import InvalidArgument
from google.cloud import aiplatform, storage
from google.cloud.aiplatform import hyperparameter_tuning as hpt
from google.cloud.aiplatform_v1.types import JobState, StudySpec, Trial

from tests.jobs.job_client import client, python
from tests.vertex import PARENT, refuses, unique

# Best is x = 0.3 with the second optimiser; what the loss is at each step is reported as well.
TRAIN = """
import argparse, os, hypertune
parser = argparse.ArgumentParser()
parser.add_argument("--x", type=float)
parser.add_argument("--units", type=int)
parser.add_argument("--optimiser")
found = parser.parse_args()
loss = (found.x - 0.3) ** 2 + (found.optimiser != "adam") + 0.01 * found.units
reporter = hypertune.HyperTune()
for step, extra in ((1, 1.0), (2, -5.0), (3, 0.0)):
    reporter.report_hyperparameter_tuning_metric("loss", loss + extra, global_step=step)
"""
SPACE = {
    "x": hpt.DoubleParameterSpec(min=0, max=1, scale="linear"),
    "units": hpt.DiscreteParameterSpec(values=[1, 2, 4], scale="linear"),
    "optimiser": hpt.CategoricalParameterSpec(values=["sgd", "adam"]),
}


def tune(
    source: str = TRAIN,
    space: dict[str, Any] = SPACE,
    goal: str = "minimize",
    **arguments: Any,
) -> aiplatform.HyperparameterTuningJob:
    job = aiplatform.CustomJob(display_name=unique(), worker_pool_specs=[python(source)])
    defaults = {"max_trial_count": 2, "parallel_trial_count": 2}
    tuning = aiplatform.HyperparameterTuningJob(
        display_name=unique(),
        custom_job=job,
        metric_spec={"loss": goal},
        parameter_spec=space,
        **{**defaults, **arguments},
    )
    tuning.run()
    return tuning


def values(trial: Trial) -> dict[str, Any]:
    return {each.parameter_id: each.value for each in trial.parameters}


def final(trial: Trial) -> float:
    [metric] = trial.final_measurement.metrics
    assert metric.metric_id == "loss"
    return float(metric.value)


def test_a_search_finds_what_is_good(bucket: storage.Bucket) -> None:
    tuning = tune(max_trial_count=24, parallel_trial_count=4, measurement_selection="last")
    trials = tuning.trials
    assert [trial.id for trial in trials] == [str(number) for number in range(1, 25)]
    assert {trial.state for trial in trials} == {Trial.State.SUCCEEDED}
    for trial in trials:
        tried = values(trial)
        loss = (tried["x"] - 0.3) ** 2 + (tried["optimiser"] != "adam") + 0.01 * tried["units"]
        assert final(trial) == pytest.approx(loss)
        assert [each.step_count for each in trial.measurements] == [1, 2, 3]
    assert min(map(final, trials)) < 0.06


def test_a_trial_is_a_custom_job_with_its_own_folder(bucket: storage.Bucket) -> None:
    source = (
        TRAIN
        + """
from pathlib import Path
assert os.environ["AIP_MODEL_DIR"].endswith(f"/{os.environ['CLOUD_ML_TRIAL_ID']}/model/")
import json
assert json.loads(os.environ["CLUSTER_SPEC"])["task"]["trial"] == os.environ["CLOUD_ML_TRIAL_ID"]
"""
    )
    for trial in tune(source).trials:
        job = aiplatform.CustomJob.get(trial.custom_job)
        assert job.state == JobState.JOB_STATE_SUCCEEDED
        output = job.job_spec.base_output_directory.output_uri_prefix
        assert output.endswith(f"/{trial.id}")


def test_a_grid_is_tried_once_each(bucket: storage.Bucket) -> None:
    space = {
        "units": hpt.IntegerParameterSpec(min=1, max=2, scale="linear"),
        "optimiser": hpt.CategoricalParameterSpec(
            values=["sgd", "adam"],
            conditional_parameter_spec={
                "x": hpt.DiscreteParameterSpec(
                    values=[0.1, 0.3], scale="linear", parent_values=["adam"]
                )
            },
        ),
    }
    source = TRAIN.replace('"--x", type=float', '"--x", type=float, default=0')
    trials = tune(
        source, space, search_algorithm="grid", max_trial_count=50, parallel_trial_count=3
    ).trials
    tried = [tuple(values(trial).items()) for trial in trials]
    assert len(tried) == len(set(tried)) == 6
    assert {("units", 2), ("optimiser", "adam"), ("x", 0.3)} == set(tried[-1])
    assert {len(each) for each in tried if ("optimiser", "sgd") in each} == {2}


def test_the_best_measurement_counts_if_asked(bucket: storage.Bucket) -> None:
    for trial in tune(search_algorithm="random", measurement_selection="best").trials:
        assert trial.final_measurement.step_count == 2
    for trial in tune(search_algorithm="random", measurement_selection="last").trials:
        assert trial.final_measurement.step_count == 3


def test_scales_say_where_a_search_is_dense(bucket: storage.Bucket) -> None:
    source = """
import hypertune, argparse
parser = argparse.ArgumentParser()
parser.add_argument("--low", type=float), parser.add_argument("--high", type=float)
assert 1 <= parser.parse_args().low <= 10000 and 1 <= parser.parse_args().high <= 10000
hypertune.HyperTune().report_hyperparameter_tuning_metric("loss", 1)
"""
    space = {
        "low": hpt.DoubleParameterSpec(min=1, max=10_000, scale="log"),
        "high": hpt.IntegerParameterSpec(min=1, max=10_000, scale="reverse_log"),
    }
    trials = tune(
        source, space, search_algorithm="random", max_trial_count=16, parallel_trial_count=8
    ).trials
    assert sum(values(trial)["low"] < 1000 for trial in trials) > 8
    assert sum(values(trial)["high"] > 9000 for trial in trials) > 8


def test_a_trial_that_fails_is_infeasible_and_the_others_go_on(bucket: storage.Bucket) -> None:
    source = TRAIN + "\nif os.environ['CLOUD_ML_TRIAL_ID'] == '2': raise SystemExit('no luck')"
    trials = tune(source, max_trial_count=3).trials
    states = [trial.state.name for trial in trials]
    assert states == ["SUCCEEDED", "INFEASIBLE", "SUCCEEDED"]
    assert "no luck" in trials[1].infeasible_reason


def test_too_many_failed_trials_fail_the_job(bucket: storage.Bucket) -> None:
    with pytest.raises(RuntimeError, match=r"(?s)Too many failed trials: 2 of 2.*report it with"):
        tune("pass", max_trial_count=50, parallel_trial_count=1, max_failed_trial_count=2)


def test_a_cancelled_job_cancels_its_trials(bucket: storage.Bucket) -> None:
    job = aiplatform.CustomJob(
        display_name=unique(), worker_pool_specs=[python("import time; time.sleep(60)")]
    )
    tuning = aiplatform.HyperparameterTuningJob(
        display_name=unique(),
        custom_job=job,
        metric_spec={"loss": "minimize"},
        parameter_spec=SPACE,
        max_trial_count=4,
        parallel_trial_count=2,
    )
    tuning.run(sync=False)
    tuning.wait_for_resource_creation()
    while len(client().get_hyperparameter_tuning_job(name=tuning.resource_name).trials) < 2:
        time.sleep(0.05)
    tuning.cancel()
    with pytest.raises(RuntimeError, match="cancelled"):
        tuning.wait()
    after = client().get_hyperparameter_tuning_job(name=tuning.resource_name)
    assert after.state == JobState.JOB_STATE_CANCELLED
    assert len(after.trials) == 2
    for trial in after.trials:
        cancelled = client().get_custom_job(name=trial.custom_job)
        assert cancelled.state == JobState.JOB_STATE_CANCELLED


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"study_spec": {"parameters": [{"parameter_id": "a"}]}}, "metrics is required"),
        ({"study_spec": {"metrics": [{"metric_id": "m"}]}}, "parameters is required"),
        ({"max_trial_count": 0}, "max_trial_count is 0"),
        ({"parallel_trial_count": 9}, "at most max_trial_count"),
        ({"value": {"double_value_spec": {"min_value": 2, "max_value": 1}}}, "from 2.0 to 1.0"),
        (
            {"value": {"double_value_spec": {"max_value": 1}, "scale_type": "UNIT_LOG_SCALE"}},
            "logarithmic scale from 0.0",
        ),
        ({"value": {"discrete_value_spec": {"values": [2, 1]}}}, "out of order"),
        ({"value": {"categorical_value_spec": {"values": ["a", "a"]}}}, "different ones"),
        ({"value": {}}, "has no values"),
        ({"algorithm": "GRID_SEARCH"}, "GRID_SEARCH"),
    ],
)
def test_a_malformed_job_is_refused(
    bucket: storage.Bucket, change: dict[str, Any], match: str
) -> None:
    value = change.pop("value", {"double_value_spec": {"min_value": 0, "max_value": 1}})
    study = {
        "metrics": [{"metric_id": "loss", "goal": "MINIMIZE"}],
        "parameters": [{"parameter_id": "x", **value}],
        "algorithm": change.pop("algorithm", StudySpec.Algorithm.ALGORITHM_UNSPECIFIED),
    }
    job = {
        "display_name": "job",
        "study_spec": study,
        "max_trial_count": 2,
        "parallel_trial_count": 1,
        "trial_job_spec": {"worker_pool_specs": [python("pass")]},
    }
    with refuses(InvalidArgument, match):
        client().create_hyperparameter_tuning_job(
            parent=PARENT, hyperparameter_tuning_job={**job, **change}
        )


def test_what_hypertune_writes_is_what_is_read(bucket: storage.Bucket) -> None:
    """A trial that reports several metrics and steps keeps them apart."""
    source = """
import hypertune
reporter = hypertune.HyperTune()
for step in (10, 20):
    reporter.report_hyperparameter_tuning_metric("loss", 1 / step, global_step=step)
    reporter.report_hyperparameter_tuning_metric("accuracy", step / 100, global_step=step)
"""
    source = "import sys; sys.argv = sys.argv[:1]\n" + source
    [trial] = tune(source, max_trial_count=1, parallel_trial_count=1).trials
    measured = {
        each.step_count: {metric.metric_id: metric.value for metric in each.metrics}
        for each in trial.measurements
    }
    assert measured == {
        10: {"loss": 0.1, "accuracy": 0.1},
        20: {"loss": 0.05, "accuracy": 0.2},
    }
