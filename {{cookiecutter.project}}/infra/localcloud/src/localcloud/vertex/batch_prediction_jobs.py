"""Batch prediction jobs: a model asked for many predictions at once."""

from google.api_core.exceptions import InvalidArgument, MethodNotImplemented, NotFound
from google.cloud.aiplatform_v1.types import (
    BatchPredictionJob,
    CancelBatchPredictionJobRequest,
    CreateBatchPredictionJobRequest,
    DeleteBatchPredictionJobRequest,
    GetBatchPredictionJobRequest,
    ListBatchPredictionJobsRequest,
    ListBatchPredictionJobsResponse,
    Model,
)
from google.protobuf.empty_pb2 import Empty

from localcloud.automl.predictions import FORMATS, Target
from localcloud.batch_prediction import sources
from localcloud.batch_prediction.job import model_of, run
from localcloud.bigquery.client import Table
from localcloud.cloud import Cloud
from localcloud.operations import Operation
from localcloud.rpc import raw
from localcloud.vertex import deployments, job_resources, models

_FILE_OUTPUTS = ("jsonl", "csv")


def create_batch_prediction_job(
    cloud: Cloud, request: CreateBatchPredictionJobRequest
) -> BatchPredictionJob:
    """Check a job, keep it and start it.

    Partly: `generate_explanation` and multimodal datasets are refused; one process stands for all
    replicas; service account, logging and `encryption_spec` have no effect; `resources_consumed`
    stays empty.

    Raises:
        FailedPrecondition: the model cannot be served.
        InvalidArgument: a required field is missing or malformed.
        NotFound: the model, its image or the output's bucket is not here.
    """
    job = BatchPredictionJob(request.batch_prediction_job)
    _clear_output(job)
    _check_model(cloud, job)
    _check_input(job)
    _check_output(cloud, job)
    _check_instances(job)
    created: BatchPredictionJob = job_resources.create(cloud, request.parent, job, run).resource
    return created


def get_batch_prediction_job(
    cloud: Cloud, request: GetBatchPredictionJobRequest
) -> BatchPredictionJob:
    """The job as it stands."""
    return cloud.store.get(request.name, BatchPredictionJob)


def list_batch_prediction_jobs(
    cloud: Cloud, request: ListBatchPredictionJobsRequest
) -> ListBatchPredictionJobsResponse:
    """The jobs of a location that a filter selects, which may name `model_display_name`."""
    fields = {"model_display_name": lambda job: _model_display_name(cloud, job)}
    jobs, token = job_resources.page(cloud, request, BatchPredictionJob, fields)
    return ListBatchPredictionJobsResponse(batch_prediction_jobs=jobs, next_page_token=token)


def cancel_batch_prediction_job(cloud: Cloud, request: CancelBatchPredictionJobRequest) -> Empty:
    """Ask a job to end, with its model server; no output is left."""
    return job_resources.cancel(cloud, request.name, BatchPredictionJob)


def delete_batch_prediction_job(
    cloud: Cloud, request: DeleteBatchPredictionJobRequest
) -> Operation:
    """Delete a job that has ended; its output stays."""
    return job_resources.delete(cloud, request.name, BatchPredictionJob)


def _model_display_name(cloud: Cloud, job: BatchPredictionJob) -> str | None:
    """The display name of a job's model, if the model is still there."""
    name = models.split_name(job.model)[0]
    return cloud.store.get(name, Model).display_name if cloud.store.exists(name) else None


def _clear_output(job: BatchPredictionJob) -> None:
    for field in ("model_version_id", "output_info", "partial_failures", "completion_stats"):
        raw(job).ClearField(field)


def _check_model(cloud: Cloud, job: BatchPredictionJob) -> None:
    described = "unmanaged_container_model" in job
    if bool(job.model) == described:
        raise InvalidArgument("Give one of model and unmanaged_container_model.")
    if job.generate_explanation:
        raise MethodNotImplemented("localcloud does not explain batch predictions.")
    model = model_of(job, None if described else models.get(cloud.store, job.model))
    deployments.check_deployable(cloud, model)
    cloud.images.resolve(model.container_spec.image_uri)
    job.model_version_id = model.version_id
    if Target.of(model):
        _check_tables(job)
    elif not job.dedicated_resources.machine_spec.machine_type:
        raise InvalidArgument(
            "dedicated_resources.machine_spec.machine_type is required for models with a container;"
            " name a machine type."
        )


def _check_tables(job: BatchPredictionJob) -> None:
    """Refuse what AutoML for tables does not read or write."""
    formats = {
        "input_config.instances_format": job.input_config.instances_format,
        "output_config.predictions_format": job.output_config.predictions_format,
    }
    for name, value in formats.items():
        if value not in FORMATS:
            raise InvalidArgument(
                f"{name} is {value!r}; models of AutoML for tables take {' and '.join(FORMATS)}."
            )


def _check_input(job: BatchPredictionJob) -> None:
    config = job.input_config
    if config.instances_format == "bigquery":
        Table.parse(config.bigquery_source.input_uri)
        return
    if config.instances_format not in sources.FILE_FORMATS:
        known = ", ".join(["bigquery", *sources.FILE_FORMATS])
        raise InvalidArgument(
            f"input_config.instances_format is {config.instances_format!r}; use one of {known}."
        )
    if not config.gcs_source.uris:
        raise InvalidArgument("input_config.gcs_source.uris is required; name the input files.")
    job_resources.check_storage_uris("input_config.gcs_source.uris", list(config.gcs_source.uris))


def _check_output(cloud: Cloud, job: BatchPredictionJob) -> None:
    config = job.output_config
    if config.predictions_format == "bigquery":
        uri = config.bigquery_destination.output_uri
        if not uri.removeprefix("bq://") or not uri.startswith("bq://") or uri.count(".") > 1:
            raise InvalidArgument(
                f"output_config.bigquery_destination is {uri!r}; write bq://PROJECT or"
                " bq://PROJECT.DATASET."
            )
        return
    if config.predictions_format not in _FILE_OUTPUTS:
        raise InvalidArgument(
            f"output_config.predictions_format is {config.predictions_format!r}; use one of"
            f" bigquery, {', '.join(_FILE_OUTPUTS)}."
        )
    prefix = config.gcs_destination.output_uri_prefix
    job_resources.check_storage_uris("output_config.gcs_destination", [prefix])
    bucket = prefix.removeprefix("gs://").partition("/")[0]
    if not (cloud.home.storage / bucket).is_dir():
        raise NotFound(f"Bucket {bucket} was not found; create it for the predictions.")


def _check_instances(job: BatchPredictionJob) -> None:
    config = job.instance_config
    if config.included_fields and config.excluded_fields:
        raise InvalidArgument("instance_config has included and excluded fields; give one of them.")
    if config.instance_type not in ("", "object", "array"):
        raise InvalidArgument(
            f"instance_config.instance_type is {config.instance_type!r}; use object or array."
        )
