"""Components that evaluate the model, next to the champion."""

from typing import Any, Dict, List, NamedTuple

from kfp import dsl


@dsl.component(base_image="ml", install_kfp_package=False)
def find_champion(
    project: str,
    location: str,
    name: str,
    aliases: List[str],
    model: dsl.Input[dsl.Model],
) -> NamedTuple("Champion", [("uri", str), ("version", str)]):  # type: ignore[valid-type]
    """Finds what to compare with, the first of some aliases; nothing if it is this model."""
    from google.cloud import aiplatform

    from mlops.registry.models import find_first
    from mlops.registry.names import name_version

    aiplatform.init(project=project, location=location)
    champion = find_first(name, aliases)
    if champion is None or name_version(champion) == model.uri:
        return "", ""
    return name_version(champion), champion.version_id


@dsl.component(base_image="ml", install_kfp_package=False)
def measure_baselines(
    features: Dict[str, Any],
    evaluation: Dict[str, Any],
    beam_arguments: List[str],
    data: dsl.Input[dsl.Dataset],
    baselines: dsl.Output[dsl.Artifact],
) -> None:
    """Measures on the test split what a model must do better than."""
    from mlops.evaluation.baselines import measure_baselines
    from mlops.features import Features
    from mlops.settings import Evaluation

    measure_baselines(
        Features.model_validate(features),
        Evaluation.model_validate(evaluation).heuristic,
        data.uri,
        baselines.uri,
        beam_arguments,
    )


@dsl.component(base_image="ml", install_kfp_package=False)
def evaluate_model(
    project: str,
    location: str,
    name: str,
    features: Dict[str, Any],
    sample_percent: float,
    evaluation: Dict[str, Any],
    automl_dataset: str,
    champion_uri: str,
    champion_version: str,
    beam_arguments: List[str],
    data: dsl.Input[dsl.Dataset],
    baselines: dsl.Input[dsl.Artifact],
    model: dsl.Input[dsl.Model],
    report: dsl.Output[dsl.Artifact],
    page: dsl.Output[dsl.HTML],
    card: dsl.Output[dsl.Markdown],
    metrics: dsl.Output[dsl.Metrics],
) -> bool:
    """Measures the model on the test split; true when the gate lets it pass."""
    from mlops.batch_prediction.tables import make_datasets, working_dataset
    from mlops.evaluation.automl import predict_test_rows
    from mlops.evaluation.evaluate import CHAMPION, MODEL, evaluate
    from mlops.evaluation.result import Subject
    from mlops.features import Features
    from mlops.registry.names import read_name
    from mlops.settings import Evaluation

    declared = Features.model_validate(features)
    compared = {MODEL: model.uri, CHAMPION: champion_uri}
    automl = {key: resource for key, uri in compared.items() if (resource := read_name(uri))}
    if automl:
        from google.cloud import aiplatform, bigquery  # take seconds

        aiplatform.init(project=project, location=location)
        client = bigquery.Client(project=project)
        make_datasets(client, automl_dataset, declared.table)
        working = working_dataset(automl_dataset)
        predict_test_rows(client, declared, automl, working, f"{report.uri}/rows", sample_percent)
    subject = Subject(
        name=name,
        model=model.uri,
        data=data.uri,
        baselines=baselines.uri,
        data_version=str(data.metadata.get("data_version", "")),
        champion=champion_uri,
        champion_version=champion_version,
        rows=f"{report.uri}/rows" if automl else "",
    )
    result = evaluate(
        declared,
        Evaluation.model_validate(evaluation),
        subject,
        report.uri,
        beam_arguments,
    )
    for metric, value in result.metrics.items():
        metrics.log_metric(metric, value)
    report.metadata["failures"] = list(result.failures)
    report.metadata["champion_version"] = champion_version
    page.uri = f"{report.uri}/evaluation.html"
    card.uri = f"{report.uri}/model_card.md"
    return result.passed
