"""Register model versions under one model, with the aliases `champion` and `challenger`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlops.errors import UserError
from mlops.registry.evaluations import verify_evaluation
from mlops.registry.names import name_version
from mlops.serving.digest import HASH_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from google.cloud import aiplatform

CHAMPION = "champion"
CHALLENGER = "challenger"
PREDICT_ROUTE = "/predict"
HEALTH_ROUTE = "/health"
PORT = 8080
_VERSION = re.compile(r"[0-9]+|[a-z][a-zA-Z0-9-]*")  # a number, or an alias of Vertex AI


class RegistryError(UserError):
    """What was asked for is not in the Model Registry."""


@dataclass(frozen=True)
class ModelVersion:
    """A version of a registered model.

    Attributes:
        resource_name: `projects/…/locations/…/models/…@VERSION`.
        version: the version's number.
        alias: `champion`, `challenger`, or nothing for a version that was replaced.
    """

    resource_name: str
    version: str
    alias: str


def register_model(
    name: str, artifact_uri: str, serving_image: str, labels: Mapping[str, str], model_hash: str
) -> ModelVersion:
    """Uploads a SavedModel as a version of the model `name`.

    The first version is the champion; each later one takes the alias challenger over. A SavedModel
    that is registered already is not uploaded again.

    Args:
        name: display name that the versions share.
        artifact_uri: `gs://…` of the SavedModel.
        serving_image: reference of the prediction container's image.
        labels: what the version was made of; values as Google Cloud allows them in labels.
        model_hash: of the SavedModel; the prediction container serves no other.
    """
    from google.cloud import aiplatform

    parent = find_model(name)
    registered = parent and find_version(parent, artifact_uri)
    if registered:
        return describe(registered)
    model = aiplatform.Model.upload(
        display_name=name,
        parent_model=parent.resource_name if parent else None,
        artifact_uri=artifact_uri,
        serving_container_image_uri=serving_image,
        serving_container_predict_route=PREDICT_ROUTE,
        serving_container_health_route=HEALTH_ROUTE,
        serving_container_ports=[PORT],
        serving_container_environment_variables={HASH_VARIABLE: model_hash},
        is_default_version=parent is None,
        version_aliases=[CHALLENGER if parent else CHAMPION],
        labels=dict(labels),
    )
    return describe(model)


def give_alias(name: str, model: aiplatform.Model) -> ModelVersion:
    """Makes a version that is in the registry already the challenger, or the first champion."""
    if not describe(model).alias:
        alias = CHALLENGER if find_champion(name) else CHAMPION
        model.versioning_registry.add_version_aliases([alias], model.version_id)
        model = type(model)(model.resource_name, version=model.version_id)
    return describe(model)


def find_model(name: str) -> aiplatform.Model | None:
    """The model of that display name, at its default version; None when there is none yet."""
    from google.cloud import aiplatform

    models = aiplatform.Model.list(filter=f'display_name="{name}"')
    return models[0] if models else None


def find_champion(name: str) -> aiplatform.Model | None:
    """The champion among the versions of the model `name`; None when there is none yet."""
    return find_first(name, [CHAMPION])


def find_challenger(name: str) -> aiplatform.Model | None:
    """The version of the model `name` that waits to be released; None when there is none."""
    return find_first(name, [CHALLENGER])


def find_first(name: str, aliases: Iterable[str]) -> aiplatform.Model | None:
    """The version of the first alias that one has; None when none of them is given."""
    from google.api_core.exceptions import NotFound
    from google.cloud import aiplatform

    model = find_model(name)
    if model is None:
        return None
    for alias in aliases:
        try:
            return aiplatform.Model(model.resource_name, version=alias)
        except NotFound:
            continue
    return None


def find_version(model: aiplatform.Model, artifact_uri: str) -> aiplatform.Model | None:
    """The version of a model with a URI of `name_version`; None when there is none."""
    return next((v for v in list_versions(model) if name_version(v) == artifact_uri), None)


def get_version(name: str, version: str) -> aiplatform.Model:
    """A version of the model `name`, by number or alias.

    Raises:
        RegistryError: there is no such model or version.
    """
    if not _VERSION.fullmatch(version):  # Vertex AI takes an empty one for the default version
        raise RegistryError(f"{version!r} is no version: write a number or an alias.")
    from google.api_core.exceptions import NotFound
    from google.cloud import aiplatform

    model = find_model(name)
    if model is None:
        raise RegistryError(f"No model is named {name}: run the training pipeline first.")
    try:
        return aiplatform.Model(model.resource_name, version=version)
    except NotFound:
        known = ", ".join(version.version_id for version in list_versions(model))
        raise RegistryError(f"Model {name} has no version {version}: it has {known}.") from None


def list_versions(model: aiplatform.Model) -> list[aiplatform.Model]:
    """All versions of a model, newest first."""
    from google.cloud import aiplatform

    versions = sorted(model.versioning_registry.list_versions(), key=lambda v: -int(v.version_id))
    return [aiplatform.Model(model.resource_name, version=v.version_id) for v in versions]


def make_champion(model: aiplatform.Model) -> None:
    """Gives a version the alias champion, and makes it the default.

    Raises:
        EvaluationMismatchError: what is recorded of the version does not match its evaluation.
    """
    check_version(model)
    registry = model.versioning_registry
    registry.add_version_aliases([CHAMPION, "default"], model.version_id)
    if CHALLENGER in model.version_aliases:
        registry.remove_version_aliases([CHALLENGER], model.version_id)


def check_version(model: aiplatform.Model) -> None:
    """Compares what is recorded of a version with its evaluation and its files.

    Raises:
        EvaluationMismatchError: they differ.
    """
    from google.cloud import storage

    verify_evaluation(storage.Client(project=model.project), model)


def describe(model: aiplatform.Model) -> ModelVersion:
    """What is worth saying about a version."""
    alias = next((a for a in (CHAMPION, CHALLENGER) if a in model.version_aliases), "")
    return ModelVersion(f"{model.resource_name}@{model.version_id}", model.version_id, alias)
