"""Components that register and deploy the model."""

from typing import Any, Dict

from kfp import dsl


@dsl.component(base_image="ml", install_kfp_package=False)
def register_model(
    project: str,
    location: str,
    name: str,
    features: Dict[str, Any],
    serving_image: str,
    labels: Dict[str, str],
    model: dsl.Input[dsl.Model],
    data: dsl.Input[dsl.Dataset],
    evaluation: dsl.Input[dsl.Artifact],
    version: dsl.Output[dsl.Artifact],
) -> str:
    """Registers the model and gives its alias: champion for a first version, else challenger."""
    import json

    from google.cloud import aiplatform, storage

    from mlops.features import Features
    from mlops.registry.evaluations import check_subject, record_evaluation
    from mlops.registry.models import register_model
    from mlops.registry.signature import SignatureError, check_signature

    aiplatform.init(project=project, location=location)
    try:
        check_signature(Features.model_validate(features), json.loads(model.metadata["signature"]))
    except SignatureError as error:
        raise SystemExit(str(error)) from None
    model_hash = model.metadata["model_hash"]
    client = storage.Client(project=project)
    measured = f"{evaluation.uri}/evaluation.json"
    check_subject(client, measured, model.uri)  # before the version gets an alias
    registered = register_model(name, model.uri, serving_image, labels, model_hash)
    record_evaluation(
        client,
        aiplatform.Model(registered.resource_name),
        measured,
        str(data.metadata["data_hash"]),
    )
    version.uri = f"https://{location}-aiplatform.googleapis.com/v1/{registered.resource_name}"
    version.metadata["resourceName"] = registered.resource_name
    return registered.alias


@dsl.component(base_image="ml", install_kfp_package=False)
def give_alias(
    project: str,
    location: str,
    name: str,
    model: dsl.Input[dsl.Model],
    data: dsl.Input[dsl.Dataset],
    evaluation: dsl.Input[dsl.Artifact],
    version: dsl.Output[dsl.Artifact],
) -> str:
    """Gives a version that is registered already its alias, as `register_model` would."""
    from google.cloud import aiplatform, storage

    from mlops.registry.evaluations import record_evaluation
    from mlops.registry.models import give_alias

    aiplatform.init(project=project, location=location)
    trained = aiplatform.Model(model.metadata["resourceName"])
    record_evaluation(
        storage.Client(project=project),
        trained,
        f"{evaluation.uri}/evaluation.json",
        str(data.metadata["data_hash"]),
    )
    registered = give_alias(name, trained)
    version.uri = model.uri
    version.metadata["resourceName"] = registered.resource_name
    return registered.alias


@dsl.component(base_image="ml", install_kfp_package=False)
def deploy_model(
    project: str,
    location: str,
    name: str,
    serving: Dict[str, Any],
    features: Dict[str, Any],
    monitoring: Dict[str, Any],
    bucket: str,
    version: dsl.Input[dsl.Artifact],
) -> str:
    """Gives the champion all traffic of the endpoint, and has it watched; gives the endpoint."""
    from google.cloud import aiplatform

    from mlops.features import Features
    from mlops.monitoring.job import apply_monitoring
    from mlops.monitoring_settings import Monitoring
    from mlops.release.deployment import deploy_champion
    from mlops.serving_settings import Serving

    aiplatform.init(project=project, location=location)
    champion = aiplatform.Model(version.metadata["resourceName"])
    endpoint = deploy_champion(name, champion, Serving.model_validate(serving))
    declared, watched = Features.model_validate(features), Monitoring.model_validate(monitoring)
    for line in apply_monitoring(name, declared, watched, bucket):
        print(line)
    return str(endpoint.resource_name)
