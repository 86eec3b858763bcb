"""Vizier studies through Google's own client.

The SDK's `aiplatform.Study` needs google-vizier beside it; it makes the same calls as this client.
"""

from typing import Any

import pytest
from google.api_core.exceptions import (
    AlreadyExists,
    FailedPrecondition,
    InvalidArgument,
    MethodNotImplemented,
    NotFound,
)
from google.cloud.aiplatform_v1 import VizierServiceClient
from google.cloud.aiplatform_v1.types import Measurement, Study, Trial

from tests.vertex import OPTIONS, PARENT, connect, refuses, unique

X = {"parameter_id": "x", "double_value_spec": {"min_value": -10, "max_value": 10}}
COLOUR = {"parameter_id": "colour", "categorical_value_spec": {"values": ["red", "blue"]}}
LOSS = {"metric_id": "loss", "goal": "MINIMIZE"}
SIZE = {"metric_id": "size", "goal": "MAXIMIZE"}


@pytest.fixture(params=["grpc", "rest"])
def client(request: pytest.FixtureRequest, cloud_environment: Any) -> VizierServiceClient:
    connect(request.param)
    return VizierServiceClient(transport=request.param, client_options=OPTIONS)


def create(client: VizierServiceClient, **spec: Any) -> Study:
    defaults = {"metrics": [LOSS], "parameters": [X]}
    study = {"display_name": unique(), "study_spec": {**defaults, **spec}}
    return client.create_study(parent=PARENT, study=study)


def suggest(
    client: VizierServiceClient, study: Study, count: int = 1, worker: str = "worker"
) -> list[Trial]:
    request = {"parent": study.name, "suggestion_count": count, "client_id": worker}
    return list(client.suggest_trials(request).result(timeout=30).trials)


def measured(step: int = 0, **metrics: float) -> dict[str, Any]:
    pairs = [{"metric_id": name, "value": value} for name, value in metrics.items()]
    return {"step_count": step, "metrics": pairs}


def complete(client: VizierServiceClient, trial: Trial, **metrics: float) -> Trial:
    return client.complete_trial({"name": trial.name, "final_measurement": measured(**metrics)})


def values(trial: Trial) -> dict[str, Any]:
    return {each.parameter_id: each.value for each in trial.parameters}


def metrics(measurement: Measurement) -> dict[str, float]:
    return {each.metric_id: each.value for each in measurement.metrics}


def test_a_study_is_found_by_its_name(client: VizierServiceClient) -> None:
    study = create(client)
    assert study.state == Study.State.ACTIVE
    assert client.get_study(name=study.name) == study
    looked_up = client.lookup_study({"parent": PARENT, "display_name": study.display_name})
    assert looked_up == study
    assert study.name in [each.name for each in client.list_studies(parent=PARENT)]
    with refuses(AlreadyExists, study.display_name):
        client.create_study(parent=PARENT, study=study)
    client.delete_study(name=study.name)
    with refuses(NotFound):
        client.lookup_study({"parent": PARENT, "display_name": study.display_name})


def test_suggestions_get_better(client: VizierServiceClient) -> None:
    study = create(client, parameters=[X, COLOUR])
    for _ in range(30):
        [trial] = suggest(client, study)
        tried = values(trial)
        complete(client, trial, loss=(tried["x"] - 3) ** 2 + 10 * (tried["colour"] == "red"))
    trials = list(client.list_trials(parent=study.name))
    assert [trial.id for trial in trials] == [str(number) for number in range(1, 31)]
    [best] = client.list_optimal_trials({"parent": study.name}).optimal_trials
    assert metrics(best.final_measurement)["loss"] < 1
    assert abs(values(best)["x"] - 3) < 1


def test_a_client_gets_its_pending_trial_again(client: VizierServiceClient) -> None:
    study = create(client)
    [first] = suggest(client, study, worker="one")
    assert (first.state, first.client_id) == (Trial.State.ACTIVE, "one")
    assert [each.name for each in suggest(client, study, worker="one")] == [first.name]
    [other] = suggest(client, study, worker="two")
    assert other.name != first.name
    assert values(other) != values(first)
    complete(client, first, loss=1)
    [next_one] = suggest(client, study, worker="one")
    assert next_one.name not in (first.name, other.name)


def test_a_requested_trial_is_suggested_before_new_ones(client: VizierServiceClient) -> None:
    study = create(client)
    wanted = client.create_trial(
        parent=study.name, trial={"parameters": [{"parameter_id": "x", "value": 7}]}
    )
    assert wanted.state == Trial.State.REQUESTED
    first, second = suggest(client, study, count=2)
    assert (first.name, values(first)) == (wanted.name, {"x": 7})
    assert second.name != wanted.name
    with refuses(InvalidArgument, "has no x"):
        client.create_trial(parent=study.name, trial={"parameters": []})
    known = {"parameters": [{"parameter_id": n, "value": 1} for n in ("x", "y")]}
    with refuses(InvalidArgument, "has y"):
        client.create_trial(parent=study.name, trial=known)


