"""Replica counts: what config/ allows, and what autoscaling makes of the labs' loads."""

from __future__ import annotations

from pathlib import Path

import pytest
from google.cloud.aiplatform_v1.types import DedicatedResources

from mlops.release.autoscaling import Moment, Policy, simulate, step_load
from mlops.serving_settings import Autoscaling, Serving
from mlops.settings import SettingsError, load_settings
from tests.unit.test_settings import copy, spoil

__all__ = ["copy"]


def replicas_at(moments: list[Moment], second: float) -> int:
    return next(each.replicas for each in reversed(moments) if each.second <= second)


@pytest.mark.parametrize(
    ("new", "problem"),
    [
        ("cpu_utilization: 0", "serving.autoscaling.cpu_utilization is 0"),
        ("cpu_utilization: 101", "serving.autoscaling.cpu_utilization is 101"),
        ("requests_per_minute: 0", "serving.autoscaling.requests_per_minute is 0"),
        ("gpu_duty_cycle: 50", "serving.autoscaling.gpu_duty_cycle needs"),
        ("memory: 50", "unknown key serving.autoscaling.memory"),
    ],
)
def test_a_target_that_cannot_be_is_refused(copy: Path, new: str, problem: str) -> None:
    spoil(copy, "base.yaml", "cpu_utilization: 60", new)
    with pytest.raises(SettingsError, match=problem):
        load_settings("local", copy)


def test_there_are_not_fewer_replicas_at_most_than_at_least(copy: Path) -> None:
    spoil(copy, "base.yaml", "  min_replica_count: 1", "  min_replica_count: 2")
    with pytest.raises(SettingsError, match="min_replica_count is 2, more than"):
        load_settings("local", copy)


def test_a_canary_carries_replicas_accelerator_and_targets() -> None:
    serving = Serving(
        machine_type="n1-standard-4",
        accelerator_type="NVIDIA_TESLA_T4",
        min_replica_count=1,
        max_replica_count=4,
        autoscaling=Autoscaling(cpu_utilization=60, gpu_duty_cycle=70, requests_per_minute=300),
    )
    resources = DedicatedResources(serving.dedicated_resources())
    assert (resources.min_replica_count, resources.max_replica_count) == (1, 4)
    assert resources.machine_spec.accelerator_type.name == "NVIDIA_TESLA_T4"
    targets = {each.metric_name: each.target for each in resources.autoscaling_metric_specs}
    prefix = "aiplatform.googleapis.com/prediction/online"
    assert targets == {
        f"{prefix}/cpu/utilization": 60,
        f"{prefix}/accelerator/duty_cycle": 70,
        f"{prefix}/request_count": 300,
    }


@pytest.mark.parametrize(
    ("replicas", "utilization", "desired"),
    [
        (1, 100, 2),  # ceil(1 * 100 / 60)
        (3, 60, 3),
        (3, 65, 3),  # within a tenth of the target
        (3, 67, 4),
        (4, 90, 4),  # no more than the maximum
        (4, 30, 2),
        (2, 1, 1),  # no fewer than the minimum
        (3, 40, 2),  # exactly two
    ],
)
def test_what_is_desired(replicas: int, utilization: float, desired: int) -> None:
    assert Policy(minimum=1, maximum=4, target=60).desired(replicas, utilization) == desired


def test_replicas_at_most_double_or_grow_by_four() -> None:
    policy = Policy(minimum=1, maximum=100, target=1)
    assert policy.desired(1, 100) == 5
    assert policy.desired(10, 100) == 20


def test_the_step_load_of_the_lab_takes_one_replica_to_four() -> None:
    """TF Serving on Kubernetes (GSP777): 2 users more each minute, 11 times; 1 to 4 pods at 60 %.

    A user waits 0.85 s between requests, and keeps a tenth of a pod's CPUs busy.
    """
    policy = Policy(minimum=1, maximum=4, target=60)
    moments = simulate(policy, step_load(20, 20, every=60, steps=11), 15 * 60)
    counts = [each.replicas for each in moments]
    assert counts == sorted(counts)
    assert set(counts) == {1, 2, 3, 4}
    assert replicas_at(moments, 60) == 1
    assert max(each.utilization for each in moments if each.second <= 8 * 60) < 90
    assert moments[-1].utilization <= 60


def test_replicas_come_within_a_minute_and_go_after_five() -> None:
    """Introduction to Kubernetes: 1 to 3 pods at 20 % CPU, a loop of requests that then stops."""
    policy = Policy(minimum=1, maximum=3, target=20)
    moments = simulate(policy, lambda second: 60 if 60 <= second < 600 else 0, 1200)
    assert replicas_at(moments, 59) == 1
    assert replicas_at(moments, 120) == 3
    assert replicas_at(moments, 600 + 285) == 3
    assert replicas_at(moments, 600 + 330) == 1


def test_a_short_lull_takes_no_replica_away() -> None:
    policy = Policy(minimum=1, maximum=4, target=60)
    moments = simulate(policy, lambda second: 0 if 400 <= second < 640 else 200, 900)
    assert {each.replicas for each in moments if each.second > 120} == {4}
