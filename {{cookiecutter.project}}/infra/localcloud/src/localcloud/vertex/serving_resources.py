"""The machines that a deployed model asks for: checked and completed as Vertex does.

Locally one process stands for all of a deployed model's replicas.
"""

import re

from google.api_core.exceptions import InvalidArgument, NotFound
from google.cloud.aiplatform_v1.types import (
    AutomaticResources,
    AutoscalingMetricSpec,
    DedicatedResources,
    DeployedModel,
    DeploymentResourcePool,
    MachineSpec,
)

from localcloud.rpc import raw
from localcloud.store import Store
from localcloud.vertex.resources import location, now

_DEFAULT_MACHINE = "n1-standard-2"
_MACHINE = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)+")
_POOL = re.compile(r"projects/[^/]+/locations/[^/]+/deploymentResourcePools/[^/]+")
_ONLINE = "aiplatform.googleapis.com/prediction/online"
_SHARES = (f"{_ONLINE}/accelerator/duty_cycle", f"{_ONLINE}/cpu/utilization")
_METRICS = (
    *_SHARES,
    f"{_ONLINE}/request_count",
    "prometheus.googleapis.com/vertex_dcgm_fi_dev_gpu_util",
    "prometheus.googleapis.com/vertex_vllm_gpu_cache_usage_perc",
    "prometheus.googleapis.com/vertex_vllm_num_requests_waiting",
    "pubsub.googleapis.com/subscription/num_undelivered_messages",
)
_DEFAULT_TARGET = 60  # percent


def complete(store: Store, endpoint: str, deployed: DeployedModel) -> None:
    """Check what a deployed model asks for, set Vertex's defaults, and note what it has.

    Raises:
        InvalidArgument: a field is missing or cannot be used.
        NotFound: its deployment resource pool is not in the endpoint's location.
    """
    kind = raw(deployed).WhichOneof("prediction_resources")
    if kind is None:
        raise InvalidArgument("deployed_model.dedicated_resources is required.")
    replicas = 1
    if kind == "dedicated_resources":
        complete_dedicated(deployed.dedicated_resources)
        replicas = deployed.dedicated_resources.min_replica_count
    elif kind == "automatic_resources":
        _complete_automatic(deployed.automatic_resources)
        replicas = deployed.automatic_resources.min_replica_count
    else:
        _check_pool(store, endpoint, deployed.shared_resources)
    deployed.status = DeployedModel.Status(last_update_time=now(), available_replica_count=replicas)


def complete_dedicated(resources: DedicatedResources) -> None:
    """Check the machines of a deployed model or a pool, and set Vertex's defaults.

    Raises:
        InvalidArgument: a field is missing or cannot be used.
    """
    _complete_machine(resources.machine_spec)
    least, most = resources.min_replica_count, resources.max_replica_count
    _check_counts("dedicated_resources", least, most)
    resources.max_replica_count = most or least
    required = resources.required_replica_count
    if required < 0 or required > resources.max_replica_count:
        raise InvalidArgument(
            f"dedicated_resources.required_replica_count is {required}; it must lie between 1 and"
            f" max_replica_count ({resources.max_replica_count})."
        )
    _complete_metrics(resources)


def _complete_automatic(resources: AutomaticResources) -> None:
    resources.min_replica_count = resources.min_replica_count or 1
    _check_counts("automatic_resources", resources.min_replica_count, resources.max_replica_count)


def _complete_machine(spec: MachineSpec) -> None:
    spec.machine_type = spec.machine_type or _DEFAULT_MACHINE
    if not _MACHINE.fullmatch(spec.machine_type):
        raise InvalidArgument(
            f"machine_spec.machine_type {spec.machine_type!r} is no machine type; name one such as"
            f" {_DEFAULT_MACHINE}."
        )
    if bool(spec.accelerator_type) != bool(spec.accelerator_count) or spec.accelerator_count < 0:
        raise InvalidArgument(
            f"machine_spec has accelerator_type {spec.accelerator_type.name} and"
            f" accelerator_count {spec.accelerator_count}; set both or none."
        )


def _check_counts(kind: str, least: int, most: int) -> None:
    if least < 1:
        raise InvalidArgument(f"{kind}.min_replica_count is {least}; it must be at least 1.")
    if most and most < least:
        raise InvalidArgument(
            f"{kind}.max_replica_count is {most}; it must be at least min_replica_count ({least})."
        )


def _complete_metrics(resources: DedicatedResources) -> None:
    names = [spec.metric_name for spec in resources.autoscaling_metric_specs]
    for spec in resources.autoscaling_metric_specs:
        if names.count(spec.metric_name) > 1:
            raise InvalidArgument(
                f"autoscaling_metric_specs has {spec.metric_name} more than once; keep one entry."
            )
        _complete_metric(spec)


def _complete_metric(spec: AutoscalingMetricSpec) -> None:
    name = spec.metric_name
    if name not in _METRICS:
        raise InvalidArgument(
            f"autoscaling_metric_specs.metric_name is {name!r}; use one of {', '.join(_METRICS)}."
        )
    most = 100 if name in _SHARES else None
    if not spec.target and most:
        spec.target = _DEFAULT_TARGET
    if spec.target < 1 or (most and spec.target > most):
        raise InvalidArgument(
            f"autoscaling_metric_specs.target of {name} is {spec.target}; give"
            + (f" a percentage in 1 to {most}." if most else " a positive number.")
        )


def _check_pool(store: Store, endpoint: str, pool: str) -> None:
    if not _POOL.fullmatch(pool):
        raise InvalidArgument(
            f"deployed_model.shared_resources is {pool!r}; name a pool as"
            " projects/PROJECT/locations/LOCATION/deploymentResourcePools/POOL."
        )
    store.get(pool, DeploymentResourcePool)
    if location(pool) != location(endpoint):
        raise NotFound(f"{pool} is not in the endpoint's location, {location(endpoint)}.")
