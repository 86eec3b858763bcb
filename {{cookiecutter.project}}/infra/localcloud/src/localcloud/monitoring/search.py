"""Answers what a monitoring job has found."""

from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple, TypeAlias

from google.api_core.exceptions import InvalidArgument
from google.cloud.aiplatform_v1.types import (
    ModelDeploymentMonitoringJob,
    ModelMonitoringStatsAnomalies,
    SearchModelDeploymentMonitoringStatsAnomaliesRequest,
    SearchModelDeploymentMonitoringStatsAnomaliesResponse,
)

from localcloud.monitoring.analysis import is_anomaly
from localcloud.monitoring.history import SERVING, TRAINING, Found, History, Series
from localcloud.monitoring.objectives import Objective, Type, objectives
from localcloud.vertex import listing

Request: TypeAlias = SearchModelDeploymentMonitoringStatsAnomaliesRequest
FeatureStats: TypeAlias = ModelMonitoringStatsAnomalies.FeatureHistoricStatsAnomalies

_MOST = 1000  # windows' statistics of one answer


class _Item(NamedTuple):
    """One window's finding, and what goes with it in the answer."""

    objective: int
    found: Found
    training: Found | None


def search(
    history: History, job: ModelDeploymentMonitoringJob, request: Request
) -> SearchModelDeploymentMonitoringStatsAnomaliesResponse:
    """A page of findings, grouped by objective and feature, windows from old to new.

    Raises:
        InvalidArgument: a required field is missing, or the page token is not of this request.
    """
    configured = {
        config.deployed_model_id: objectives(config.objective_config)
        for config in job.model_deployment_monitoring_objective_configs
    }
    model = request.deployed_model_id
    if model not in configured:
        raise InvalidArgument(
            f"deployed_model_id is {model!r}; use one that the job monitors:"
            f" {', '.join(configured)}."
        )
    if not request.objectives:
        raise InvalidArgument("objectives is required; name the objectives of the statistics.")
    items = [
        item
        for each in request.objectives
        for item in _items(history, Series(job.name, model, each.type_), request)
    ]
    shown, token = listing.page(items, request, sizes=(_MOST, _MOST))
    thresholds = {objective.type: objective for objective in configured[model]}
    return SearchModelDeploymentMonitoringStatsAnomaliesResponse(
        monitoring_stats=[
            _stats(model, kind, list(group), thresholds.get(Type(kind)))
            for kind, group in groupby(shown, key=lambda item: item.objective)
        ],
        next_page_token=token,
    )


def _items(history: History, series: Series, request: Request) -> Iterator[_Item]:
    rows = history.read(series, request.start_time, request.end_time)
    wanted = request.feature_display_name
    for feature, group in groupby(rows, key=lambda row: row.feature):
        if wanted not in ("", feature):
            continue
        training: Found | None = None
        for row in group:
            if row.dataset == TRAINING:
                training = row
            elif row.dataset == SERVING:
                yield _Item(series.objective, row, training)


def _stats(
    model: str, kind: int, items: list[_Item], objective: Objective | None
) -> ModelMonitoringStatsAnomalies:
    return ModelMonitoringStatsAnomalies(
        objective=kind,
        deployed_model_id=model,
        anomaly_count=sum(is_anomaly(item.found.anomaly) for item in items),
        feature_stats=[
            _feature(name, list(group), objective)
            for name, group in groupby(items, key=lambda item: item.found.feature)
        ],
    )


def _feature(name: str, items: list[_Item], objective: Objective | None) -> FeatureStats:
    stats = FeatureStats(
        feature_display_name=name, prediction_stats=[item.found.anomaly for item in items]
    )
    threshold = objective.threshold(name) if objective else None
    if threshold is not None:
        stats.threshold.value = threshold
    if items[0].training:
        stats.training_stats = items[0].training.anomaly
    return stats
