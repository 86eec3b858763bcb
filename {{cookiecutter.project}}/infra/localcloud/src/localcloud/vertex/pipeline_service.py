"""PipelineService: pipeline jobs that really run."""

import re
from collections.abc import Collection
from typing import Any

from google.api_core.exceptions import (
    FailedPrecondition,
    InvalidArgument,
    MethodNotImplemented,
)
from google.cloud.aiplatform_v1 import types
from google.protobuf.empty_pb2 import Empty

from localcloud.cloud import Cloud
from localcloud.pipelines.job_inputs import job_inputs
from localcloud.pipelines.record import ENDED
from localcloud.pipelines.runner import pipeline_of
from localcloud.pipelines.spec import InvalidSpec, UnsupportedSpec
from localcloud.rpc import raw
from localcloud.vertex import filters, listing, pipeline_lineage
from localcloud.vertex.resources import check_labels, new_id, now, operation_metadata
from localcloud.vertex.training_pipelines import (
    cancel_training_pipeline,
    create_training_pipeline,
    delete_training_pipeline,
    get_training_pipeline,
    list_training_pipelines,
)

__all__ = [
    "batch_cancel_pipeline_jobs",
    "batch_delete_pipeline_jobs",
    "cancel_pipeline_job",
    "cancel_training_pipeline",
    "check_pipeline_job",
    "create_pipeline_job",
    "create_training_pipeline",
    "delete_pipeline_job",
    "delete_training_pipeline",
    "get_pipeline_job",
    "get_training_pipeline",
    "list_pipeline_jobs",
    "list_training_pipelines",
]

_JOB_ID = re.compile(r"[a-z][-a-z0-9]{0,127}")
_LARGEST_BATCH = 32
_ORDER = ("create_time", "end_time", "start_time", "update_time")
_FIELDS: filters.Fields = {
    "create_time": lambda job: job.create_time,
    "display_name": lambda job: job.display_name,
    "end_time": lambda job: job.end_time,
    "labels": lambda job: job.labels,
    "pipeline_job_user_id": lambda job: job.name.rpartition("/")[2],
    "pipeline_name": lambda job: _pipeline_name(job),
    "schedule_name": lambda job: job.schedule_name,
    "state": lambda job: job.state.name,
    "template_uri": lambda job: job.template_uri,
    "update_time": lambda job: job.update_time,
}


def create_pipeline_job(cloud: Cloud, request: types.CreatePipelineJobRequest) -> types.PipelineJob:
    """Check a job, keep it and start it.

    Partly: `template_uri` without a spec, workspaces, and executors other than containers and
    importers are refused; machines, memory limits, networks, `preflight_validations`, the retry
    policy of nested pipelines and (but for their placeholders) service account and
    `encryption_spec` have no effect.

    Raises:
        InvalidArgument: the id, the spec or a parameter is not valid.
        MethodNotImplemented: the spec needs what localcloud does not have.
        AlreadyExists: there is a job of this id, or an experiment has its name.
    """
    job_id = request.pipeline_job_id or new_id()
    if request.pipeline_job_id and not _JOB_ID.fullmatch(job_id):
        raise InvalidArgument(
            f"pipeline_job_id {job_id!r} must start with a lowercase letter, go on with lowercase"
            " letters, digits and hyphens, and have at most 128 characters."
        )
    job = types.PipelineJob(request.pipeline_job)
    check_pipeline_job(cloud, request.parent, job)
    job.name = f"{request.parent}/pipelineJobs/{job_id}"
    job.display_name = job.display_name or _pipeline_name(job)
    job.labels["vertex-ai-pipelines-run-billing-id"] = new_id()
    job.state = types.PipelineState.PIPELINE_STATE_PENDING
    job.create_time = job.update_time = now()
    with cloud.store.transaction():
        pipeline_lineage.create_contexts(cloud.store, job, _pipeline_name(job))
        cloud.store.create(job)
    cloud.pipelines.start(job.name)
    return job


def get_pipeline_job(cloud: Cloud, request: types.GetPipelineJobRequest) -> types.PipelineJob:
    """The job as it stands.

    Raises:
        NotFound: there is no such job.
    """
    job = cloud.store.get(request.name, types.PipelineJob)
    pipeline_lineage.read_contexts(cloud.store, job)
    return job


def list_pipeline_jobs(
    cloud: Cloud, request: types.ListPipelineJobsRequest
) -> types.ListPipelineJobsResponse:
    """The jobs of a location that a filter selects, newest first, without their details.

    Partly: a filter cannot name `template_metadata.version`.

    Raises:
        InvalidArgument: the filter, order or page token is malformed.
    """
    selects = filters.predicate(request.filter, _FIELDS)
    kept = cloud.store.in_collection(f"{request.parent}/pipelineJobs", types.PipelineJob)
    jobs = [job for job in kept if selects(job)]
    for job in jobs:
        _abridge(job, request.read_mask.paths)
    unfiltered = types.ListPipelineJobsRequest(request)
    unfiltered.filter = ""
    unfiltered.read_mask.paths[:] = [_field(path) for path in request.read_mask.paths]
    found, token = listing.page(jobs, unfiltered, order=_ORDER)
    return types.ListPipelineJobsResponse(pipeline_jobs=found, next_page_token=token)


def _abridge(job: types.PipelineJob, paths: Collection[str]) -> None:
    """Leave out the tasks, and of the spec all but what is named, such as its pipeline_info."""
    message = raw(job)
    message.job_detail.ClearField("task_details")
    if not any(path.startswith("job_detail") for path in paths):
        message.ClearField("job_detail")
    wanted = {path.removeprefix("pipeline_spec.") for path in paths if _field(path) != path}
    if wanted and "pipeline_spec" not in paths:
        for key in list(message.pipeline_spec.fields):
            if filters.snake(key) not in wanted:
                del message.pipeline_spec.fields[key]


