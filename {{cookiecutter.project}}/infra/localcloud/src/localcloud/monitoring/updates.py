"""Changing a monitoring job: which fields an update mask can name, and what comes of it."""

from collections.abc import Collection

from google.api_core.exceptions import InvalidArgument
from google.cloud.aiplatform_v1.types import ModelDeploymentMonitoringJob
from google.protobuf.field_mask_pb2 import FieldMask

from localcloud.vertex.resources import masked_fields, populated_fields, replace_fields

OBJECTIVES = "model_deployment_monitoring_objective_configs"
SCHEDULE = "model_deployment_monitoring_schedule_config"
_NESTED = f"{OBJECTIVES}.objective_config."
_WHOLE = (
    "display_name",
    SCHEDULE,
    "model_monitoring_alert_config",
    "logging_sampling_strategy",
    "labels",
    "log_ttl",
    "enable_monitoring_pipeline_logs",
    OBJECTIVES,
)
_PARTS = (
    f"{_NESTED}training_dataset",
    f"{_NESTED}training_prediction_skew_detection_config",
    f"{_NESTED}prediction_drift_detection_config",
)


def paths(mask: FieldMask, wanted: ModelDeploymentMonitoringJob) -> list[str]:
    """The fields to change: those of the mask, without one those that have a value.

    Raises:
        InvalidArgument: the mask names a field that cannot be changed, or there is nothing to do.
    """
    if list(mask.paths) == ["*"]:
        return list(_WHOLE)
    named = list(mask.paths) or populated_fields(wanted, _WHOLE)
    return masked_fields(FieldMask(paths=named), (*_WHOLE, *_PARTS))


def apply(
    job: ModelDeploymentMonitoringJob,
    wanted: ModelDeploymentMonitoringJob,
    paths: Collection[str],
) -> ModelDeploymentMonitoringJob:
    """Change a job in place, and return it.

    Raises:
        InvalidArgument: a part of an objective is for a deployed model without objectives.
    """
    replace_fields(job, wanted, [path for path in paths if path in _WHOLE])
    parts = [path.removeprefix(_NESTED) for path in paths if path in _PARTS]
    if parts:
        _apply_parts(job, wanted, parts)
    return job


def _apply_parts(
    job: ModelDeploymentMonitoringJob,
    wanted: ModelDeploymentMonitoringJob,
    parts: Collection[str],
) -> None:
    configs = job.model_deployment_monitoring_objective_configs
    kept = {config.deployed_model_id: config.objective_config for config in configs}
    for config in wanted.model_deployment_monitoring_objective_configs:
        if config.deployed_model_id not in kept:
            raise InvalidArgument(
                f"Deployed model {config.deployed_model_id} has no objectives to change; name"
                f" {OBJECTIVES} in update_mask to add some."
            )
        replace_fields(kept[config.deployed_model_id], config.objective_config, parts)
