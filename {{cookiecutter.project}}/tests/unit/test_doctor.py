"""What the settings need at most, as `mlops doctor` compares it with the quotas."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlops.doctor.needs import SERVING_CPUS, TRAINING_CPUS
from mlops.doctor.region import cpus_of, needed_cpus
from mlops.settings import load_settings


@pytest.mark.parametrize(
    ("machine_type", "cpus"),
    [("n1-standard-8", 8), ("a2-highgpu-1g", 1), ("e2-standard-16", 16), ("custom", 0)],
)
def test_a_machine_type_tells_its_cpus(machine_type: str, cpus: int) -> None:
    assert cpus_of(machine_type) == cpus


def test_training_needs_all_workers_or_all_parallel_trials(config: Path) -> None:
    settings = load_settings("dev", config)
    serving = cpus_of(settings.serving.machine_type) * settings.serving.max_replica_count
    assert needed_cpus(settings) == {TRAINING_CPUS: 0, SERVING_CPUS: 2 * serving}
    tuning = settings.tuning.model_copy(update={"max_trial_count": 9})
    job = settings.custom_job.model_copy(update={"enabled": True, "worker_count": 3})
    trials = cpus_of(tuning.machine_type) * tuning.parallel_trial_count
    tuned = settings.model_copy(update={"tuning": tuning})
    assert needed_cpus(tuned)[TRAINING_CPUS] == trials
    both = tuned.model_copy(update={"custom_job": job})
    assert needed_cpus(both)[TRAINING_CPUS] == 4 * cpus_of(job.machine_type)
