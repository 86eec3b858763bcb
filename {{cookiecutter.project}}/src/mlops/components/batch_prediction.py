"""Components that predict the rows of a table."""

from typing import Any, Dict, List

from kfp import dsl


@dsl.component(base_image="ml", install_kfp_package=False)
def select_rows(
    project: str,
    features: Dict[str, Any],
    dataset: str,
    max_bad_percent: float,
    sample_percent: float,
    rows: dsl.Output[dsl.Dataset],
) -> None:
    """Reads the rows, and tells those that the model is asked about from the bad ones."""
    from dataclasses import asdict

    from google.cloud import bigquery

    from mlops.batch_prediction.selection import NoRowsError, select_rows
    from mlops.features import Features

    try:
        tables, query = select_rows(
            bigquery.Client(project=project),
            Features.model_validate(features),
            dataset,
            rows.uri,
            max_bad_percent=max_bad_percent,
            sample_percent=sample_percent,
        )
    except NoRowsError as error:
        raise SystemExit(str(error)) from None
    rows.metadata.update(asdict(tables), query=query)


@dsl.component(base_image="ml", install_kfp_package=False)
def validate_rows(
    project: str,
    location: str,
    name: str,
    features: Dict[str, Any],
    on_skew: str,
    beam_arguments: List[str],
    rows: dsl.Input[dsl.Dataset],
    statistics: dsl.Output[dsl.Artifact],
    report: dsl.Output[dsl.Artifact],
) -> None:
    """Compares the rows with what serving expects, and with the champion's training data.

    Fails when there are anomalies, or when a column is skewed, if that blocks.
    """
    from google.cloud import aiplatform

    from mlops.batch_prediction.selection import PART
    from mlops.data.comparison import Comparator, DriftError, check_distances
    from mlops.data.schema import Environment
    from mlops.data.validation import DataValidationError, validate
    from mlops.features import Features
    from mlops.registry.lineage import find_statistics

    aiplatform.init(project=project, location=location)
    declared = Features.model_validate(features)
    try:
        validate(
            declared,
            rows.uri,
            statistics.uri,
            report.uri,
            beam_arguments,
            parts=[PART],
            environment=Environment.SERVING,
        )
        if reference := find_statistics(name):
            check_distances(
                declared,
                Comparator.SKEW,
                statistics.uri,
                reference,
                report.uri,
                part=PART,
                blocks=on_skew == "block",
            )
    except (DataValidationError, DriftError) as error:
        raise SystemExit(str(error)) from None  # the log ends with the anomalies, not a traceback


@dsl.component(base_image="ml", install_kfp_package=False)
def predict_rows(
    project: str,
    location: str,
    name: str,
    features: Dict[str, Any],
    dataset: str,
    machines: Dict[str, Any],
    rows: dsl.Input[dsl.Dataset],
    job: dsl.Output[dsl.Artifact],
) -> None:
    """Has the champion predict the sound rows in a BatchPredictionJob."""
    from dataclasses import asdict

    from google.cloud import aiplatform, bigquery

    from mlops.batch_prediction.job import predict_rows
    from mlops.features import Features
    from mlops.settings import BatchMachines

    aiplatform.init(project=project, location=location)
    result = predict_rows(
        bigquery.Client(project=project),
        name,
        Features.model_validate(features),
        rows.metadata["instances"],
        dataset,
        BatchMachines.model_validate(machines),
    )
    job.uri = f"https://{location}-aiplatform.googleapis.com/v1/{result.resource_name}"
    job.metadata.update(asdict(result))


@dsl.component(base_image="ml", install_kfp_package=False)
def publish_results(
    project: str,
    features: Dict[str, Any],
    dataset: str,
    files: str,
    rows: dsl.Input[dsl.Dataset],
    job: dsl.Input[dsl.Artifact],
    predictions: dsl.Output[dsl.Dataset],
    dead_letters: dsl.Output[dsl.Dataset],
) -> None:
    """Counts what became of the rows, and replaces the tables that readers know."""
    from google.cloud import bigquery

    from mlops.batch_prediction.publication import publish
    from mlops.batch_prediction.tables import name_outputs
    from mlops.features import Features

    outputs = name_outputs(dataset, files)
    counts = publish(
        bigquery.Client(project=project),
        Features.model_validate(features),
        rows.metadata["rows"],
        job.metadata["predictions"],
        job.metadata["errors"],
        job.metadata["version"],
        outputs,
    )
    predictions.uri = f"bq://{outputs.predictions}"
    predictions.metadata.update(
        count=counts.predictions,
        row_count=counts.rows,
        files=files,
        model_version=job.metadata["version"],
    )
    dead_letters.uri = f"bq://{outputs.dead_letters}"
    dead_letters.metadata["count"] = counts.dead_letters
