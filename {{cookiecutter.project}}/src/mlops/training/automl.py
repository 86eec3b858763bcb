"""Train with Vertex AI's AutoML for tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlops.data.query import label_splits
from mlops.errors import UserError
from mlops.features import Role
from mlops.registry.models import find_model

if TYPE_CHECKING:
    from google.cloud import aiplatform, bigquery

    from mlops.features import Features

# what AutoML makes of a column; it finds its own buckets
TRANSFORMATIONS = {
    Role.NUMERIC: "numeric",
    Role.BUCKETIZED: "numeric",
    Role.CATEGORICAL: "categorical",
}


@dataclass(frozen=True)
class Task:
    """What AutoML is told.

    Attributes:
        target_column: the label.
        split_column: gets each row's split, as Vertex AI names it.
        budget_milli_node_hours: how long it may search, in thousandths of an hour of a machine.
        optimization_objective: empty for Vertex AI's own choice.
    """

    target_column: str
    split_column: str
    budget_milli_node_hours: int
    optimization_objective: str = ""


class AutoMLError(UserError):
    """AutoML has not made a model."""


def train_automl(
    client: bigquery.Client,
    features: Features,
    task: Task,
    name: str,
    dataset: str,
    sample_percent: float = 100,
) -> aiplatform.Model:
    """Trains on the declared inputs and splits; the model is a version without an alias.

    Args:
        client: of the project that the tables belong to.
        features: the declaration of the data.
        task: the target, the split column, the budget and the objective.
        name: display name that all versions of the model share.
        dataset: `PROJECT.DATASET`, which exists; gets the table that AutoML reads.
        sample_percent: how much of the table to read, by the same hash as the extract.

    Raises:
        AutoMLError: the job failed, or Vertex AI refused it; says why.
    """
    from google.api_core.exceptions import GoogleAPICallError
    from google.cloud import aiplatform

    table = f"{dataset}.training_rows"
    client.query(label_splits(features, table, sample_percent=sample_percent)).result()
    parent = find_model(name)
    try:
        rows = aiplatform.TabularDataset.create(display_name=name, bq_source=f"bq://{table}")
        job = aiplatform.AutoMLTabularTrainingJob(
            display_name=name,
            optimization_prediction_type=features.problem.value,
            optimization_objective=task.optimization_objective or None,
            column_specs=list_columns(features),
        )
        model = job.run(
            dataset=rows,
            target_column=task.target_column,
            predefined_split_column_name=task.split_column,
            budget_milli_node_hours=task.budget_milli_node_hours,
            model_display_name=name,
            parent_model=parent.resource_name if parent else None,
            is_default_version=parent is None,
        )
    except (RuntimeError, GoogleAPICallError) as error:
        raise AutoMLError(f"AutoML has made no model: {error}") from None
    return model


def list_columns(features: Features) -> dict[str, str]:
    """The transformation of each input; what is not named is no input."""
    return {column.name: TRANSFORMATIONS[column.role] for column in features.inputs}
