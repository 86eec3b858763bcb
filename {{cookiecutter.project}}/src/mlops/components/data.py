"""Components that read and check the data."""

from typing import Any, Dict, List

from kfp import dsl


@dsl.component(base_image="ml", install_kfp_package=False)
def find_data(project: str, features: Dict[str, Any]) -> str:
    """Finds the version of the table: what changes when its rows or columns do."""
    from google.cloud import bigquery

    from mlops.data.extract import fingerprint
    from mlops.features import Features

    return fingerprint(bigquery.Client(project=project), Features.model_validate(features))


@dsl.component(base_image="ml", install_kfp_package=False)
def extract_data(
    project: str,
    features: Dict[str, Any],
    sample_percent: float,
    data_version: str,
    data: dsl.Output[dsl.Dataset],
) -> None:
    """Extracts each split from BigQuery; `data_version` renews a cached extract of other rows."""
    from google.cloud import bigquery, storage

    from mlops.data.extract import extract, hash_files
    from mlops.features import Features

    client = bigquery.Client(project=project)
    query = extract(client, Features.model_validate(features), data.uri, sample_percent)
    data.metadata["query"] = query
    data.metadata["data_version"] = data_version
    data.metadata["data_hash"] = hash_files(storage.Client(project=project), data.uri)


@dsl.component(base_image="ml", install_kfp_package=False)
def validate_data(
    features: Dict[str, Any],
    beam_arguments: List[str],
    data: dsl.Input[dsl.Dataset],
    statistics: dsl.Output[dsl.Artifact],
    report: dsl.Output[dsl.Artifact],
) -> None:
    """Compares the data with its declaration; fails when there are anomalies."""
    from mlops.data.validation import DataValidationError, validate
    from mlops.features import Features

    declared = Features.model_validate(features)
    try:
        validate(declared, data.uri, statistics.uri, report.uri, beam_arguments)
    except DataValidationError as error:
        raise SystemExit(str(error)) from None  # the log ends with the anomalies, not a traceback
    report.metadata["schema"] = f"{report.uri}/schema.pbtxt"