def _field(path: str) -> str:
    """A read mask's path; below a Struct it is cut off, for protobuf knows nothing of its keys."""
    return "pipeline_spec" if path.startswith("pipeline_spec.") else path


def cancel_pipeline_job(cloud: Cloud, request: types.CancelPipelineJobRequest) -> Empty:
    """Ask a running job to end; it is CANCELLED some time later.

    Raises:
        NotFound: there is no such job.
        FailedPrecondition: it has ended.
    """
    cloud.store.get(request.name, types.PipelineJob)
    cloud.pipelines.cancel(request.name)
    return Empty()


def batch_cancel_pipeline_jobs(cloud: Cloud, request: types.BatchCancelPipelineJobsRequest) -> Any:
    """Cancel several jobs, or none if one of them cannot be.

    Raises:
        InvalidArgument: they are too many, or one is in another location.
        NotFound: one of them does not exist.
        FailedPrecondition: one of them has ended.
    """
    _check_batch(request)
    jobs = [cloud.store.get(name, types.PipelineJob) for name in request.names]
    for job in jobs:
        if job.state in ENDED:
            raise FailedPrecondition(f"{job.name} has ended already, so it cannot be cancelled.")
    for job in jobs:
        cloud.pipelines.cancel(job.name)
    cancelled = [cloud.store.get(job.name, types.PipelineJob) for job in jobs]
    return cloud.operations.done(
        request.parent,
        types.BatchCancelPipelineJobsResponse(pipeline_jobs=cancelled),
        types.BatchCancelPipelineJobsOperationMetadata(generic_metadata=operation_metadata()),
    )


def delete_pipeline_job(cloud: Cloud, request: types.DeletePipelineJobRequest) -> Any:
    """Delete a job that has ended; what it wrote stays.

    Raises:
        NotFound: there is no such job.
        FailedPrecondition: it still runs.
    """
    _refuse_running(cloud, request.name)
    cloud.store.delete(request.name)
    return cloud.operations.done(request.name, Empty(), _deletion())


def batch_delete_pipeline_jobs(cloud: Cloud, request: types.BatchDeletePipelineJobsRequest) -> Any:
    """Delete several jobs, or none if one of them cannot be.

    Raises:
        InvalidArgument: they are too many, or one is in another location.
        NotFound: one of them does not exist.
        FailedPrecondition: one of them still runs.
    """
    _check_batch(request)
    jobs = [_refuse_running(cloud, name) for name in request.names]
    with cloud.store.transaction():
        for job in jobs:
            cloud.store.delete(job.name)
    return cloud.operations.done(
        request.parent, types.BatchDeletePipelineJobsResponse(pipeline_jobs=jobs), _deletion()
    )


def _check_batch(request: Any) -> None:
    if len(request.names) > _LARGEST_BATCH:
        raise InvalidArgument(
            f"names has {len(request.names)} entries; give at most {_LARGEST_BATCH}."
        )
    for name in request.names:
        if not name.startswith(f"{request.parent}/pipelineJobs/"):
            raise InvalidArgument(f"names has {name}, which is not a pipeline job of the parent.")


def _deletion() -> types.DeleteOperationMetadata:
    return types.DeleteOperationMetadata(generic_metadata=operation_metadata())


def _refuse_running(cloud: Cloud, name: str) -> types.PipelineJob:
    job = cloud.store.get(name, types.PipelineJob)
    if job.state not in ENDED:
        raise FailedPrecondition(f"{name} still runs; cancel it before you delete it.")
    return job


def check_pipeline_job(cloud: Cloud, parent: str, job: types.PipelineJob) -> None:
    """Refuse a job that could not be created in this location.

    Raises:
        InvalidArgument: the spec, an input or the output directory is not valid.
        MethodNotImplemented: the spec needs what localcloud does not have.
    """
    _check(cloud, parent, job)
    _check_bucket(cloud, job.runtime_config.gcs_output_directory)


def _check(cloud: Cloud, parent: str, job: types.PipelineJob) -> None:
    message = raw(job)
    if job.template_uri and not message.HasField("pipeline_spec"):
        raise MethodNotImplemented(
            "localcloud does not fetch pipelines by template_uri; send the compiled pipeline_spec."
        )
    if not message.HasField("pipeline_spec"):
        raise InvalidArgument("pipeline_job.pipeline_spec is required; send a compiled pipeline.")
    root = job.runtime_config.gcs_output_directory
    if not re.fullmatch(r"gs://[^/]+(/.*)?", root):
        raise InvalidArgument(
            f"runtime_config.gcs_output_directory is {root!r}; give a folder in Cloud Storage such"
            " as gs://bucket/pipeline-root."
        )
    if len(message.runtime_config.parameters):
        raise InvalidArgument(
            "runtime_config.parameters is for schemaVersion 2.0.0; give parameter_values instead."
        )
    check_labels(job.labels)
    try:
        job_inputs(cloud.store, parent, message, pipeline_of(message))
    except InvalidSpec as error:
        raise InvalidArgument(f"The pipeline job is not valid: {error}") from error
    except UnsupportedSpec as error:
        raise MethodNotImplemented(str(error)) from error


def _check_bucket(cloud: Cloud, root: str) -> None:
    bucket = root.split("/")[2]
    if not (cloud.home.storage / bucket).is_dir():
        raise InvalidArgument(
            f"runtime_config.gcs_output_directory is {root!r}, but there is no bucket {bucket};"
            " create it first."
        )


def _pipeline_name(job: types.PipelineJob) -> str:
    information = raw(job).pipeline_spec.fields["pipelineInfo"].struct_value
    name: str = information.fields["name"].string_value
    return name
