"""Components that read and check the data."""

from typing import Any, Dict, List, NamedTuple

from kfp import dsl


@dsl.component(base_image="ml", install_kfp_package=False)
def find_data(
    project: str,
    location: str,
    name: str,
    features: Dict[str, Any],
) -> NamedTuple("Data", [("version", str), ("champion_statistics", str)]):  # type: ignore[valid-type]
    """Finds the version of the table, and the statistics of what the champion was trained on.

    The version changes when the table's rows or columns do; the statistics' URI is empty while
    there is no champion.
    """
    from google.cloud import aiplatform, bigquery

    from mlops.data.extract import ExtractError, fingerprint
    from mlops.features import Features
    from mlops.registry.lineage import find_statistics

    aiplatform.init(project=project, location=location)
    client = bigquery.Client(project=project)
    try:
        return fingerprint(client, Features.model_validate(features)), find_statistics(name)
    except ExtractError as error:
        raise SystemExit(str(error)) from None


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

    from mlops.data.extract import ExtractError, extract, hash_files
    from mlops.features import Features

    client = bigquery.Client(project=project)
    try:
        query = extract(client, Features.model_validate(features), data.uri, sample_percent)
    except ExtractError as error:
        raise SystemExit(str(error)) from None
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
    page: dsl.Output[dsl.HTML],
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
    report.metadata["statistics"] = statistics.uri
    page.uri = f"{report.uri}/anomalies.html"


@dsl.component(base_image="ml", install_kfp_package=False)
def check_drift(
    features: Dict[str, Any],
    champion_statistics: str,
    on_drift: str,
    statistics: dsl.Input[dsl.Artifact],
    report: dsl.Output[dsl.Artifact],
    page: dsl.Output[dsl.HTML],
) -> None:
    """Compares the data with the champion's; fails when a column has drifted, if it blocks."""
    if champion_statistics in {"", statistics.uri}:
        return  # there is no champion yet, or this is its data
    from mlops.data.comparison import Comparator, DriftError, check_distances
    from mlops.features import Features

    try:
        distances = check_distances(
            Features.model_validate(features),
            Comparator.DRIFT,
            statistics.uri,
            champion_statistics,
            report.uri,
            blocks=on_drift == "block",
        )
    except DriftError as error:
        raise SystemExit(str(error)) from None
    report.metadata.update({distance.column: distance.value for distance in distances})
    page.uri = f"{report.uri}/drift.html"


@dsl.component(base_image="ml", install_kfp_package=False)
def propose_schema(
    features: Dict[str, Any],
    beam_arguments: List[str],
    data: dsl.Input[dsl.Dataset],
    statistics: dsl.Output[dsl.Artifact],
) -> None:
    """Proposes what the declaration would have to allow for this data to be as declared."""
    import json
    from dataclasses import asdict

    from mlops.data.proposals import propose_changes
    from mlops.data.query import Split
    from mlops.data.schema import build_schema
    from mlops.data.statistics import generate_statistics, load_statistics
    from mlops.features import Features

    declared = Features.model_validate(features)
    generate_statistics(data.uri, statistics.uri, build_schema(declared), beam_arguments)
    parts = [load_statistics(statistics.uri, split) for split in Split]
    proposals = [asdict(proposal) for proposal in propose_changes(declared, parts)]
    statistics.metadata["proposals"] = json.dumps(proposals)
