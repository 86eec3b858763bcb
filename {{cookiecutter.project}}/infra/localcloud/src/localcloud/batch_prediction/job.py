"""Runs a BatchPredictionJob: a model server of its own, rows in, predictions out."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path

from google.cloud.aiplatform_v1.types import BatchPredictionJob, DeployedModel, Model
from google.rpc.status_pb2 import Status
from grpc import StatusCode

from localcloud.automl.predictions import Target
from localcloud.batch_prediction import sources
from localcloud.batch_prediction.destinations import (
    Destination,
    Files,
    Tables,
    dataset_name,
    folder_name,
    time_name,
)
from localcloud.batch_prediction.predictor import Outcome, Predictor
from localcloud.batch_prediction.rows import Instances, Json, Row, RowError
from localcloud.bigquery.client import BigQuery, Field, Table
from localcloud.jobs.job import Job, JobFailed
from localcloud.prediction.container import Container, container
from localcloud.prediction.server import PredictionServer
from localcloud.resource_manager.projects import project_number
from localcloud.rpc import raw
from localcloud.vertex import models
from localcloud.vertex.json_values import plain

_BATCH = 64  # rows, Vertex's default
_MOST_PARTIAL_FAILURES = 20
_POLL_SECONDS = 0.05


def run(job: Job) -> None:
    """Predict all rows; those that cannot be predicted become errors.

    Raises:
        JobFailed: no row could be predicted, or the model server has ended for good.
        JobCancelled: the job was cancelled.
        GoogleAPICallError: the model cannot be served, or input or output cannot be used.
    """
    resource: BatchPredictionJob = job.resource
    with closing(BigQuery(job.cloud.environment)) as bigquery, _server(job, resource) as server:
        job.start()
        config = resource.input_config
        target = Target.of(_model(job, resource))
        rows = (
            sources.text_rows(config.gcs_source.uris, job.cloud.home.storage)
            if target and config.instances_format == "csv"
            else sources.rows(config, job.cloud.home.storage, bigquery)
        )
        instances = Instances(
            _instance_config(resource, target), tabular=config.instances_format in sources.TABULAR
        )
        parameters = raw(resource).model_parameters
        predictor = Predictor(
            job, server, plain(parameters) if parameters.WhichOneof("kind") else None
        )
        destination = _destination(job, resource, bigquery, target)
        size = resource.manual_batch_tuning_parameters.batch_size or _BATCH
        while batch := list(islice(rows, size)):
            _predict(job, batch, instances, predictor, destination)
            job.sleep(0)
        _finish(job, destination)


def model_of(job: BatchPredictionJob, kept: Model | None) -> Model:
    """The model that a job predicts with: one that is kept, or the one that it describes."""
    if kept is not None:
        return kept
    described = job.unmanaged_container_model
    return Model(
        name="unmanaged",
        display_name="unmanaged",
        artifact_uri=described.artifact_uri,
        container_spec=described.container_spec,
    )


def _model(job: Job, resource: BatchPredictionJob) -> Model:
    if not resource.model:
        return model_of(resource, None)
    name = f"{models.split_name(resource.model)[0]}@{resource.model_version_id}"
    return models.get(job.cloud.store, name)


@contextmanager
def _server(job: Job, resource: BatchPredictionJob) -> Iterator[PredictionServer]:
    """The model's server, once it answers."""
    server = PredictionServer(
        f"The model server of {job.name}",
        prepare=lambda: _container(job, resource),
        folder=job.folder / "server",
        log=job.logs / "model.log",
    )
    server.start()
    with ThreadPoolExecutor(1) as pool:  # so that the job can be cancelled meanwhile
        try:
            ready = pool.submit(server.wait_ready)
            while not ready.done():
                job.sleep(_POLL_SECONDS)
            ready.result()
            yield server
        finally:
            server.stop()


