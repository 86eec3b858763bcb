"""The replicas of a custom job and how they are told of each other."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from google.cloud.aiplatform_v1.types import CustomJobSpec, WorkerPoolSpec
from google.protobuf.json_format import MessageToDict

from localcloud.ports import free_ports
from localcloud.rpc import raw

_TENSORFLOW_TASKS = ("chief", "worker", "ps", "evaluator")  # by worker pool
_POOLS = tuple(f"workerpool{number}" for number in range(len(_TENSORFLOW_TASKS)))


@dataclass(frozen=True, eq=False)
class Replica:
    """One machine of a worker pool; locally a process with a port of its own."""

    pool: int
    index: int
    spec: WorkerPoolSpec
    port: int

    @property
    def name(self) -> str:
        """Vertex's name of the machine, such as `workerpool0-0`."""
        return f"workerpool{self.pool}-{self.index}"

    @property
    def address(self) -> str:
        """Where the others reach it."""
        return f"127.0.0.1:{self.port}"


@dataclass(frozen=True)
class Cluster:
    """All replicas of a job; the first one is the primary replica."""

    spec: CustomJobSpec
    replicas: Sequence[Replica]
    trial_id: str = ""

    def variables(self, replica: Replica) -> dict[str, str]:
        """CLUSTER_SPEC and TF_CONFIG, as Vertex gives them to one replica."""
        return {
            "CLUSTER_SPEC": self._describe(replica, _POOLS),
            "TF_CONFIG": self._describe(replica, _TENSORFLOW_TASKS),
        }

    def _describe(self, replica: Replica, names: Sequence[str]) -> str:
        addresses: dict[str, list[str]] = {}
        for each in self.replicas:
            addresses.setdefault(names[each.pool], []).append(each.address)
        task: dict[str, Any] = {"type": names[replica.pool], "index": replica.index}
        if self.trial_id:
            task["trial"] = self.trial_id
        described = {
            "cluster": addresses,
            "environment": "cloud",
            "job": self._job,
            "task": task,
        }
        return json.dumps(described)

    @cached_property
    def _job(self) -> Mapping[str, Any]:
        job: dict[str, Any] = MessageToDict(raw(self.spec), preserving_proto_field_name=True)
        return job


def has_task(pool: WorkerPoolSpec) -> bool:
    """Whether a worker pool is more than a placeholder for one that is skipped."""
    return raw(pool).WhichOneof("task") is not None


def cluster(spec: CustomJobSpec, trial_id: str = "") -> Cluster:
    """The replicas that a job asks for; worker pools without a task are skipped."""
    places = [
        (number, index, pool)
        for number, pool in enumerate(spec.worker_pool_specs)
        if has_task(pool)
        for index in range(max(1, pool.replica_count))
    ]
    ports = free_ports(len(places))
    return Cluster(
        spec,
        [Replica(*place, port) for place, port in zip(places, ports, strict=True)],
        trial_id,
    )
