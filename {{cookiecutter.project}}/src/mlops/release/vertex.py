"""A controller of releases on an endpoint of Vertex AI."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from mlops.errors import UserError
from mlops.registry.models import get_version
from mlops.release.audit import StorageAuditLog
from mlops.release.controller import Controller, Ports
from mlops.release.deployment import find_endpoint
from mlops.release.endpoint import VertexEndpoint, find_log
from mlops.release.replay import RegisteredModels
from mlops.release.request_log import RequestLog
from mlops.release.time_series import EndpointMetrics
from mlops.release.vertex_measures import VertexMeasures

if TYPE_CHECKING:
    from mlops.release.controller import Clock
    from mlops.settings import Settings


class SystemClock:
    """The time of this machine."""

    def now(self) -> int:
        """Seconds since 1970."""
        return int(time.time())

    def sleep(self, seconds: float) -> None:
        """Waits."""
        time.sleep(seconds)


def connect_ports(settings: Settings, name: str = "", clock: Clock | None = None) -> Ports:
    """What a release on the endpoint `name` (by default that of the settings) reaches.

    Raises:
        UserError: there is no such endpoint, or no such model.
    """
    from google.cloud import bigquery, monitoring_v3, storage

    name = name or settings.name
    endpoint = find_endpoint(name)
    if endpoint is None:
        raise UserError(f"No endpoint is named {name}: run the training pipeline first.")
    model = get_version(name, "default")
    release, project = settings.release, settings.project
    endpoint_id = endpoint.resource_name.rpartition("/")[2]
    log = RequestLog(
        bigquery.Client(project=project),
        find_log(endpoint),
        endpoint_id,
        settings.features.problem,
        release.labels,
    )
    client = storage.Client(project=project)
    metrics = EndpointMetrics(
        monitoring_v3.MetricServiceClient(), project, endpoint_id, release.slow_ms
    )
    return Ports(
        endpoint=VertexEndpoint(endpoint, model.resource_name, settings.serving),
        models=RegisteredModels(settings, name, log, client),
        measures=VertexMeasures(metrics, log, release.wrong_by),
        audit=StorageAuditLog(client, settings.bucket, name),
        clock=clock or SystemClock(),
    )


def connect_controller(settings: Settings) -> Controller:
    """The controller of releases on the environment's endpoint."""
    return Controller(settings.release, connect_ports(settings))
