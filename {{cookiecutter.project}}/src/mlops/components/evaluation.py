"""Components that evaluate the model, next to the champion."""

from typing import Any, Dict, List, NamedTuple

from kfp import dsl


@dsl.component(base_image="ml", install_kfp_package=False)
def find_champion(
    project: str,
    location: str,
    name: str,
    model: dsl.Input[dsl.Model],
) -> NamedTuple("Champion", [("uri", str), ("version", str)]):  # type: ignore[valid-type]
    """Finds the champion to compare with: both empty if there is none, or it is this model."""
    from google.cloud import aiplatform

    from mlops.registry.models import find_champion

    aiplatform.init(project=project, location=location)
    champion = find_champion(name)
    if champion is None or champion.uri == model.uri:
        return "", ""
    return champion.uri, champion.version_id


@dsl.component(base_image="ml", install_kfp_package=False)
def evaluate_model(
    name: str,
    features: Dict[str, Any],
    evaluation: Dict[str, Any],
    champion_uri: str,
    champion_version: str,
    beam_arguments: List[str],
    data: dsl.Input[dsl.Dataset],
    model: dsl.Input[dsl.Model],
    report: dsl.Output[dsl.Artifact],
    page: dsl.Output[dsl.HTML],
    card: dsl.Output[dsl.Markdown],
    metrics: dsl.Output[dsl.Metrics],
) -> bool:
    """Measures the model on the test split; true when the gate lets it pass."""
    from mlops.evaluation.evaluate import evaluate
    from mlops.evaluation.result import Subject
    from mlops.features import Features
    from mlops.settings import Evaluation

    subject = Subject(
        name=name,
        model=model.uri,
        data=data.uri,
        data_version=str(data.metadata.get("data_version", "")),
        champion=champion_uri,
        champion_version=champion_version,
    )
    result = evaluate(
        Features.model_validate(features),
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
