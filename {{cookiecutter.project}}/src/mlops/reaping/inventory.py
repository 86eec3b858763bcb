"""What there is: versions of the model, and endpoints with what is deployed on them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from mlops.reaping.rules import Deployment, Endpoint, Version
from mlops.registry.models import CHAMPION, find_model, list_versions

if TYPE_CHECKING:
    from google.cloud import aiplatform

    from mlops.settings import Settings

APPLICATION = "application"  # the label that terraform/ gives to all that it makes
ENVIRONMENT = "environment"  # the label that the pipeline gives to a version
PREDICTIONS = "aiplatform.googleapis.com/prediction/online/prediction_count"


@dataclass(frozen=True)
class Inventory:
    """Everything that rules judge."""

    versions: list[Version]
    endpoints: list[Endpoint]


def take_inventory(settings: Settings, idle: timedelta) -> Inventory:
    """Reads the model's versions and the application's endpoints.

    Args:
        settings: of the environment; endpoints are those labelled `application: NAME`, and the one
            that is called NAME.
        idle: how far back requests are counted.
    """
    from google.cloud import aiplatform

    model = find_model(settings.name)
    versions = list_versions(model) if model else []
    endpoints = aiplatform.Endpoint.list()
    deployed = {
        _version_name(each)
        for endpoint in endpoints
        for each in endpoint.gca_resource.deployed_models
    }
    champions = {_name(version) for version in versions if CHAMPION in version.version_aliases}
    requests = count_requests(settings.project, idle)
    return Inventory(
        [
            Version(
                number=version.version_id,
                created=version.version_create_time,
                aliases=tuple(version.version_aliases),
                registered_here=version.labels.get(ENVIRONMENT) == settings.environment,
                deployed=_name(version) in deployed,
            )
            for version in versions
        ],
        [
            _endpoint(endpoint, settings, champions, requests)
            for endpoint in endpoints
            if settings.name in (endpoint.display_name, endpoint.labels.get(APPLICATION))
        ],
    )


def count_requests(project: str, period: timedelta) -> Counter[str]:
    """How many instances each deployed model has predicted lately, by its id.

    https://cloud.google.com/monitoring/api/metrics_gcp_a_b#gcp-aiplatform
    """
    from google.cloud import monitoring_v3

    now = datetime.now(UTC)
    series = monitoring_v3.MetricServiceClient().list_time_series(
        request={
            "name": f"projects/{project}",
            "filter": f'metric.type = "{PREDICTIONS}"',
            "interval": {"start_time": now - period, "end_time": now},
            "view": monitoring_v3.ListTimeSeriesRequest.TimeSeriesView.FULL,
        }
    )
    counts: Counter[str] = Counter()
    for each in series:
        counts[each.metric.labels["deployed_model_id"]] += sum(
            point.value.int64_value for point in each.points
        )
    return counts


def _endpoint(
    endpoint: aiplatform.Endpoint,
    settings: Settings,
    champions: set[str],
    requests: Counter[str],
) -> Endpoint:
    split = endpoint.traffic_split
    return Endpoint(
        resource_name=endpoint.resource_name,
        name=endpoint.display_name,
        created=endpoint.create_time,
        serves=endpoint.display_name == settings.name,
        deployments=tuple(
            Deployment(
                id=each.id,
                name=each.display_name or each.id,
                created=each.create_time,
                share=split.get(each.id, 0),
                requests=requests[each.id],
                champion=_version_name(each) in champions,
            )
            for each in endpoint.gca_resource.deployed_models
        ),
    )


def _name(version: aiplatform.Model) -> str:
    return f"{version.resource_name}@{version.version_id}"


def _version_name(deployed: aiplatform.gapic.DeployedModel) -> str:
    return f"{deployed.model.partition('@')[0]}@{deployed.model_version_id}"
