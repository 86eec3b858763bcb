"""What is refused when a monitoring job is created or changed."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from google.api_core.exceptions import (
    FailedPrecondition,
    InvalidArgument,
    MethodNotImplemented,
    NotFound,
)
from google.cloud.aiplatform_v1.types import (
    Endpoint,
    ModelDeploymentMonitoringJob,
    ModelDeploymentMonitoringObjectiveConfig,
    ModelMonitoringAlertConfig,
    ModelMonitoringObjectiveConfig,
    ThresholdConfig,
)

from localcloud.bigquery.client import BigQuery
from localcloud.cloud import Cloud
from localcloud.monitoring import instance_schemas, training_data
from localcloud.storage.names import is_bucket_name, is_object_name
from localcloud.vertex import deployments
from localcloud.vertex.resources import check_display_name, check_labels

_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
_CHANNEL = re.compile(r"projects/[^/]+/notificationChannels/[^/]+")
_HOUR = timedelta(hours=1)
_NO_TIME = timedelta(0)


def check(job: ModelDeploymentMonitoringJob) -> None:
    """Refuse a job whose own fields say what cannot be.

    Raises:
        InvalidArgument: a required field is missing, or a value cannot be used.
    """
    check_display_name(job.display_name)
    check_labels(job.labels)
    _check_schedule(job)
    _check_sampling(job)
    _check_alerts(job.model_monitoring_alert_config)
    if job.log_ttl and job.log_ttl < _NO_TIME:
        raise InvalidArgument("log_ttl is negative; give a number of days, or 0 to keep the logs.")


def check_objectives(cloud: Cloud, bigquery: BigQuery, job: ModelDeploymentMonitoringJob) -> None:
    """Refuse objectives that cannot be followed.

    Raises:
        InvalidArgument: there are none, or a value cannot be used.
        MethodNotImplemented: they ask for what localcloud does not do.
        NotFound: the endpoint or the training data is not there.
    """
    endpoint = cloud.store.get(job.endpoint, Endpoint)
    configs = list(job.model_deployment_monitoring_objective_configs)
    _check_models(endpoint, configs)
    for config in configs:
        _check_config(cloud, bigquery, config.objective_config)


def check_endpoint(cloud: Cloud, job: ModelDeploymentMonitoringJob, parent: str) -> None:
    """Refuse an endpoint that cannot have a new job.

    Raises:
        FailedPrecondition: it is monitored already.
        InvalidArgument: it is missing, or in another location.
        NotFound: there is no such endpoint.
    """
    if not job.endpoint:
        raise InvalidArgument("endpoint is required; name the endpoint to monitor.")
    if job.endpoint.rpartition("/endpoints/")[0] != parent:
        raise InvalidArgument(f"endpoint is {job.endpoint!r}; name an endpoint of {parent}.")
    endpoint = cloud.store.get(job.endpoint, Endpoint)
    if endpoint.model_deployment_monitoring_job:
        raise FailedPrecondition(
            f"Endpoint {endpoint.name} is monitored by {endpoint.model_deployment_monitoring_job}"
            " already; update or delete that job."
        )


def check_directory(cloud: Cloud, uri: str) -> None:
    """Refuse a directory for results that is not in a bucket.

    Raises:
        InvalidArgument: it is no Cloud Storage URI.
        NotFound: there is no such bucket.
    """
    bucket, _, folder = uri.removeprefix("gs://").partition("/")
    is_folder = not folder or is_object_name(folder)
    if not uri.startswith("gs://") or not is_bucket_name(bucket) or not is_folder:
        raise InvalidArgument(
            f"stats_anomalies_base_directory is {uri!r}; give a Cloud Storage URI (gs://…)."
        )
    if not (cloud.home.storage / bucket).is_dir():
        raise NotFound(f"Bucket {bucket} was not found; create it for the results.")


def check_schemas(cloud: Cloud, job: ModelDeploymentMonitoringJob) -> None:
    """Refuse schemas of instances, or a sample, that cannot be used.

    Raises:
        InvalidArgument: a file is not there or is no schema, or the sample is no instance.
    """
    for uri in (job.predict_instance_schema_uri, job.analysis_instance_schema_uri):
        if uri:
            instance_schemas.read_file(cloud, uri)
    instance_schemas.sample_instance(job)


def _check_schedule(job: ModelDeploymentMonitoringJob) -> None:
    schedule = job.model_deployment_monitoring_schedule_config
    if not schedule.monitor_interval or schedule.monitor_interval < _HOUR:
        raise InvalidArgument(
            "model_deployment_monitoring_schedule_config.monitor_interval is less than an hour;"
            " give 3600 s or more."
        )
    if schedule.monitor_window and schedule.monitor_window < _NO_TIME:
        raise InvalidArgument(
            "model_deployment_monitoring_schedule_config.monitor_window is negative."
        )


def _check_sampling(job: ModelDeploymentMonitoringJob) -> None:
    rate = job.logging_sampling_strategy.random_sample_config.sample_rate
    if not 0 < rate <= 1:
        raise InvalidArgument(
            f"logging_sampling_strategy.random_sample_config.sample_rate is {rate:g}; give a share"
            " of the requests above 0 and up to 1."
        )


def _check_alerts(config: ModelMonitoringAlertConfig) -> None:
    for position, address in enumerate(config.email_alert_config.user_emails):
        if not _EMAIL.fullmatch(address):
            raise InvalidArgument(
                "model_monitoring_alert_config.email_alert_config.user_emails"
                f"[{position}] is no e-mail address; write name@example.com."
            )
    for channel in config.notification_channels:
        if not _CHANNEL.fullmatch(channel):
            raise InvalidArgument(
                f"model_monitoring_alert_config.notification_channels has {channel!r}; write"
                " projects/PROJECT/notificationChannels/CHANNEL."
            )


def _check_models(
    endpoint: Endpoint, configs: Sequence[ModelDeploymentMonitoringObjectiveConfig]
) -> None:
    if not configs:
        raise InvalidArgument(
            "model_deployment_monitoring_objective_configs is empty; give the objectives of each"
            " deployed model that is to be monitored."
        )
    ids = [config.deployed_model_id for config in configs]
    for model in ids:
        if model not in deployments.ids(endpoint):
            raise InvalidArgument(
                f"Endpoint {endpoint.name} has no deployed model {model or 'without id'}; use one"
                f" of {', '.join(sorted(deployments.ids(endpoint))) or 'none, so deploy one'}."
            )
        if ids.count(model) > 1:
            raise InvalidArgument(
                f"Deployed model {model} has {ids.count(model)} objective configs; give it one."
            )


def _check_config(cloud: Cloud, bigquery: BigQuery, config: ModelMonitoringObjectiveConfig) -> None:
    _refuse_attributions(config)
    skews = "training_prediction_skew_detection_config" in config
    if not skews and "prediction_drift_detection_config" not in config:
        raise InvalidArgument(
            "objective_config has no objective; give a training_prediction_skew_detection_config,"
            " a prediction_drift_detection_config or both."
        )
    for name, threshold in _thresholds(config):
        if not 0 <= threshold.value <= 1:
            raise InvalidArgument(
                f"The threshold of {name} is {threshold.value:g}; give a distance from 0 to 1."
            )
    if skews:
        training_data.check(cloud, bigquery, config.training_dataset)


def _thresholds(config: ModelMonitoringObjectiveConfig) -> Iterator[tuple[str, ThresholdConfig]]:
    skew = config.training_prediction_skew_detection_config
    drift = config.prediction_drift_detection_config
    maps: tuple[Mapping[str, ThresholdConfig], ...] = (skew.skew_thresholds, drift.drift_thresholds)
    for thresholds in maps:
        yield from thresholds.items()
    yield "all features", skew.default_skew_threshold
    yield "all features", drift.default_drift_threshold


def _refuse_attributions(config: ModelMonitoringObjectiveConfig) -> None:
    skew = config.training_prediction_skew_detection_config
    drift = config.prediction_drift_detection_config
    if (
        config.explanation_config.enable_feature_attributes
        or skew.attribution_score_skew_thresholds
        or drift.attribution_score_drift_thresholds
    ):
        raise MethodNotImplemented(
            "localcloud does not monitor feature attributions; leave out explanation_config and"
            " the attribution score thresholds."
        )
