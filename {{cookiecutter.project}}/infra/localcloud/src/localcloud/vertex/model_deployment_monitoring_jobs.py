"""Model deployment monitoring jobs: skew and drift of what an endpoint's models are asked."""

import uuid

from google.api_core.exceptions import FailedPrecondition
from google.cloud.aiplatform_v1.types import (
    CreateModelDeploymentMonitoringJobRequest,
    DeleteModelDeploymentMonitoringJobRequest,
    DeleteOperationMetadata,
    Endpoint,
    GetModelDeploymentMonitoringJobRequest,
    JobState,
    ListModelDeploymentMonitoringJobsRequest,
    ListModelDeploymentMonitoringJobsResponse,
    ModelDeploymentMonitoringJob,
    PauseModelDeploymentMonitoringJobRequest,
    ResumeModelDeploymentMonitoringJobRequest,
    SearchModelDeploymentMonitoringStatsAnomaliesRequest,
    SearchModelDeploymentMonitoringStatsAnomaliesResponse,
    UpdateModelDeploymentMonitoringJobOperationMetadata,
    UpdateModelDeploymentMonitoringJobRequest,
)
from google.protobuf.empty_pb2 import Empty

from localcloud.cloud import Cloud
from localcloud.monitoring import search, serving_logs, timetable, updates, validation
from localcloud.operations import Operation
from localcloud.rpc import raw
from localcloud.vertex import filters, listing
from localcloud.vertex.resources import location, new_id, now, operation_metadata

_COLLECTION = "modelDeploymentMonitoringJobs"
_OUTPUT_FIELDS = (
    "bigquery_tables",
    "error",
    "latest_monitoring_pipeline_metadata",
    "satisfies_pzi",
    "satisfies_pzs",
    "schedule_state",
)
_FILTERS: filters.Fields = {
    "create_time": lambda job: job.create_time,
    "display_name": lambda job: job.display_name,
    "labels": lambda job: job.labels,
    "state": lambda job: job.state.name,
    "update_time": lambda job: job.update_time,
}
ScheduleState = ModelDeploymentMonitoringJob.MonitoringScheduleState


def create_model_deployment_monitoring_job(
    cloud: Cloud, request: CreateModelDeploymentMonitoringJobRequest
) -> ModelDeploymentMonitoringJob:
    """Check a job, keep it, and log its endpoint's requests from now on.

    It is PENDING until the schema of the instances is known, then RUNNING.

    Partly: feature attributions are refused; alerts go to a file instead of to people; `log_ttl`
    and `encryption_spec` have no effect.

    Raises:
        FailedPrecondition: the endpoint is monitored already.
        InvalidArgument: a required field is missing or malformed.
        NotFound: the endpoint, the training data or the directory is not here.
    """
    job = ModelDeploymentMonitoringJob(request.model_deployment_monitoring_job)
    for field in _OUTPUT_FIELDS:
        raw(job).ClearField(field)
    validation.check_endpoint(cloud, job, request.parent)
    validation.check(job)
    validation.check_schemas(cloud, job)
    validation.check_objectives(cloud, cloud.monitoring.bigquery, job)
    job.name = f"{request.parent}/{_COLLECTION}/{new_id()}"
    job.stats_anomalies_base_directory.output_uri_prefix = _directory(cloud, job)
    job.bigquery_tables = [serving_logs.describe(job.endpoint)]
    job.state = JobState.JOB_STATE_PENDING
    job.schedule_state = ScheduleState.PENDING
    job.create_time = job.update_time = now()
    job.next_schedule_time = timetable.first_time(job, cloud.clock.now())
    with cloud.store.transaction():
        validation.check_endpoint(cloud, job, request.parent)  # another may have come meanwhile
        cloud.store.create(job)
        _note_on_endpoint(cloud, job.endpoint, job.name)
    cloud.monitoring.follow(job)
    return job


def get_model_deployment_monitoring_job(
    cloud: Cloud, request: GetModelDeploymentMonitoringJobRequest
) -> ModelDeploymentMonitoringJob:
    """The job as it stands."""
    return cloud.store.get(request.name, ModelDeploymentMonitoringJob)


def list_model_deployment_monitoring_jobs(
    cloud: Cloud, request: ListModelDeploymentMonitoringJobsRequest
) -> ListModelDeploymentMonitoringJobsResponse:
    """The jobs of a location."""
    jobs = cloud.store.in_collection(
        f"{request.parent}/{_COLLECTION}", ModelDeploymentMonitoringJob
    )
    selects = filters.predicate(request.filter, _FILTERS)
    shown, token = listing.page(jobs, request, selects=selects)
    return ListModelDeploymentMonitoringJobsResponse(
        model_deployment_monitoring_jobs=shown, next_page_token=token
    )


