"""Train in a Vertex AI CustomJob, on one machine or on several."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops.errors import UserError
from mlops.training.command import ENTRY_POINT

if TYPE_CHECKING:
    from mlops.settings import CustomJob
    from mlops.training.command import Task

# adds up the gradients of machines with GPUs; it holds no code of ours
REDUCTION_SERVER = "us-docker.pkg.dev/vertex-ai-restricted/training/reductionserver:latest"
REDUCTION_MACHINE = "n1-highcpu-16"


class CustomJobError(UserError):
    """The job has failed."""


@dataclass(frozen=True)
class Container:
    """How the job is named, and in which image and as whom it runs.

    Attributes:
        display_name: of the job.
        image: reference of the image that trains.
        service_account: empty for Vertex AI's own.
    """

    display_name: str
    image: str
    service_account: str = ""


def run_custom_job(task: Task, container: Container, machines: CustomJob) -> str:
    """Runs a task on machines of its own, and waits for it.

    The job's folder is the model's parent: there lie `checkpoints` while it trains, and `logs`.

    Returns:
        The job's resource name.

    Raises:
        CustomJobError: the job failed; names it and what it said.
    """
    from google.cloud import aiplatform

    folder = task.output.rsplit("/", 1)[0]
    job = aiplatform.CustomJob(
        display_name=container.display_name,
        worker_pool_specs=build_pools(task, container.image, machines),
        base_output_dir=folder,
        staging_bucket=folder,
    )
    try:
        job.run(
            service_account=container.service_account or None,
            restart_job_on_worker_restart=True,  # all of them, from the last checkpoint
            tensorboard=machines.tensorboard,
        )
    except RuntimeError as error:
        raise CustomJobError(f"The custom training job failed: {error}") from None
    return str(job.resource_name)


def build_pools(task: Task, image: str, machines: CustomJob) -> list[dict[str, Any]]:
    """The worker pools: the chief, the other workers, and the reduction servers of GPUs."""
    machine: dict[str, Any] = {"machine_type": machines.machine_type}
    if machines.accelerator_type:
        machine["accelerator_type"] = machines.accelerator_type
        machine["accelerator_count"] = machines.accelerator_count
    container = {"image_uri": image, "command": list(ENTRY_POINT), "args": task.arguments}
    pools = [_pool(machine, 1, container)]
    if machines.worker_count:
        pools.append(_pool(machine, machines.worker_count, container))
    if machines.reduction_server_count:
        servers = {"machine_type": REDUCTION_MACHINE}
        image_only = {"image_uri": REDUCTION_SERVER}
        pools.append(_pool(servers, machines.reduction_server_count, image_only))
    return pools


def _pool(machine: dict[str, Any], count: int, container: dict[str, Any]) -> dict[str, Any]:
    return {"machine_spec": machine, "replica_count": count, "container_spec": container}
