"""What a deployed model is monitored for: which features, and how far they may move."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from google.cloud.aiplatform_v1.types import (
    ModelDeploymentMonitoringObjectiveType,
    ModelMonitoringObjectiveConfig,
    ThresholdConfig,
)

from localcloud.monitoring.features import InstanceSchema

Type: TypeAlias = ModelDeploymentMonitoringObjectiveType

DEFAULT_THRESHOLD = 0.3  # Vertex's own, for features of objectives without any threshold


@dataclass(frozen=True)
class Objective:
    """One objective: thresholds by feature, and the one of all other features, if they have one.

    A threshold of 0 means that a feature is measured and never an anomaly.
    """

    type: int
    thresholds: Mapping[str, float]
    default: float | None

    def threshold(self, feature: str) -> float | None:
        """The threshold of a feature, or None if it is not monitored."""
        return self.thresholds.get(feature, self.default)

    def features(self, schema: InstanceSchema) -> list[str]:
        """The monitored features that instances have."""
        return [name for name in schema.kinds if self.threshold(name) is not None]

    def unknown_features(self, schema: InstanceSchema) -> list[str]:
        """The features with a threshold that instances do not have."""
        return [name for name in self.thresholds if name not in schema.kinds]


def objectives(config: ModelMonitoringObjectiveConfig) -> Sequence[Objective]:
    """The objectives of a configuration: skew, drift or both."""
    found = []
    if "training_prediction_skew_detection_config" in config:
        skew = config.training_prediction_skew_detection_config
        default = skew.default_skew_threshold if "default_skew_threshold" in skew else None
        found.append(_objective(Type.RAW_FEATURE_SKEW, skew.skew_thresholds, default))
    if "prediction_drift_detection_config" in config:
        drift = config.prediction_drift_detection_config
        default = drift.default_drift_threshold if "default_drift_threshold" in drift else None
        found.append(_objective(Type.RAW_FEATURE_DRIFT, drift.drift_thresholds, default))
    return found


def _objective(
    kind: int, thresholds: Mapping[str, ThresholdConfig], default: ThresholdConfig | None
) -> Objective:
    values = {name: threshold.value for name, threshold in thresholds.items()}
    if default is not None:
        return Objective(kind, values, default.value)
    return Objective(kind, values, None if values else DEFAULT_THRESHOLD)