def _container(job: Job, resource: BatchPredictionJob) -> Container:
    model = _model(job, resource)
    deployed = DeployedModel(
        id=job.id,
        model=model.name,
        dedicated_resources={"machine_spec": resource.dedicated_resources.machine_spec},
    )
    image = job.cloud.images.resolve(model.container_spec.image_uri)
    project = str(project_number(job.name.split("/")[1]))
    return container(job.cloud, image, project, job.name, deployed, model)


def _instance_config(
    resource: BatchPredictionJob, target: Target | None
) -> BatchPredictionJob.InstanceConfig:
    """How instances are made of rows; AutoML's models always take objects."""
    config = BatchPredictionJob.InstanceConfig(resource.instance_config)
    if target:
        config.instance_type = "object"
    return config


def _destination(
    job: Job, resource: BatchPredictionJob, bigquery: BigQuery, target: Target | None
) -> Destination:
    config, created = resource.output_config, resource.create_time
    model = _model(job, resource).display_name
    if config.predictions_format != "bigquery":
        prefix = config.gcs_destination.output_uri_prefix.rstrip("/")
        uri = f"{prefix}/{folder_name(model, created)}"
        storage = job.cloud.home.storage
        return Files(uri, config.predictions_format, storage, job.folder / "output", target)
    project, _, dataset = config.bigquery_destination.output_uri[5:].partition(".")
    place = project, dataset or dataset_name(model, created)
    fields = _fields(resource, bigquery, target, job.cloud.home.storage)
    return Tables(bigquery, place, time_name(created), fields, target)


def _fields(
    resource: BatchPredictionJob, bigquery: BigQuery, target: Target | None, storage: Path
) -> list[Field]:
    """The columns of an output table beside the prediction."""
    if resource.instance_config.key_field:
        return [{"name": "key", "type": "STRING"}]
    if resource.input_config.instances_format == "bigquery":
        return bigquery.schema(Table.parse(resource.input_config.bigquery_source.input_uri))
    if target and resource.input_config.instances_format == "csv":
        header = sources.header(resource.input_config.gcs_source.uris, storage)
        return [{"name": name, "type": "STRING"} for name in header]
    return [{"name": "instance", "type": "STRING"}]


def _predict(
    job: Job,
    batch: list[Row],
    instances: Instances,
    predictor: Predictor,
    destination: Destination,
) -> None:
    usable: list[tuple[Row, Json]] = []
    outcomes: list[tuple[Row, Outcome]] = []
    for row in batch:
        try:
            usable.append((row, instances.instance(row)))
        except RowError as error:
            status = Status(code=StatusCode.INVALID_ARGUMENT.value[0], message=str(error))
            outcomes.append((row, Outcome(error=status)))
    if usable:
        found = predictor.outcomes([instance for _, instance in usable])
        outcomes += [(row, outcome) for (row, _), outcome in zip(usable, found, strict=True)]
    for row, outcome in outcomes:
        if outcome.error:
            destination.fail(instances.columns(row), outcome.error)
        else:
            destination.write(instances.columns(row), outcome.prediction)
    _count(job, [outcome for _, outcome in outcomes])


def _count(job: Job, outcomes: list[Outcome]) -> None:
    failures = [outcome.error for outcome in outcomes if outcome.error]
    with job.editing() as resource:
        resource.completion_stats.successful_count += len(outcomes) - len(failures)
        resource.completion_stats.failed_count += len(failures)
        free = _MOST_PARTIAL_FAILURES - len(resource.partial_failures)
        resource.partial_failures.extend(failures[:free])


def _finish(job: Job, destination: Destination) -> None:
    information = destination.finish()
    with job.editing() as resource:
        resource.output_info = information
        stats = resource.completion_stats
    if stats.failed_count and not stats.successful_count:
        raise JobFailed(
            f"None of the {stats.failed_count} instances could be predicted; the first one:"
            f" {job.resource.partial_failures[0].message}"
        )
