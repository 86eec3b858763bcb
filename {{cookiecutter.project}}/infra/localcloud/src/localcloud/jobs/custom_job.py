"""Runs a CustomJob: one process for each replica of its worker pools."""

import subprocess
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from google.cloud.aiplatform_v1.types import CustomJobSpec
from grpc import StatusCode

from localcloud import processes
from localcloud.jobs.cluster import Cluster, Replica, cluster
from localcloud.jobs.containers import Container, container
from localcloud.jobs.job import Job, JobFailed

_POLL_SECONDS = 0.05
_GRACE_SECONDS = 10.0
_LONGEST = 7 * 24 * 3600.0  # seconds; Vertex's default timeout

Running: TypeAlias = Mapping[Replica, subprocess.Popen[bytes]]


@dataclass(frozen=True)
class CustomJobWork:
    """How a custom job is done.

    `variables` are further ones for its replicas; `trial_id` says for which trial it runs.
    """

    variables: Mapping[str, str] = field(default_factory=dict)
    trial_id: str = ""

    def __call__(self, job: Job) -> None:
        """Run the replicas until the primary one has ended.

        Raises:
            JobFailed: a replica has failed, or the job took longer than its timeout.
            JobCancelled: the job was cancelled.
            GoogleAPICallError: an image or a package is not there or cannot be installed.
        """
        spec: CustomJobSpec = job.resource.job_spec
        made = cluster(spec, self.trial_id)
        shared = {**_variables(job, spec), **self.variables}
        containers = {replica: _container(job, made, replica, shared) for replica in made.replicas}
        job.start()
        timeout = spec.scheduling.timeout.total_seconds() or _LONGEST
        with _running(job, containers) as running:
            _wait(job, running, timeout)


def _variables(job: Job, spec: CustomJobSpec) -> dict[str, str]:
    """What Vertex tells every replica of a job."""
    project, location = job.name.split("/")[1:4:2]
    output = spec.base_output_directory.output_uri_prefix.rstrip("/")
    directories = {
        "AIP_CHECKPOINT_DIR": f"{output}/checkpoints/",
        "AIP_MODEL_DIR": f"{output}/model/",
        "AIP_TENSORBOARD_LOG_DIR": f"{output}/logs/",
    }
    resources = {
        "AIP_EXPERIMENT_NAME": spec.experiment,
        "AIP_EXPERIMENT_RUN_NAME": spec.experiment_run,
        "AIP_TENSORBOARD_RESOURCE_NAME": spec.tensorboard,
    }
    return {
        "CLOUD_ML_JOB_ID": job.id,
        "CLOUD_ML_PROJECT_ID": project,
        "CLOUD_ML_REGION": location,
        "GOOGLE_CLOUD_PROJECT": project,
        **(directories if output else {}),
        **{name: value for name, value in resources.items() if value},
    }


def _container(
    job: Job, made: Cluster, replica: Replica, variables: Mapping[str, str]
) -> Container:
    folder = job.folder / replica.name
    folder.mkdir()
    _follow(job, replica)
    own = {**variables, **made.variables(replica)}
    return container(job.cloud, replica.spec, own, folder, _log(job, replica))


def _follow(job: Job, replica: Replica) -> None:
    """Have what the replica writes appear in Cloud Logging, where Vertex AI puts it."""
    project = job.name.split("/")[1]
    job.cloud.log_files.follow(
        _log(job, replica),
        f"projects/{project}/logs/{replica.name}",
        "ml_job",
        {"project_id": project, "job_id": job.id, "task_name": replica.name},
    )


def _log(job: Job, replica: Replica) -> Path:
    return job.logs / f"{replica.name}.log"


@contextmanager
def _running(job: Job, containers: Mapping[Replica, Container]) -> Iterator[Running]:
    """All replicas, started; whatever is left of them is ended afterwards."""
    running: dict[Replica, subprocess.Popen[bytes]] = {}
    try:
        for replica, made in containers.items():
            with _log(job, replica).open("ab") as log:
                running[replica] = processes.start(made.command, made.environment, made.folder, log)
        yield running
    finally:
        with ThreadPoolExecutor(len(containers)) as pool:
            list(pool.map(lambda each: processes.stop(each, _GRACE_SECONDS), running.values()))
        for replica in containers:
            job.cloud.log_files.end(_log(job, replica))


def _wait(job: Job, running: Running, timeout: float) -> None:
    deadline = time.monotonic() + timeout
    primary = next(iter(running.values()))
    while True:
        for replica, process in running.items():
            if process.poll():
                raise JobFailed(_failure(job, replica, process.returncode))
        if primary.returncode == 0:
            return
        if time.monotonic() > deadline:
            raise JobFailed(
                f"The job took longer than its timeout of {timeout:.0f} s; give it more time in"
                " scheduling.timeout.",
                StatusCode.DEADLINE_EXCEEDED,
            )
        job.sleep(_POLL_SECONDS)


def _failure(job: Job, replica: Replica, code: int) -> str:
    ended = (
        f"was killed by signal {-code}" if code < 0 else f"exited with a non-zero status of {code}"
    )
    log = _log(job, replica)
    return (
        f"The replica {replica.name} {ended}. Its log is {log}; the last lines are:\n"
        f"{processes.tail(log)}"
    )
