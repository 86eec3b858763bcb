"""Training pipelines: a training task, and the upload of the model that it leaves."""

from google.api_core.exceptions import InvalidArgument, MethodNotImplemented
from google.cloud.aiplatform_v1.types import (
    CancelTrainingPipelineRequest,
    CreateTrainingPipelineRequest,
    CustomJobSpec,
    DeleteTrainingPipelineRequest,
    GetTrainingPipelineRequest,
    ListTrainingPipelinesRequest,
    ListTrainingPipelinesResponse,
    TrainingPipeline,
)
from google.protobuf.empty_pb2 import Empty

from localcloud.cloud import Cloud
from localcloud.jobs.training import CustomTraining, custom_job_spec
from localcloud.operations import Operation
from localcloud.rpc import raw
from localcloud.vertex import filters, job_resources
from localcloud.vertex.custom_jobs import check_spec

_CUSTOM_TASK = "/custom_task_"
_FIELDS: filters.Fields = {
    "training_task_definition": lambda pipeline: pipeline.training_task_definition
}


def create_training_pipeline(
    cloud: Cloud, request: CreateTrainingPipelineRequest
) -> TrainingPipeline:
    """Check a training pipeline, keep it and start it.

    Raises:
        InvalidArgument: a required field is missing or malformed.
        MethodNotImplemented: its task is one that localcloud does not have.
        NotFound: an image is not here.
    """
    pipeline = TrainingPipeline(request.training_pipeline)
    raw(pipeline).ClearField("training_task_metadata")
    spec = _spec(pipeline)
    check_spec(cloud, spec, "training_pipeline.training_task_inputs")
    _check_data(pipeline)
    if pipeline.model_to_upload and not spec.base_output_directory.output_uri_prefix:
        raise InvalidArgument(
            "training_task_inputs.base_output_directory is required to upload a model; give the"
            " folder below which model/ will be."
        )
    job = job_resources.create(cloud, request.parent, pipeline, CustomTraining(spec))
    created: TrainingPipeline = job.resource
    return created


def get_training_pipeline(cloud: Cloud, request: GetTrainingPipelineRequest) -> TrainingPipeline:
    """The training pipeline as it stands."""
    return cloud.store.get(request.name, TrainingPipeline)


def list_training_pipelines(
    cloud: Cloud, request: ListTrainingPipelinesRequest
) -> ListTrainingPipelinesResponse:
    """The training pipelines of a location."""
    pipelines, token = job_resources.page(cloud, request, TrainingPipeline, _FIELDS)
    return ListTrainingPipelinesResponse(training_pipelines=pipelines, next_page_token=token)


def cancel_training_pipeline(cloud: Cloud, request: CancelTrainingPipelineRequest) -> Empty:
    """Ask a training pipeline to end, with its custom job."""
    return job_resources.cancel(cloud, request.name, TrainingPipeline)


def delete_training_pipeline(cloud: Cloud, request: DeleteTrainingPipelineRequest) -> Operation:
    """Delete a training pipeline that has ended; its custom job and its model stay."""
    return job_resources.delete(cloud, request.name, TrainingPipeline)


def _spec(pipeline: TrainingPipeline) -> CustomJobSpec:
    definition = pipeline.training_task_definition
    if not definition:
        raise InvalidArgument("training_pipeline.training_task_definition is required.")
    if _CUSTOM_TASK not in definition:
        raise MethodNotImplemented(
            f"localcloud does not train by {definition}; use a custom training job."
        )
    return custom_job_spec(raw(pipeline).training_task_inputs)


def _check_data(pipeline: TrainingPipeline) -> None:
    if pipeline.input_data_config.dataset_id:
        raise MethodNotImplemented(
            "localcloud does not export managed datasets to custom training; read the data in the"
            " training code."
        )
