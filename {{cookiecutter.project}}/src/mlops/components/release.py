"""Components that register and deploy the model."""

from typing import Any, NamedTuple

from kfp import dsl


@dsl.component(base_image="ml", install_kfp_package=False)
def register_model(
    project: str,
    location: str,
    name: str,
    serving_image: str,
    labels: dict[str, str],
    model: dsl.Input[dsl.Model],
) -> NamedTuple("Registered", [("resource_name", str), ("version", str), ("alias", str)]):  # type: ignore[valid-type]
    """Registers the model: as champion if it is the first version, else as challenger."""
    from typing import NamedTuple

    from google.cloud import aiplatform

    from mlops.registry.models import register_model

    aiplatform.init(project=project, location=location)
    registered = register_model(name, model.uri, serving_image, labels)
    outputs = NamedTuple("Registered", [("resource_name", str), ("version", str), ("alias", str)])
    return outputs(registered.resource_name, registered.version, registered.alias)


@dsl.component(base_image="ml", install_kfp_package=False)
def deploy_model(
    project: str, location: str, name: str, serving: dict[str, Any], model: str
) -> str:
    """Gives the champion all traffic of the endpoint; gives the endpoint's resource name."""
    from google.cloud import aiplatform

    from mlops.release.deployment import deploy_champion
    from mlops.settings import Serving

    aiplatform.init(project=project, location=location)
    champion = aiplatform.Model(model)
    return deploy_champion(name, champion, Serving.model_validate(serving)).resource_name
