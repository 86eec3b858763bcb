"""Runs a TrainingPipeline with a custom task: a CustomJob, then the upload of its model."""

from dataclasses import dataclass

from google.api_core.exceptions import InvalidArgument
from google.cloud.aiplatform_v1.types import CustomJob, CustomJobSpec, Model
from google.protobuf.json_format import MessageToDict, ParseDict, ParseError
from google.protobuf.struct_pb2 import Value
from google.rpc.status_pb2 import Status
from grpc import StatusCode

from localcloud.datasets.training_data import TrainingData
from localcloud.jobs import trained_model
from localcloud.jobs.custom_job import CustomJobWork
from localcloud.jobs.job import Job, JobCancelled, JobFailed, State
from localcloud.rpc import raw
from localcloud.vertex import job_resources
from localcloud.vertex.resources import location, now

_POLL_SECONDS = 0.05


@dataclass(frozen=True)
class CustomTraining:
    """How a training pipeline with a custom task is done; `data` is a managed dataset's."""

    spec: CustomJobSpec
    data: TrainingData | None = None

    def __call__(self, job: Job) -> None:
        """Export the dataset, train, then upload the model if the pipeline describes one.

        Raises:
            JobFailed: the custom job has failed, or left no model.
            JobCancelled: the pipeline or its custom job was cancelled.
            GoogleAPICallError: the data cannot be exported or the model not uploaded.
        """
        job.start()
        pipeline = job.resource
        custom_job = CustomJob(
            display_name=f"{pipeline.display_name}-custom-job"[:128],
            job_spec=self.spec,
            labels=pipeline.labels,
        )
        variables = self.data.export(job.cloud, now()) if self.data else {}
        work = CustomJobWork(variables=variables)
        child = job_resources.create(job.cloud, location(job.name), custom_job, work)
        with job.editing() as resource:
            resource.training_task_metadata = {"backingCustomJob": child.name}
        await_child(job, child)
        if pipeline.model_to_upload:
            _upload(job, self.spec.base_output_directory.output_uri_prefix)


def custom_job_spec(inputs: Value) -> CustomJobSpec:
    """The spec that a custom training task's inputs say.

    Raises:
        InvalidArgument: they say something else.
    """
    spec = CustomJobSpec()
    try:
        ParseDict(MessageToDict(inputs), raw(spec))
    except ParseError as error:
        raise InvalidArgument(
            f"training_task_inputs cannot be read as a CustomJobSpec: {error}."
        ) from error
    return spec


def await_child(job: Job, child: Job) -> None:
    """Wait for a job that another one needs; it is cancelled with it.

    Raises:
        JobFailed: the child has failed.
        JobCancelled: one of the two was cancelled.
    """
    while not child.ended.wait(_POLL_SECONDS):
        if job.cancelled.is_set():
            child.cancelled.set()
    resource = child.resource
    if int(resource.state) == State.JOB_STATE_CANCELLED:
        raise JobCancelled
    if int(resource.state) == State.JOB_STATE_FAILED:
        raise JobFailed(resource.error.message, _code(resource.error))


def _upload(job: Job, output: str) -> None:
    uri = f"{output.rstrip('/')}/model"
    folder = job.cloud.home.storage / uri.removeprefix("gs://")
    if not folder.is_dir() or not any(folder.iterdir()):
        raise JobFailed(
            f'There are no files under "{uri}" to copy; save the model to AIP_MODEL_DIR.',
            StatusCode.FAILED_PRECONDITION,
        )
    model = Model(job.resource.model_to_upload)
    model.artifact_uri = uri
    trained_model.upload(job, model)


def _code(error: Status) -> StatusCode:
    return next(code for code in StatusCode if code.value[0] == error.code)
