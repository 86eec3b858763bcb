"""The training pipeline: from the table to a deployed champion, or a registered challenger."""

from typing import Any

from kfp import dsl

from mlops.components.data import check_drift, extract_data, find_data, validate_data
from mlops.components.evaluation import evaluate_model, find_champion, measure_baselines
from mlops.components.privacy import inspect_data
from mlops.components.release import deploy_model, register_model
from mlops.components.training import export_tflite, train_model, transform_data, tune_model
from mlops.registry.models import CHAMPION


@dsl.pipeline(name="training", description="Train, evaluate, register and deploy the model.")
def training(
    project: str,
    location: str,
    name: str,
    features: dict[str, Any],
    sample_percent: float,
    on_drift: str,
    inspection: dict[str, Any],
    training: dict[str, Any],
    custom_job: dict[str, Any],
    tunes: bool,
    tuning: dict[str, Any],
    training_image: str,
    service_account: str,
    evaluation: dict[str, Any],
    automl_dataset: str,
    beam_arguments: list[str],
    exports_tflite: bool,
    tflite: dict[str, Any],
    serving: dict[str, Any],
    monitoring: dict[str, Any],
    bucket: str,
    serving_image: str,
    labels: dict[str, str],
) -> None:
    """Whatever a step depends on is a parameter, so that its cached result is never stale."""
    found = find_data(project=project, location=location, name=name, features=features)
    found.set_caching_options(enable_caching=False)  # table and champion change outside of this
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
    # Beside the checks, which take as long: bad data stops what trains on the examples.
    transformed = transform_data(features=features, beam_arguments=beam_arguments, data=data)
    # Beside the training, which needs few processors.
    measured = measure_baselines(
        features=features, evaluation=evaluation, beam_arguments=beam_arguments, data=data
    ).after(validated)
    examples, graph = transformed.outputs["examples"], transformed.outputs["graph"]
    with dsl.If(tunes == False, name="as-declared"):  # noqa: E712 - builds an expression
        trained = train_model(
            project=project,
            location=location,
            name=name,
            features=features,
            training=training,
            custom_job=custom_job,
            training_image=training_image,
            service_account=service_account,
            examples=examples,
            graph=graph,
            validation=validated.outputs["report"],
        ).after(compared, inspected)
    with dsl.Else(name="tuned"):
        searched = tune_model(
            project=project,
            location=location,
            name=name,
            features=features,
            training=training,
            tuning=tuning,
            training_image=training_image,
            service_account=service_account,
            examples=examples,
        ).after(compared, inspected)
        trained_best = train_model(
            project=project,
            location=location,
            name=name,
            features=features,
            training=searched.outputs["Output"],
            custom_job=custom_job,
            training_image=training_image,
            service_account=service_account,
            examples=examples,
            graph=graph,
            validation=validated.outputs["report"],
            trials=searched.outputs["trials"],
        )
    model = dsl.OneOf(trained.outputs["model"], trained_best.outputs["model"])
    champion = find_champion(
        project=project, location=location, name=name, aliases=[CHAMPION], model=model
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
        registered = register_model(
            project=project,
            location=location,
            name=name,
            features=features,
            serving_image=serving_image,
            labels=labels,
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
        with dsl.If(exports_tflite == True, name="exports-tflite"):  # noqa: E712 - builds an expression
            export_tflite(features=features, tflite=tflite, data=data, model=model)
