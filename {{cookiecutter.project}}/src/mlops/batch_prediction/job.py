"""Run a Vertex AI BatchPredictionJob from table to table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops.batch_prediction.automl import key_results
from mlops.batch_prediction.tables import working_dataset
from mlops.registry.models import CHAMPION, describe, get_version

if TYPE_CHECKING:
    from google.cloud import bigquery

    from mlops.features import Features
    from mlops.settings import BatchMachines


@dataclass(frozen=True)
class JobResult:
    """What a job has made.

    Attributes:
        resource_name: `projects/…/locations/…/batchPredictionJobs/…`.
        version: the model's version.
        predictions: table of the columns `key` and `prediction`.
        errors: table of the columns `key` and `errors`; empty when there is none.
    """

    resource_name: str
    version: str
    predictions: str
    errors: str


def predict_rows(
    client: bigquery.Client,
    name: str,
    features: Features,
    instances: str,
    dataset: str,
    machines: BatchMachines,
) -> JobResult:
    """Has the champion predict a table; waits until it is done.

    The identifier is the job's key field: it is not sent to the model, and stands beside each
    prediction and each error. AutoML's models know no key field and choose their machines; they
    keep all columns, of which the identifier and the answer are taken.

    Args:
        client: of the project that the tables belong to.
        name: the model's display name.
        features: the declaration of the data.
        instances: table of the identifier and the inputs.
        dataset: `PROJECT.DATASET` of what readers know; the job writes to its working dataset.
        machines: what the job runs on.

    Raises:
        RegistryError: there is no champion yet.
        RuntimeError: the job failed.
    """
    from google.cloud import aiplatform
    from google.cloud.aiplatform import gapic, initializer

    model = get_version(name, CHAMPION)
    champion = describe(model)
    is_automl = not model.uri
    resources = initializer.global_config
    jobs = resources.create_client(gapic.JobServiceClient)
    created = jobs.create_batch_prediction_job(
        parent=resources.common_location_path(),
        batch_prediction_job={
            "display_name": f"{name}-batch-prediction",
            "model": champion.resource_name,
            "input_config": {
                "instances_format": "bigquery",
                "bigquery_source": {"input_uri": f"bq://{instances}"},
            },
            "output_config": {
                "predictions_format": "bigquery",
                "bigquery_destination": {"output_uri": f"bq://{working_dataset(dataset)}"},
            },
            **({} if is_automl else _container_options(features, machines)),
        },
    )
    job = aiplatform.BatchPredictionJob(created.name)
    job.wait_for_completion()
    output = job.output_info
    place = output.bigquery_output_dataset.removeprefix("bq://")
    predictions = f"{place}.{output.bigquery_output_table}"
    errors = _if_exists(client, predictions.replace(".predictions_", ".errors_"))
    if is_automl:
        predictions, errors = key_results(client, features, predictions, errors)
    return JobResult(job.resource_name, champion.version, predictions, errors)


def _container_options(features: Features, machines: BatchMachines) -> dict[str, Any]:
    """What a job is told of a model in a container."""
    return {
        "instance_config": {"instance_type": "object", "key_field": features.identifier.name},
        "dedicated_resources": {
            "machine_spec": {"machine_type": machines.machine_type},
            "starting_replica_count": machines.starting_replica_count,
            "max_replica_count": machines.max_replica_count,
        },
        "manual_batch_tuning_parameters": {"batch_size": machines.batch_size},
    }


def _if_exists(client: bigquery.Client, table: str) -> str:
    """The table's name; nothing when there is no such table, since no row has failed."""
    from google.api_core.exceptions import NotFound

    try:
        client.get_table(table)
    except NotFound:
        return ""
    return table