def update_model_deployment_monitoring_job(
    cloud: Cloud, request: UpdateModelDeploymentMonitoringJobRequest
) -> Operation:
    """Change the fields that the mask names; they count from the next run.

    Partly: feature attributions are refused; `log_ttl` has no effect.

    Raises:
        InvalidArgument: the mask or a value cannot be used.
        NotFound: there is no such job, or no such training data.
    """
    wanted = request.model_deployment_monitoring_job
    kept = cloud.store.get(wanted.name, ModelDeploymentMonitoringJob)
    paths = updates.paths(request.update_mask, wanted)
    objectives_change = any(path.startswith(updates.OBJECTIVES) for path in paths)
    validation.check(updates.apply(kept, wanted, paths))
    if objectives_change:
        validation.check_objectives(cloud, cloud.monitoring.bigquery, kept)
    with cloud.store.editing(wanted.name, ModelDeploymentMonitoringJob) as job:
        updates.apply(job, wanted, paths)
        if updates.SCHEDULE in paths:
            job.next_schedule_time = timetable.first_time(job, cloud.clock.now())
        if objectives_change:
            cloud.monitoring.history.forget_training(job.name)
        job.update_time = now()
    cloud.monitoring.follow(job)
    metadata = UpdateModelDeploymentMonitoringJobOperationMetadata(
        generic_metadata=operation_metadata()
    )
    return cloud.operations.done(job.name, job, metadata)


def delete_model_deployment_monitoring_job(
    cloud: Cloud, request: DeleteModelDeploymentMonitoringJobRequest
) -> Operation:
    """Delete a job and what it has found; its log table and files stay."""
    with cloud.store.transaction():
        job = cloud.store.get(request.name, ModelDeploymentMonitoringJob)
        cloud.store.delete(request.name)
        if cloud.store.exists(job.endpoint):
            _note_on_endpoint(cloud, job.endpoint, "")
    cloud.monitoring.forget(job)
    metadata = DeleteOperationMetadata(generic_metadata=operation_metadata())
    return cloud.operations.done(location(request.name), Empty(), metadata)


def pause_model_deployment_monitoring_job(
    cloud: Cloud, request: PauseModelDeploymentMonitoringJobRequest
) -> Empty:
    """Run the job no more until it is resumed; requests are logged as before.

    Raises:
        FailedPrecondition: it is paused already.
        NotFound: there is no such job.
    """
    with cloud.store.editing(request.name, ModelDeploymentMonitoringJob) as job:
        if job.state == JobState.JOB_STATE_PAUSED:
            raise FailedPrecondition(f"{request.name} is paused already.")
        job.state = JobState.JOB_STATE_PAUSED
        raw(job).ClearField("schedule_state")
        job.update_time = now()
    return Empty()


def resume_model_deployment_monitoring_job(
    cloud: Cloud, request: ResumeModelDeploymentMonitoringJobRequest
) -> Empty:
    """Let a paused job run again, from the next scheduled time on.

    Raises:
        FailedPrecondition: it is not paused.
        NotFound: there is no such job.
    """
    with cloud.store.editing(request.name, ModelDeploymentMonitoringJob) as job:
        if job.state != JobState.JOB_STATE_PAUSED:
            raise FailedPrecondition(f"{request.name} is not paused, so it cannot be resumed.")
        known = bool(job.predict_instance_schema_uri and job.analysis_instance_schema_uri)
        job.state = JobState.JOB_STATE_RUNNING if known else JobState.JOB_STATE_PENDING
        job.schedule_state = ScheduleState.OFFLINE if known else ScheduleState.PENDING
        if job.next_schedule_time <= cloud.clock.now():
            job.next_schedule_time = timetable.first_time(job, cloud.clock.now())
        job.update_time = now()
    cloud.monitoring.follow(job)
    return Empty()


def search_model_deployment_monitoring_stats_anomalies(
    cloud: Cloud, request: SearchModelDeploymentMonitoringStatsAnomaliesRequest
) -> SearchModelDeploymentMonitoringStatsAnomaliesResponse:
    """What the runs of a job have found for one of its deployed models.

    Partly: there are no attribution scores, so `top_feature_count` has no effect.

    Raises:
        InvalidArgument: a required field is missing, or the page token is not of this request.
        NotFound: there is no such job.
    """
    job = cloud.store.get(request.model_deployment_monitoring_job, ModelDeploymentMonitoringJob)
    return search.search(cloud.monitoring.history, job, request)


def _directory(cloud: Cloud, job: ModelDeploymentMonitoringJob) -> str:
    """Where results go: below the directory given, else in a bucket made for the project."""
    job_id = job.name.rpartition("/")[2]
    base = job.stats_anomalies_base_directory.output_uri_prefix.rstrip("/")
    if base:
        validation.check_directory(cloud, base)
        return f"{base}/job-{job_id}"
    bucket = f"cloud-ai-platform-{uuid.uuid5(uuid.NAMESPACE_URL, location(job.name))}"
    (cloud.home.storage / bucket).mkdir(exist_ok=True)
    return f"gs://{bucket}/model_monitoring/job-{job_id}"


def _note_on_endpoint(cloud: Cloud, endpoint: str, job: str) -> None:
    with cloud.store.editing(endpoint, Endpoint) as kept:
        kept.model_deployment_monitoring_job = job
