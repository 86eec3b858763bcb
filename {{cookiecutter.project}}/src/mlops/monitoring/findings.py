"""What the monitoring job has found, window by window: distances and thresholds, never values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from google.cloud import aiplatform_v1
    from google.cloud.aiplatform_v1.types import ModelDeploymentMonitoringJob as Job


class Objective(StrEnum):
    """What requests are compared with: the training data, or the window before."""

    SKEW = "skew"
    DRIFT = "drift"


_TYPES = {Objective.SKEW: "RAW_FEATURE_SKEW", Objective.DRIFT: "RAW_FEATURE_DRIFT"}


@dataclass(frozen=True)
class Point:
    """The distance of one window.

    Attributes:
        begin: of the window.
        end: of the window, which no longer belongs to it.
        distance: from 0, alike, to 1, nothing in common.
        threshold: of that window; 0 for none.
    """

    begin: datetime
    end: datetime
    distance: float
    threshold: float

    @property
    def is_anomaly(self) -> bool:
        """Whether the feature was too far away."""
        return 0 < self.threshold < self.distance


@dataclass(frozen=True)
class Series:
    """The windows of one feature.

    Attributes:
        deployed_model: that was asked.
        objective: what its requests are compared with.
        feature: the input's name.
        points: from old to new; one at least.
    """

    deployed_model: str
    objective: Objective
    feature: str
    points: tuple[Point, ...]


def read_findings(client: aiplatform_v1.JobServiceClient, job: Job) -> list[Series]:
    """All that the job has found of the models that it watches, by model, objective, feature."""
    return [
        series
        for config in job.model_deployment_monitoring_objective_configs
        for objective in _watched(config.objective_config)
        for series in _read(client, job.name, config.deployed_model_id, objective)
    ]


def _watched(config: Any) -> Iterator[Objective]:
    if "training_prediction_skew_detection_config" in config:
        yield Objective.SKEW
    if "prediction_drift_detection_config" in config:
        yield Objective.DRIFT


def _read(
    client: aiplatform_v1.JobServiceClient, job: str, deployed_model: str, objective: Objective
) -> list[Series]:
    found: dict[str, list[Point]] = {}
    pages = client.search_model_deployment_monitoring_stats_anomalies(
        request={
            "model_deployment_monitoring_job": job,
            "deployed_model_id": deployed_model,
            "objectives": [{"type_": _TYPES[objective]}],
        }
    )
    for statistics in pages:
        for feature in statistics.feature_stats:
            points = found.setdefault(feature.feature_display_name, [])
            points += [
                Point(
                    each.start_time,
                    each.end_time,
                    each.distribution_deviation,
                    each.anomaly_detection_threshold,
                )
                for each in feature.prediction_stats
            ]
    return [
        Series(deployed_model, objective, name, tuple(sorted(points, key=lambda p: p.end)))
        for name, points in sorted(found.items())
        if points  # a feature of which only the training data is known yet has none
    ]
