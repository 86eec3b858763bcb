"""The processes of all deployed models."""

import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from google.api_core.exceptions import AlreadyExists, ServiceUnavailable
from google.cloud.aiplatform_v1.types import DeployedModel, Endpoint

from localcloud.cloud import Cloud
from localcloud.cloud_monitoring.descriptors import ENDPOINT
from localcloud.prediction.container import Container, container
from localcloud.prediction.server import PredictionServer
from localcloud.resource_manager.projects import project_number
from localcloud.vertex import models


class PredictionServers:
    """Keeps one server for each deployed model."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._servers: dict[tuple[str, str], PredictionServer] = {}
        self._lock = threading.Lock()

    def deploy(self, endpoint: str, deployed: DeployedModel) -> None:
        """Start the server of a model and wait until it answers.

        Raises:
            AlreadyExists: the endpoint has a deployed model of this id.
            FailedPrecondition: the server ended or was not healthy in time.
            GoogleAPICallError: its image is not there or cannot be used.
        """
        server = self._start(endpoint, deployed)
        try:
            server.wait_ready()
        except BaseException:
            self.undeploy(endpoint, deployed.id)
            raise

    def find(self, endpoint: str, deployed_model_id: str) -> PredictionServer:
        """The server of a deployed model.

        Raises:
            ServiceUnavailable: it is being undeployed.
        """
        with self._lock:
            server = self._servers.get((endpoint, deployed_model_id))
        if server is None:
            raise ServiceUnavailable(f"{_title(endpoint, deployed_model_id)} is being undeployed.")
        return server

    def is_ready(self, endpoint: str, deployed_model_id: str) -> bool:
        """Whether a deployed model answers."""
        with self._lock:
            server = self._servers.get((endpoint, deployed_model_id))
        return server is not None and server.is_ready

    def undeploy(self, endpoint: str, deployed_model_id: str) -> None:
        """End the server of a deployed model."""
        with self._lock:
            server = self._servers.pop((endpoint, deployed_model_id), None)
        if server is not None:
            server.stop()
            self._cloud.log_files.end(server.log)

    def recover(self) -> None:
        """Start the servers of all models that the endpoints name, without waiting for them."""
        for collection in self._cloud.store.collections("/endpoints"):
            for endpoint in self._cloud.store.in_collection(collection, Endpoint):
                for deployed in endpoint.deployed_models:
                    self._start(endpoint.name, deployed)

    def stop(self) -> None:
        """End all servers."""
        with self._lock:
            servers = list(self._servers.values())
            self._servers.clear()
        if servers:
            with ThreadPoolExecutor(len(servers)) as pool:
                list(pool.map(PredictionServer.stop, servers))

    def _start(self, endpoint: str, deployed: DeployedModel) -> PredictionServer:
        home = self._cloud.home
        place = f"endpoints/{endpoint.rpartition('/')[2]}/{deployed.id}"
        title = _title(endpoint, deployed.id)
        server = PredictionServer(
            title,
            prepare=partial(self._container, endpoint, deployed),
            folder=home.root / "work" / place,
            log=home.logs / f"{place}.log",
        )
        with self._lock:
            if (endpoint, deployed.id) in self._servers:
                raise AlreadyExists(f"{title} already exists; choose another id.")
            self._servers[endpoint, deployed.id] = server
        self._follow(endpoint, deployed, server.log)
        server.start()
        return server

    def _follow(self, endpoint: str, deployed: DeployedModel, log: Path) -> None:
        """Have what the container writes appear in Cloud Logging, where Vertex AI puts it."""
        _, project, _, location, _, endpoint_id = endpoint.split("/")
        self._cloud.log_files.follow(
            log,
            f"projects/{project}/logs/aiplatform.googleapis.com/prediction_container",
            ENDPOINT,
            {
                "resource_container": str(project_number(project)),
                "location": location,
                "endpoint_id": endpoint_id,
            },
            {"deployed_model_id": deployed.id},
        )

    def _container(self, endpoint: str, deployed: DeployedModel) -> Container:
        name = f"{deployed.model}@{deployed.model_version_id}"
        model = models.get(self._cloud.store, name)
        image = self._cloud.images.resolve(model.container_spec.image_uri)
        project = str(project_number(endpoint.split("/")[1]))
        return container(self._cloud, image, project, endpoint, deployed, model)


def _title(endpoint: str, deployed_model_id: str) -> str:
    return f"Deployed model {deployed_model_id} of {endpoint}"