def test_the_study_says_what_is_tried_first(client: VizierServiceClient) -> None:
    start = {"min_value": -10, "max_value": 10, "default_value": 2.5}
    study = create(client, parameters=[{"parameter_id": "x", "double_value_spec": start}])
    first, second = suggest(client, study, count=2)
    assert values(first) == {"x": 2.5}
    assert values(second) != {"x": 2.5}


def test_a_grid_is_exhausted(client: VizierServiceClient) -> None:
    study = create(client, parameters=[COLOUR], algorithm="GRID_SEARCH")
    assert [values(trial)["colour"] for trial in suggest(client, study, 5)] == ["red", "blue"]
    assert client.get_study(name=study.name).state == Study.State.COMPLETED


def test_the_last_or_best_measurement_becomes_the_final_one(client: VizierServiceClient) -> None:
    for selection, expected in (("LAST_MEASUREMENT", 2.0), ("BEST_MEASUREMENT", 1.0)):
        study = create(client, measurement_selection_type=selection)
        [trial] = suggest(client, study)
        for step, loss in ((1, 3.0), (2, 1.0), (3, 2.0)):
            request = {"trial_name": trial.name, "measurement": measured(step, loss=loss)}
            client.add_trial_measurement(request)
        with refuses(InvalidArgument, "no later"):
            client.add_trial_measurement(request)
        done = client.complete_trial({"name": trial.name})
        assert done.state == Trial.State.SUCCEEDED
        assert metrics(done.final_measurement) == {"loss": expected}


def test_a_completed_trial_stays_as_it_is(client: VizierServiceClient) -> None:
    study = create(client)
    [trial] = suggest(client, study)
    with refuses(FailedPrecondition, "no measurement of loss"):
        client.complete_trial({"name": trial.name})
    request = {"name": trial.name, "trial_infeasible": True, "infeasible_reason": "too big"}
    done = client.complete_trial(request)
    assert (done.state, done.infeasible_reason) == (Trial.State.INFEASIBLE, "too big")
    with refuses(FailedPrecondition, "is completed"):
        complete(client, trial, loss=1)
    client.delete_trial(name=trial.name)
    with refuses(NotFound):
        client.get_trial(name=trial.name)


def test_optimal_trials_of_two_metrics_are_those_not_dominated(
    client: VizierServiceClient,
) -> None:
    study = create(client, metrics=[LOSS, SIZE])
    results = [(1, 1), (2, 2), (3, 1), (2, 1)]
    trials = suggest(client, study, len(results))
    for trial, (loss, size) in zip(trials, results, strict=True):
        complete(client, trial, loss=loss, size=size)
    found = client.list_optimal_trials({"parent": study.name}).optimal_trials
    assert [each.name for each in found] == [trials[0].name, trials[1].name]


def test_a_trial_below_the_median_should_stop(client: VizierServiceClient) -> None:
    study = create(client, median_automated_stopping_spec={})
    good, middling, bad = suggest(client, study, 3)
    for trial, start in ((good, 1.0), (middling, 2.0), (bad, 9.0)):
        for step in (1, 2):
            found = measured(step, loss=start - step / 10)
            client.add_trial_measurement({"trial_name": trial.name, "measurement": found})
    for trial in (good, middling):
        client.complete_trial({"name": trial.name})

    def should_stop(trial: Trial) -> bool:
        request = {"trial_name": trial.name}
        return bool(client.check_trial_early_stopping_state(request).result().should_stop)

    assert should_stop(bad)
    assert client.get_trial(name=bad.name).state == Trial.State.STOPPING
    [fresh] = suggest(client, study, worker="other")
    assert not should_stop(fresh)
    client.stop_trial({"name": fresh.name})
    assert should_stop(fresh)


def test_what_is_missing_or_unknown_is_refused(client: VizierServiceClient) -> None:
    study = create(client)
    with refuses(InvalidArgument, "suggestion_count"):
        client.suggest_trials({"parent": study.name, "client_id": "a"})
    with refuses(InvalidArgument, "client_id"):
        client.suggest_trials({"parent": study.name, "suggestion_count": 1})
    with refuses(NotFound):
        client.suggest_trials(
            {"parent": f"{PARENT}/studies/1", "suggestion_count": 1, "client_id": "a"}
        )
    with refuses(InvalidArgument, "parameters is required"):
        create(client, parameters=[])
    with refuses(MethodNotImplemented, "median_automated_stopping_spec"):
        create(client, decay_curve_stopping_spec={})
    with refuses(MethodNotImplemented, "study_stopping_config"):
        create(client, study_stopping_config={"max_num_trials": 3})
    with refuses(MethodNotImplemented, "safety_config"):
        create(client, metrics=[{"metric_id": "m", "safety_config": {"safety_threshold": 1}}])
