"""The machines of a CustomJob, and the one command that all of them run."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from google.cloud.aiplatform_v1.types import CustomJobSpec

from mlops.settings import CustomJob, Settings, SettingsError, load_settings
from mlops.training.command import Task
from mlops.training.custom_job import build_pools

GPU = "NVIDIA_TESLA_T4"


def load(config: Path, folder: Path, framework: str = "tensorflow", **custom_job: Any) -> Settings:
    """The local settings, with keys of `custom_job` over those of base.yaml."""
    copy = shutil.copytree(config, folder / "config")
    path = copy / "local.yaml"
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    content |= {"custom_job": custom_job, "training": {"framework": framework}}
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return load_settings("local", copy)


@pytest.fixture
def task(config: Path) -> Task:
    settings = load_settings("local", config)
    return Task(
        features=settings.features,
        training=settings.training,
        transformed="gs://b/examples",
        graph="gs://b/graph",
        output="gs://b/job/model",
    )


def pools_of(task: Task, **machines: Any) -> list[Any]:
    spec = CustomJobSpec(worker_pool_specs=build_pools(task, "ml:1", CustomJob(**machines)))
    return list(spec.worker_pool_specs)


def test_a_chief_and_its_workers_run_the_same(task: Task) -> None:
    chief, workers = pools_of(task, worker_count=2, accelerator_type=GPU, accelerator_count=2)
    assert (chief.replica_count, workers.replica_count) == (1, 2)
    assert chief.container_spec == workers.container_spec
    assert chief.container_spec.image_uri == "ml:1"
    assert chief.machine_spec == workers.machine_spec
    assert (chief.machine_spec.accelerator_type.name, chief.machine_spec.accelerator_count) == (
        GPU,
        2,
    )


def test_the_job_runs_the_command_of_this_machine(task: Task) -> None:
    (chief,) = pools_of(task)
    container = chief.container_spec
    assert [*container.command, *container.args] == task.command
    assert Task.model_validate_json(container.args[-1]) == task
    assert chief.machine_spec.accelerator_count == 0


def test_trees_train_on_one_machine(config: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="xgboost trains on one machine; set custom_job"):
        load(config, tmp_path, framework="xgboost", worker_count=1)


def test_gradients_of_gpus_go_through_reduction_servers(task: Task) -> None:
    *_, servers = pools_of(task, worker_count=2, accelerator_type=GPU, reduction_server_count=3)
    assert servers.replica_count == 3
    assert servers.container_spec.image_uri.endswith("/reductionserver:latest")
    assert not servers.container_spec.args


@pytest.mark.parametrize(
    ("custom_job", "message"),
    [
        ({"reduction_server_count": 1, "worker_count": 1}, "set accelerator_type and worker_count"),
        ({"worker_count": -1}, "custom_job.worker_count is -1"),
        ({"workers": 1}, "unknown key custom_job.workers"),
        ({"tensorboard": "projects/p/locations/l/tensorboards/1"}, "needs a service_account"),
        ({"tensorboard": "mine"}, "custom_job.tensorboard is 'mine'"),
    ],
)
def test_a_mistake_is_told_in_one_sentence(
    config: Path, tmp_path: Path, custom_job: dict[str, Any], message: str
) -> None:
    with pytest.raises(SettingsError, match=message) as caught:
        load(config, tmp_path, **custom_job)
    assert "\n" not in str(caught.value)
