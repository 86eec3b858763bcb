"""The endpoint, as the controller of a release needs it, and Vertex AI's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from google.cloud import aiplatform, aiplatform_v1

    from mlops.serving_settings import Serving

_DEPLOY_SECONDS = 1800.0


@dataclass(frozen=True)
class EndpointState:
    """What was read of an endpoint at one moment.

    Attributes:
        etag: names this state; an update that carries it fails once the endpoint has changed.
        labels: of the endpoint.
        split: percent of the traffic by deployed model.
        versions: of the registered model, by deployed model.
    """

    etag: str
    labels: Mapping[str, str]
    split: Mapping[str, int]
    versions: Mapping[str, str]


class EndpointPort(Protocol):
    """All that a release does to an endpoint; errors are those of google.api_core."""

    def read(self) -> EndpointState:
        """The endpoint as it is now."""

    def update(self, etag: str, labels: Mapping[str, str], split: Mapping[str, int]) -> None:
        """Sets labels and traffic at once, if the endpoint is still as it was read."""

    def deploy(self, deployed_id: str, version: str) -> None:
        """Deploys a version without traffic, under an id of our own; returns when it answers."""

    def undeploy(self, deployed_id: str) -> None:
        """Takes a model without traffic off the endpoint."""


class VertexEndpoint:
    """An endpoint of Vertex AI."""

    def __init__(self, endpoint: aiplatform.Endpoint, model: str, serving: Serving) -> None:
        """Takes the endpoint, the resource name of the model without a version, and machines."""
        self._client: aiplatform_v1.EndpointServiceClient = endpoint.api_client
        self._name = endpoint.resource_name
        self._model = model
        self._serving = serving

    def read(self) -> EndpointState:
        """The endpoint as it is now."""
        endpoint = self._client.get_endpoint(name=self._name)
        return EndpointState(
            etag=endpoint.etag,
            labels=dict(endpoint.labels),
            split={key: share for key, share in endpoint.traffic_split.items() if share},
            versions={each.id: each.model_version_id for each in endpoint.deployed_models},
        )

    def update(self, etag: str, labels: Mapping[str, str], split: Mapping[str, int]) -> None:
        """Sets labels and traffic at once, if the endpoint is still as it was read."""
        self._client.update_endpoint(
            endpoint={
                "name": self._name,
                "etag": etag,
                "labels": dict(labels),
                "traffic_split": dict(split),
            },
            update_mask={"paths": ["labels", "traffic_split"]},
        )

    def deploy(self, deployed_id: str, version: str) -> None:
        """Deploys a version without traffic, under an id of our own; returns when it answers."""
        operation = self._client.deploy_model(
            endpoint=self._name,
            deployed_model={
                "id": deployed_id,
                "model": f"{self._model}@{version}",
                "display_name": f"v{version}",
                "dedicated_resources": self._serving.dedicated_resources(),
            },
        )  # no traffic_split: the endpoint's stays as it is
        operation.result(timeout=_DEPLOY_SECONDS)

    def undeploy(self, deployed_id: str) -> None:
        """Takes a model without traffic off the endpoint."""
        operation = self._client.undeploy_model(endpoint=self._name, deployed_model_id=deployed_id)
        operation.result(timeout=_DEPLOY_SECONDS)


def turn_on_log(endpoint: aiplatform.Endpoint, project: str) -> None:
    """Has the endpoint log all requests into BigQuery, if it logs none yet."""
    if find_log(endpoint):
        return
    endpoint.api_client.update_endpoint(
        endpoint={
            "name": endpoint.resource_name,
            "predict_request_response_logging_config": {
                "enabled": True,
                "sampling_rate": 1.0,
                "bigquery_destination": {"output_uri": f"bq://{project}"},
            },
        },
        update_mask={"paths": ["predict_request_response_logging_config"]},
    )


def find_log(endpoint: aiplatform.Endpoint) -> str:
    """The table of the endpoint's requests, `PROJECT.DATASET.TABLE`; nothing when it logs none."""
    resource = endpoint.api_client.get_endpoint(name=endpoint.resource_name)
    config = resource.predict_request_response_logging_config
    uri: str = config.bigquery_destination.output_uri if config.enabled else ""
    return uri.removeprefix("bq://")
