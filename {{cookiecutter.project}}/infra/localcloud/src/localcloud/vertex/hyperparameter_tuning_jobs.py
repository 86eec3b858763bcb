"""Hyperparameter tuning jobs: a study whose trials are custom jobs."""

from google.api_core.exceptions import InvalidArgument, MethodNotImplemented
from google.cloud.aiplatform_v1.types import (
    CancelHyperparameterTuningJobRequest,
    CreateHyperparameterTuningJobRequest,
    DeleteHyperparameterTuningJobRequest,
    GetHyperparameterTuningJobRequest,
    HyperparameterTuningJob,
    ListHyperparameterTuningJobsRequest,
    ListHyperparameterTuningJobsResponse,
)
from google.protobuf.empty_pb2 import Empty

from localcloud.cloud import Cloud
from localcloud.jobs.tuning import Tuning
from localcloud.operations import Operation
from localcloud.rpc import raw
from localcloud.studies import search_space
from localcloud.vertex import job_resources
from localcloud.vertex.custom_jobs import check_spec


def create_hyperparameter_tuning_job(
    cloud: Cloud, request: CreateHyperparameterTuningJobRequest
) -> HyperparameterTuningJob:
    """Check a job, keep it and start it.

    Partly: TPE stands for Vertex's own search; stopping by itself and safety metrics are refused,
    `observation_noise` has no effect, and trials leave out what custom jobs do.

    Raises:
        InvalidArgument: a required field is missing or malformed.
        NotFound: an image is not here.
    """
    tuning = HyperparameterTuningJob(request.hyperparameter_tuning_job)
    tuning.trials = []
    _check(tuning)
    check_spec(cloud, tuning.trial_job_spec, "hyperparameter_tuning_job.trial_job_spec")
    created: HyperparameterTuningJob = job_resources.create(
        cloud, request.parent, tuning, Tuning()
    ).resource
    return created


def get_hyperparameter_tuning_job(
    cloud: Cloud, request: GetHyperparameterTuningJobRequest
) -> HyperparameterTuningJob:
    """The job as it stands, with its trials."""
    return cloud.store.get(request.name, HyperparameterTuningJob)


def list_hyperparameter_tuning_jobs(
    cloud: Cloud, request: ListHyperparameterTuningJobsRequest
) -> ListHyperparameterTuningJobsResponse:
    """The jobs of a location, without their trials."""
    jobs, token = job_resources.page(cloud, request, HyperparameterTuningJob)
    for job in jobs:
        job.trials = []
    return ListHyperparameterTuningJobsResponse(
        hyperparameter_tuning_jobs=jobs, next_page_token=token
    )


def cancel_hyperparameter_tuning_job(
    cloud: Cloud, request: CancelHyperparameterTuningJobRequest
) -> Empty:
    """Ask a job to end, with its trials."""
    return job_resources.cancel(cloud, request.name, HyperparameterTuningJob)


def delete_hyperparameter_tuning_job(
    cloud: Cloud, request: DeleteHyperparameterTuningJobRequest
) -> Operation:
    """Delete a job that has ended; its custom jobs stay."""
    return job_resources.delete(cloud, request.name, HyperparameterTuningJob)


def _check(tuning: HyperparameterTuningJob) -> None:
    search_space.check(tuning.study_spec)
    for field in ("max_trial_count", "parallel_trial_count"):
        if getattr(tuning, field) < 1:
            raise InvalidArgument(f"{field} is {getattr(tuning, field)}; give at least 1.")
    if tuning.parallel_trial_count > tuning.max_trial_count:
        raise InvalidArgument(
            f"parallel_trial_count is {tuning.parallel_trial_count}; it must be at most"
            f" max_trial_count ({tuning.max_trial_count})."
        )
    if tuning.max_failed_trial_count < 0:
        raise InvalidArgument("max_failed_trial_count is negative; give 0 or more.")
    if raw(tuning.study_spec).WhichOneof("automated_stopping_spec"):
        raise MethodNotImplemented(
            "localcloud does not stop the trials of tuning jobs early; leave out the automated"
            " stopping spec."
        )
