"""The metrics of online prediction that endpoints fill; predictions do not wait for them."""

import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from google.api.metric_pb2 import Metric
from google.api.monitored_resource_pb2 import MonitoredResource
from google.api_core.exceptions import GoogleAPICallError
from google.cloud.aiplatform_v1.types import DeployedModel, Endpoint, Model

from localcloud.cloud import Cloud
from localcloud.cloud_monitoring import distributions
from localcloud.cloud_monitoring.descriptors import ENDPOINT, PREFIX
from localcloud.cloud_monitoring.series import Identity, Point
from localcloud.cloud_monitoring.values import Kind, Plain, Type, typed
from localcloud.repeater import Repeater
from localcloud.resource_manager.projects import project_number

_SECOND = 10**9  # nanoseconds
_SHORTEST = 10**6  # nanoseconds that the point of a single request lasts
_SAMPLED = 60  # seconds between two looks at what is deployed


@dataclass(frozen=True)
class Served:
    """One request that a deployed model was asked.

    `code` is the HTTP status of the answer, `predictions` are the instances that it predicted;
    latencies are in milliseconds, of which `model` is the container's part.
    """

    code: int
    predictions: int
    total: float
    model: float


_Sample = tuple[int, Endpoint, DeployedModel, Served]  # the first is nanoseconds since 1970


class EndpointMetrics:
    """Gathers requests in memory and writes them as points, about a second long, from a thread.

    What was gathered and not written is lost when the server is killed.
    """

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._lock = threading.Lock()
        self._flushing = threading.Lock()
        self._samples: list[_Sample] = []
        self._ends: dict[tuple[str, str], int] = {}  # of the last points, by endpoint and model
        self._sampled = -1  # the minute in which what is deployed was last looked at
        self._repeater = Repeater("endpoint metrics", self.flush)

    def record(self, endpoint: Endpoint, deployed: DeployedModel, served: Served) -> None:
        """Count a request."""
        with self._lock:
            now = _nanoseconds(self._cloud.clock.now())
            self._samples.append((now, endpoint, deployed, served))

    def flush(self) -> None:
        """Write what was gathered so far; once in a minute also what is deployed."""
        with self._flushing:
            with self._lock:
                samples, self._samples = self._samples, []
            points = list(self._traffic(samples))
            now = self._cloud.clock.now()
            if int(now.timestamp()) // _SAMPLED != self._sampled:
                self._sampled = int(now.timestamp()) // _SAMPLED
                points += self._deployments(_nanoseconds(now))
            if points:
                self._cloud.time_series.write(points)

    def recover(self) -> None:
        """Write from now on."""
        self._repeater.start()

    def stop(self) -> None:
        """Write what is left, and no more."""
        self._repeater.stop()

    def _traffic(self, samples: Sequence[_Sample]) -> Iterator[tuple[Identity, Point]]:
        """The points of some requests: one for each second of the clock, series and model."""
        groups: dict[tuple[str, str, int], list[_Sample]] = defaultdict(list)
        for sample in samples:
            time, endpoint, deployed, _ = sample
            groups[endpoint.name, deployed.id, time // _SECOND].append(sample)
        for (name, model_id, _), group in groups.items():
            start, end = self._interval(name, model_id, [time for time, *_ in group])
            _, endpoint, deployed, _ = group[-1]
            for identity, value in self._values(endpoint, deployed, [each[3] for each in group]):
                yield identity, Point(start, end, typed(value, identity.value_type))

    def _interval(self, name: str, model_id: str, times: Sequence[int]) -> tuple[int, int]:
        """The time that a point lasts: it holds its requests and touches no other point."""
        last = self._ends.get((name, model_id), 0)
        if last > max(times) + _SECOND:  # the clock was set back
            last = 0
        start = max(last, min(times) - _SHORTEST)
        end = max(max(times), start + 1)
        self._ends[name, model_id] = end
        return start, end

    def _values(
        self, endpoint: Endpoint, deployed: DeployedModel, served: Sequence[Served]
    ) -> Iterator[tuple[Identity, Plain]]:
        labels = self._labels(endpoint, deployed)

        def identity(name: str, value_type: int = Type.INT64, **more: str) -> Identity:
            return _identity(endpoint, name, labels | more, Kind.DELTA, value_type)

        classes: dict[str, int] = defaultdict(int)
        for each in served:
            classes[f"{each.code // 100}xx"] += 1
        for response_code, count in classes.items():
            yield identity("response_count", response_code=response_code), count
        if errors := sum(each.code >= 400 for each in served):
            yield identity("error_count"), errors
        if predictions := sum(each.predictions for each in served):
            yield identity("prediction_count"), predictions
        latencies = {
            "total": [each.total for each in served],
            "model": [each.model for each in served],
            "overhead": [each.total - each.model for each in served],
        }
        options = distributions.latency_options()
        for latency_type, values in latencies.items():
            made = identity("prediction_latencies", Type.DISTRIBUTION, latency_type=latency_type)
            yield made, distributions.gather(values, options)

    def _deployments(self, now: int) -> Iterator[tuple[Identity, Point]]:
        """How many replicas each deployed model has, and should have."""
        for collection in self._cloud.store.collections("/endpoints"):
            for endpoint in self._cloud.store.in_collection(collection, Endpoint):
                for deployed in endpoint.deployed_models:
                    wanted = _replicas(deployed)
                    ready = self._cloud.servers.is_ready(endpoint.name, deployed.id)
                    labels = self._labels(endpoint, deployed)
                    for name, count in (
                        ("replicas", wanted if ready else 0),
                        ("target_replicas", wanted),
                    ):
                        identity = _identity(endpoint, name, labels, Kind.GAUGE, Type.INT64)
                        yield identity, Point(now, now, typed(count, Type.INT64))

    def _labels(self, endpoint: Endpoint, deployed: DeployedModel) -> dict[str, str]:
        try:
            model = self._cloud.store.get(deployed.model, Model).display_name
        except GoogleAPICallError:  # it was deleted since
            model = ""
        return {
            "deployed_model_id": deployed.id,
            "spot": "False",
            "model_display_name": model,
            "endpoint_display_name": endpoint.display_name,
        }


def _identity(
    endpoint: Endpoint, name: str, labels: dict[str, str], kind: int, value_type: int
) -> Identity:
    _, project, _, location, _, endpoint_id = endpoint.name.split("/")
    number = str(project_number(project))
    return Identity(
        number,
        Metric(type=PREFIX + name, labels=labels),
        MonitoredResource(
            type=ENDPOINT,
            labels={
                "resource_container": number,
                "location": location,
                "endpoint_id": endpoint_id,
            },
        ),
        kind,
        value_type,
        "ms" if value_type == Type.DISTRIBUTION else "1",
    )


def _replicas(deployed: DeployedModel) -> int:
    """How many replicas a deployed model keeps at least, which localcloud counts it to have."""
    return int(
        deployed.dedicated_resources.min_replica_count
        or deployed.automatic_resources.min_replica_count
        or 1
    )


def _nanoseconds(time: datetime) -> int:
    return int(time.timestamp() * 1_000_000) * 1_000
