"""Deploy model versions on the endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops.registry.models import check_version, make_champion
from mlops.release.state import ReleaseState

if TYPE_CHECKING:
    from google.cloud import aiplatform

    from mlops.serving_settings import Serving


def deploy_champion(name: str, model: aiplatform.Model, serving: Serving) -> aiplatform.Endpoint:
    """Gives a version all traffic of the endpoint `name`, which is created if it is not there.

    Nothing changes when the version has all traffic already, or while a release is in progress. The
    versions that it replaces stay warm until the traffic has moved, and are undeployed then.
    """
    endpoint = find_endpoint(name) or _create_endpoint(name)
    if is_releasing(endpoint):  # its controller alone moves the traffic
        return endpoint
    deployed_id = _find_deployed(endpoint, model) or _deploy(endpoint, model, serving)
    if endpoint.traffic_split != {deployed_id: 100}:
        endpoint.update(traffic_split={deployed_id: 100})
    for deployed in endpoint.list_models():
        if deployed.id != deployed_id:
            endpoint.undeploy(deployed.id)
    return endpoint


def promote(name: str, model: aiplatform.Model, serving: Serving) -> aiplatform.Endpoint:
    """Deploys a version next to the champion, moves all traffic to it, and makes it champion."""
    check_version(model)
    endpoint = deploy_champion(name, model, serving)
    make_champion(model)
    return endpoint


def is_releasing(endpoint: aiplatform.Endpoint | None) -> bool:
    """Whether a release is in progress on an endpoint."""
    state = ReleaseState.read(endpoint.labels) if endpoint else None
    return state is not None and not state.phase.is_over


def find_endpoint(name: str) -> aiplatform.Endpoint | None:
    """The endpoint of that display name; None when there is none yet."""
    from google.cloud import aiplatform

    endpoints = aiplatform.Endpoint.list(filter=f'display_name="{name}"')
    return endpoints[0] if endpoints else None


def is_deployed(name: str) -> bool:
    """Whether a model is on the endpoint of that display name."""
    endpoint = find_endpoint(name)
    return endpoint is not None and bool(endpoint.list_models())


def _create_endpoint(name: str) -> aiplatform.Endpoint:
    from google.cloud import aiplatform

    return aiplatform.Endpoint.create(display_name=name)


def _find_deployed(endpoint: aiplatform.Endpoint, model: aiplatform.Model) -> str | None:
    """The id of a version on the endpoint, if it is deployed there."""
    for deployed in endpoint.list_models():
        resource_name = deployed.model.partition("@")[0]
        if (resource_name, deployed.model_version_id) == (model.resource_name, model.version_id):
            return str(deployed.id)
    return None


def _options(serving: Serving) -> dict[str, Any]:
    """What a deployment is told only if it is wanted: accelerators, and targets of autoscaling."""
    options: dict[str, Any] = {
        "autoscaling_target_cpu_utilization": serving.autoscaling.cpu_utilization,
        "autoscaling_target_accelerator_duty_cycle": serving.autoscaling.gpu_duty_cycle,
        "autoscaling_target_request_count_per_minute": serving.autoscaling.requests_per_minute,
    }
    if serving.accelerator_type:
        options["accelerator_type"] = serving.accelerator_type
        options["accelerator_count"] = serving.accelerator_count
    return {name: value for name, value in options.items() if value is not None}


def _deploy(endpoint: aiplatform.Endpoint, model: aiplatform.Model, serving: Serving) -> str:
    """Deploys a version: with all traffic when it is alone, else with none. Gives its id."""
    endpoint.deploy(
        model,
        deployed_model_display_name=f"{model.display_name}-v{model.version_id}",
        machine_type=serving.machine_type,
        min_replica_count=serving.min_replica_count,
        max_replica_count=serving.max_replica_count,
        **_options(serving),
        traffic_percentage=0 if endpoint.list_models() else 100,
    )
    deployed_id = _find_deployed(endpoint, model)
    if deployed_id is None:
        raise RuntimeError(f"Version {model.version_id} is missing from the endpoint it joined.")
    return deployed_id
