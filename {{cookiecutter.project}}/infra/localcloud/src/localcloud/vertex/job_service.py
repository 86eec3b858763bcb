"""JobService: jobs of each kind live in a module of their own."""

from localcloud.vertex.batch_prediction_jobs import (
    cancel_batch_prediction_job,
    create_batch_prediction_job,
    delete_batch_prediction_job,
    get_batch_prediction_job,
    list_batch_prediction_jobs,
)
from localcloud.vertex.custom_jobs import (
    cancel_custom_job,
    create_custom_job,
    delete_custom_job,
    get_custom_job,
    list_custom_jobs,
)
from localcloud.vertex.hyperparameter_tuning_jobs import (
    cancel_hyperparameter_tuning_job,
    create_hyperparameter_tuning_job,
    delete_hyperparameter_tuning_job,
    get_hyperparameter_tuning_job,
    list_hyperparameter_tuning_jobs,
)
from localcloud.vertex.model_deployment_monitoring_jobs import (
    create_model_deployment_monitoring_job,
    delete_model_deployment_monitoring_job,
    get_model_deployment_monitoring_job,
    list_model_deployment_monitoring_jobs,
    pause_model_deployment_monitoring_job,
    resume_model_deployment_monitoring_job,
    search_model_deployment_monitoring_stats_anomalies,
    update_model_deployment_monitoring_job,
)

__all__ = [
    "cancel_batch_prediction_job",
    "cancel_custom_job",
    "cancel_hyperparameter_tuning_job",
    "create_batch_prediction_job",
    "create_custom_job",
    "create_hyperparameter_tuning_job",
    "create_model_deployment_monitoring_job",
    "delete_batch_prediction_job",
    "delete_custom_job",
    "delete_hyperparameter_tuning_job",
    "delete_model_deployment_monitoring_job",
    "get_batch_prediction_job",
    "get_custom_job",
    "get_hyperparameter_tuning_job",
    "get_model_deployment_monitoring_job",
    "list_batch_prediction_jobs",
    "list_custom_jobs",
    "list_hyperparameter_tuning_jobs",
    "list_model_deployment_monitoring_jobs",
    "pause_model_deployment_monitoring_job",
    "resume_model_deployment_monitoring_job",
    "search_model_deployment_monitoring_stats_anomalies",
    "update_model_deployment_monitoring_job",
]
