"""Training pipelines: a training task, and the upload of the model that it leaves."""

from google.api_core.exceptions import InvalidArgument, MethodNotImplemented
from google.cloud.aiplatform_v1.types import (
    CancelTrainingPipelineRequest,
    CreateTrainingPipelineRequest,
    Dataset,
    DeleteTrainingPipelineRequest,
    GetTrainingPipelineRequest,
    ListTrainingPipelinesRequest,
    ListTrainingPipelinesResponse,
    TrainingPipeline,
)
from google.protobuf.empty_pb2 import Empty

from localcloud.automl import inputs as automl_inputs
from localcloud.automl.training import AutoMLTraining
from localcloud.cloud import Cloud
from localcloud.datasets import splits, tables
from localcloud.datasets.schemas import kind_of
from localcloud.datasets.training_data import TrainingData
from localcloud.jobs.job import Work
from localcloud.jobs.training import CustomTraining, custom_job_spec
from localcloud.operations import Operation
from localcloud.rpc import raw
from localcloud.vertex import filters, job_resources, models
from localcloud.vertex.custom_jobs import check_spec
from localcloud.vertex.json_values import plain
from localcloud.vertex.resources import check_display_name

_CUSTOM_TASK = "/custom_task_"
_FIELDS: filters.Fields = {
    "training_task_definition": lambda pipeline: pipeline.training_task_definition
}


def create_training_pipeline(
    cloud: Cloud, request: CreateTrainingPipelineRequest
) -> TrainingPipeline:
    """Check a training pipeline, keep it and start it.

    Partly: custom training and AutoML for tables only; custom training leaves out what custom jobs
    do and refuses saved queries; `persist_ml_use_assignment`, `encryption_spec` and AutoML's
    `additionalExperiments` have no effect.

    Raises:
        InvalidArgument: a required field is missing or malformed.
        MethodNotImplemented: its task is one that localcloud does not have.
        NotFound: an image, the dataset or the parent model is not here.
    """
    pipeline = TrainingPipeline(request.training_pipeline)
    raw(pipeline).ClearField("training_task_metadata")
    if pipeline.parent_model:
        models.get(cloud.store, pipeline.parent_model)
    work = _work(cloud, request.parent, pipeline)
    created: TrainingPipeline = job_resources.create(cloud, request.parent, pipeline, work).resource
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


def _work(cloud: Cloud, parent: str, pipeline: TrainingPipeline) -> Work:
    definition = pipeline.training_task_definition
    if not definition:
        raise InvalidArgument("training_pipeline.training_task_definition is required.")
    if _CUSTOM_TASK in definition:
        return _custom_training(cloud, parent, pipeline)
    if automl_inputs.DEFINITION in definition:
        return _automl_training(cloud, parent, pipeline)
    raise MethodNotImplemented(
        f"localcloud does not train by {definition}; use AutoML for tables or a custom training"
        " job."
    )


def _custom_training(cloud: Cloud, parent: str, pipeline: TrainingPipeline) -> Work:
    spec = custom_job_spec(raw(pipeline).training_task_inputs)
    check_spec(cloud, spec, "training_pipeline.training_task_inputs")
    if pipeline.model_to_upload and not spec.base_output_directory.output_uri_prefix:
        raise InvalidArgument(
            "training_task_inputs.base_output_directory is required to upload a model; give the"
            " folder below which model/ will be."
        )
    if not pipeline.input_data_config.dataset_id:
        return CustomTraining(spec)
    data = TrainingData(_dataset(cloud, parent, pipeline), pipeline.input_data_config)
    data.check(cloud)
    return CustomTraining(spec, data)


def _automl_training(cloud: Cloud, parent: str, pipeline: TrainingPipeline) -> Work:
    inputs = automl_inputs.read(plain(raw(pipeline).training_task_inputs))
    check_display_name(pipeline.model_to_upload.display_name)
    dataset = _dataset(cloud, parent, pipeline)
    kind = kind_of(dataset.metadata_schema_uri)
    if kind.name != "tabular":
        raise InvalidArgument(
            f"{dataset.name} is of kind {kind.name}; AutoML for tables needs a tabular dataset."
        )
    splits.check(pipeline.input_data_config, kind)
    return AutoMLTraining(inputs, tables.source_of(dataset))


def _dataset(cloud: Cloud, parent: str, pipeline: TrainingPipeline) -> Dataset:
    """The dataset that a pipeline trains with."""
    config = pipeline.input_data_config
    if not config.dataset_id:
        raise InvalidArgument("training_pipeline.input_data_config.dataset_id is required.")
    return cloud.store.get(f"{parent}/datasets/{config.dataset_id}", Dataset)
