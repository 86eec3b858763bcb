"""What AutoML models predict: they answer in Vertex AI alone, here by batch predictions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mlops.batch_prediction.automl import answer_field, score
from mlops.data.query import ML_USE, ML_USES, Split, label_splits
from mlops.evaluation.result import Explained

if TYPE_CHECKING:
    from google.cloud import aiplatform, bigquery

    from mlops.features import Features


def predict_test_rows(
    client: bigquery.Client,
    features: Features,
    models: Mapping[str, str],
    dataset: str,
    uri: str,
    sample_percent: float = 100,
) -> None:
    """Writes the test split with a further column for each model, in the layout of an extract.

    All that is compared then reads these rows, so that it is compared on the same ones.

    Args:
        client: of the project that the tables belong to.
        features: the declaration of the data.
        models: resource names of AutoML models, by the name whose `answer_column` gets what they
            predict.
        dataset: `PROJECT.DATASET` for working tables, which exists.
        uri: a folder, `gs://…`; gets Parquet files in its folder `test`.
        sample_percent: how much of the split to read, by the same hash as the extract.

    Raises:
        RuntimeError: a job failed, or has not predicted all rows.
    """
    table = f"{dataset}.test_rows_{datetime.now(UTC):%Y%m%d_%H%M%S_%f}"
    everything = f"{table}_and_others"
    client.query(label_splits(features, everything, sample_percent=sample_percent)).result()
    client.query(
        f"CREATE OR REPLACE TABLE `{table}` AS SELECT * EXCEPT ({ML_USE}) FROM `{everything}`"
        f" WHERE {ML_USE} = '{ML_USES[Split.TEST]}'"
    ).result()
    for name, model in models.items():
        predicted = _predict(model, table, dataset)
        number = score(client, features, predicted)
        wanted, table = table, f"{table}_{name}"
        client.query(
            f"CREATE OR REPLACE TABLE `{table}` AS SELECT * EXCEPT ({answer_field(features)}),"
            f" {number} AS {answer_column(name)} FROM `{predicted}`"
        ).result()
        _check_count(client, model, wanted, table)
    client.query(
        f"EXPORT DATA OPTIONS (uri = '{uri}/{Split.TEST}/*.parquet', format = 'PARQUET',"
        f" overwrite = true) AS\nSELECT * FROM `{table}`"
    ).result()


def answer_column(name: str) -> str:
    """The column of what the AutoML model `name` predicts, as BigQuery allows it."""
    return f"prediction_of_{name}"


def explain_automl(model: str) -> Explained:
    """The attributions that Vertex AI has computed on its test set; no importances."""
    from google.cloud import aiplatform

    evaluations = aiplatform.Model(model).list_model_evaluations()  # Vertex AI's and the gate's
    explained = (each.gca_resource.model_explanation.mean_attributions for each in evaluations)
    attributions = next(filter(None, explained), ())
    sizes = dict(attributions[0].feature_attributions) if attributions else {}
    ranked = sorted(sizes.items(), key=lambda item: -item[1])
    return Explained(score="", rows=0, importances=(), attributions=dict(ranked), base=0.0)


def _predict(model: str, table: str, dataset: str) -> str:
    """The table of a batch prediction: its rows, each with AutoML's answer."""
    from google.cloud import aiplatform

    asked: aiplatform.Model = aiplatform.Model(model)
    job = asked.batch_predict(
        job_display_name=f"{asked.display_name}-evaluation",
        bigquery_source=f"bq://{table}",
        bigquery_destination_prefix=f"bq://{dataset}",
        instances_format="bigquery",
        predictions_format="bigquery",
    )
    output = job.output_info
    place = output.bigquery_output_dataset.removeprefix("bq://")
    return f"{place}.{output.bigquery_output_table}"


def _check_count(client: bigquery.Client, model: str, wanted: str, table: str) -> None:
    counts = [
        next(iter(client.query(f"SELECT COUNT(*) AS count FROM `{each}`").result())).count
        for each in (wanted, table)
    ]
    if counts[0] != counts[1]:
        raise RuntimeError(
            f"{model} has predicted {counts[1]} of {counts[0]} rows of the test split: see the"
            " errors table of its batch prediction job."
        )
