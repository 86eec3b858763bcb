"""What Vertex demands of an online store."""

from typing import Any

from google.api_core.exceptions import InvalidArgument, MethodNotImplemented

from localcloud.feature_store.resources import has
from localcloud.rpc import raw
from localcloud.vertex.resources import refuse_fields

_TARGETS = range(10, 81)  # percent of CPU
_DEFAULT_TARGET = 50


def check_online_store(store: Any) -> None:
    """Refuse an online store as Vertex does; fill in the CPU target if it is missing.

    Raises:
        InvalidArgument: the storage type is missing or its numbers are out of range.
        MethodNotImplemented: it is to be private, or to give access to Bigtable itself.
    """
    kind = raw(store).WhichOneof("storage_type")
    if kind is None:
        raise InvalidArgument("The online store has no storage type; set bigtable or optimized.")
    if kind == "bigtable":
        if has(store, "dedicated_serving_endpoint"):
            raise InvalidArgument(
                "dedicated_serving_endpoint is for optimized stores; leave it out with bigtable."
            )
        refuse_fields(store.bigtable, "bigtable", ("enable_direct_bigtable_access",))
        _check_scaling(store.bigtable.auto_scaling)
    endpoint = store.dedicated_serving_endpoint
    if endpoint.private_service_connect_config.enable_private_service_connect:
        raise MethodNotImplemented(
            "localcloud has no Private Service Connect; leave private_service_connect_config out."
        )


def _check_scaling(scaling: Any) -> None:
    least, most = scaling.min_node_count, scaling.max_node_count
    if least < 1 or not least <= most <= 10 * least:
        raise InvalidArgument(
            f"bigtable.auto_scaling goes from {least} to {most} nodes; min_node_count is at least"
            " 1, and max_node_count between min_node_count and 10 times that."
        )
    scaling.cpu_utilization_target = scaling.cpu_utilization_target or _DEFAULT_TARGET
    if scaling.cpu_utilization_target not in _TARGETS:
        raise InvalidArgument(
            f"bigtable.auto_scaling.cpu_utilization_target is {scaling.cpu_utilization_target};"
            " choose 10 to 80."
        )
