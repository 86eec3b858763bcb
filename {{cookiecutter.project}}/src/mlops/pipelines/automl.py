"""The AutoML pipeline: from the table to a deployed champion, or a challenger."""

from typing import Any

from kfp import dsl

from mlops.components.data import check_drift, extract_data, find_data, validate_data
from mlops.components.evaluation import evaluate_model, find_champion, measure_baselines
from mlops.components.privacy import inspect_data
from mlops.components.release import deploy_model, give_alias
from mlops.components.training import train_automl
from mlops.registry.models import CHAMPION


@dsl.pipeline(name="automl", description="Train by AutoML, evaluate, register and deploy.")
def automl(
    project: str,
    location: str,
    name: str,
    features: dict[str, Any],
    sample_percent: float,
    on_drift: str,
    inspection: dict[str, Any],
    target_column: str,
    split_column: str,
    budget_milli_node_hours: int,
    optimization_objective: str,
    rivals: list[str],
    automl_dataset: str,
    evaluation: dict[str, Any],
    beam_arguments: list[str],
    serving: dict[str, Any],
    monitoring: dict[str, Any],
    bucket: str,
) -> None:
    """The same data, gate and release as of the training pipeline; AutoML is the trainer."""
    found = find_data(project=project, location=location, name=name, features=features)
    found.set_caching_options(enable_caching=False)  # the table changes outside of this pipeline
    extracted = extract_data(
        project=project,
        features=features,
        sample_percent=sample_percent,
        data_version=found.outputs["version"],
    )
    data = extracted.outputs["data"]
    inspected = inspect_data(
        project=project,
        location=location,
        features=features,
        inspection=inspection,
        data=data,
    )
    validated = validate_data(features=features, beam_arguments=beam_arguments, data=data)
    # A step of its own, so that another champion does not make all that follows run again.
    compared = check_drift(
        features=features,
        champion_statistics=found.outputs["champion_statistics"],
        on_drift=on_drift,
        statistics=validated.outputs["statistics"],
    )
    measured = measure_baselines(
        features=features, evaluation=evaluation, beam_arguments=beam_arguments, data=data
    ).after(validated)
    trained = train_automl(
        project=project,
        location=location,
        name=name,
        features=features,
        sample_percent=sample_percent,
        target_column=target_column,
        split_column=split_column,
        budget_milli_node_hours=budget_milli_node_hours,
        optimization_objective=optimization_objective,
        automl_dataset=automl_dataset,
        data=data,
        validation=validated.outputs["report"],
    ).after(compared, inspected)
    model = trained.outputs["model"]
    champion = find_champion(
        project=project, location=location, name=name, aliases=rivals, model=model
    )
    champion.set_caching_options(enable_caching=False)  # so that it is never another one's
    evaluated = evaluate_model(
        project=project,
        location=location,
        name=name,
        features=features,
        sample_percent=sample_percent,
        evaluation=evaluation,
        automl_dataset=automl_dataset,
        champion_uri=champion.outputs["uri"],
        champion_version=champion.outputs["version"],
        beam_arguments=beam_arguments,
        data=data,
        baselines=measured.outputs["baselines"],
        model=model,
    )
    with dsl.If(evaluated.outputs["Output"] == True, name="passed"):  # noqa: E712 - builds an expression
        registered = give_alias(
            project=project,
            location=location,
            name=name,
            model=model,
            data=data,
            evaluation=evaluated.outputs["report"],
        )
        # The registry and the endpoint change outside of this pipeline: always look again.
        registered.set_caching_options(enable_caching=False)
        with dsl.If(registered.outputs["Output"] == CHAMPION, name="is-champion"):
            deployed = deploy_model(
                project=project,
                location=location,
                name=name,
                serving=serving,
                features=features,
                monitoring=monitoring,
                bucket=bucket,
                version=registered.outputs["version"],
            )
            deployed.set_caching_options(enable_caching=False)
