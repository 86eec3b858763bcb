"""Deployed models as they are kept on their endpoints."""

import re

from google.api_core.exceptions import (
    AlreadyExists,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
)
from google.cloud.aiplatform_v1.types import (
    DeployedModel,
    DeployedModelRef,
    DeploymentResourcePool,
    Endpoint,
    Model,
)
from google.protobuf.field_mask_pb2 import FieldMask

from localcloud.cloud import Cloud
from localcloud.explanation import specs
from localcloud.rpc import raw
from localcloud.store import Store
from localcloud.vertex import models, serving_resources
from localcloud.vertex.resources import masked_fields, new_id, now, refuse_fields, touch
from localcloud.vertex.traffic import NEW, check_split

_ID = re.compile(r"[1-9][0-9]{0,9}")
_EMAIL = re.compile(r"[^@\s/]+@[^@\s/]+")
_MUTABLE = (
    "dedicated_resources.min_replica_count",
    "dedicated_resources.max_replica_count",
    "dedicated_resources.required_replica_count",
    "dedicated_resources.autoscaling_metric_specs",
    "automatic_resources.min_replica_count",
    "automatic_resources.max_replica_count",
    "disable_container_logging",
)


def ids(endpoint: Endpoint) -> set[str]:
    """The ids of the models that are deployed on an endpoint."""
    return {deployed.id for deployed in endpoint.deployed_models}


def prepare(cloud: Cloud, endpoint: Endpoint, wanted: DeployedModel) -> DeployedModel:
    """The deployed model that a request asks for, complete, after all that can be told is checked.

    Raises:
        AlreadyExists: the endpoint has a deployed model of this id.
        FailedPrecondition: the model cannot be deployed, or its files are not there.
        InvalidArgument: a required field is missing or malformed.
        MethodNotImplemented: it asks for what models of generative AI have.
        NotFound: there is no such model, version or alias.
    """
    if not wanted.model:
        raise InvalidArgument("deployed_model.model is required; name the model to deploy.")
    refuse_fields(wanted, "deployed_model", ("checkpoint_id", "speculative_decoding_spec"))
    model = models.get(cloud.store, wanted.model)
    _check_id(endpoint, wanted.id)
    check_deployable(cloud, model)
    _check_dedicated(endpoint, model)
    deployed = DeployedModel(wanted)
    serving_resources.complete(cloud.store, endpoint.name, deployed)
    _check_service_account(wanted.service_account)
    deployed.id = wanted.id or new_id()
    deployed.model = models.split_name(wanted.model)[0]
    deployed.model_version_id = model.version_id
    deployed.display_name = wanted.display_name or model.display_name
    deployed.explanation_spec = specs.inherit(model, wanted)
    deployed.create_time = now()
    return deployed


def add(store: Store, endpoint: str, deployed: DeployedModel, split: dict[str, int]) -> None:
    """Keep a model whose server answers; a split that is not empty replaces the endpoint's.

    Raises:
        InvalidArgument: the split names a model that has been undeployed meanwhile.
        NotFound: the endpoint, the model or the pool has been deleted meanwhile.
    """
    split = {deployed.id if key == NEW else key: share for key, share in split.items()}
    with store.editing(endpoint, Endpoint) as kept:
        if deployed.shared_resources:
            store.get(deployed.shared_resources, DeploymentResourcePool)
        kept.deployed_models.append(deployed)
        check_split(split, ids(kept))
        if split:
            kept.traffic_split = split
        touch(kept)
        models.note_deployment(store, *_reference(endpoint, deployed))


def remove(store: Store, endpoint: str, model_id: str, split: dict[str, int]) -> None:
    """Take a model off its endpoint; a split that is not empty replaces the endpoint's.

    Raises:
        FailedPrecondition: it still has traffic, and others are deployed beside it.
        InvalidArgument: the split cannot be used.
        NotFound: there is no such endpoint or deployed model.
    """
    with store.editing(endpoint, Endpoint) as kept:
        deployed = _find(kept, model_id)
        check_split(split, ids(kept))
        split = split or dict(kept.traffic_split)
        others = [each for each in kept.deployed_models if each.id != model_id]
        if split.pop(model_id, 0) and others:
            raise FailedPrecondition(
                f"Deployed model {model_id} has traffic; give its share to others in traffic_split"
                " before it is undeployed."
            )
        kept.deployed_models = others
        kept.traffic_split = split if others else {}
        touch(kept)
        models.forget_deployment(store, *_reference(endpoint, deployed))


def mutate(store: Store, endpoint: str, wanted: DeployedModel, mask: FieldMask) -> DeployedModel:
    """Change the fields of a deployed model that the mask names.

    Raises:
        InvalidArgument: the mask names another field, or a replica count cannot be used.
        NotFound: there is no such endpoint or deployed model.
    """
    paths = FieldMask(paths=masked_fields(mask, _MUTABLE))
    with store.editing(endpoint, Endpoint) as kept:
        deployed = _find(kept, wanted.id)
        paths.MergeMessage(raw(wanted), raw(deployed), replace_repeated_field=True)
        serving_resources.complete(store, endpoint, deployed)
        touch(kept)
        return DeployedModel(deployed)


def _find(endpoint: Endpoint, model_id: str) -> DeployedModel:
    for deployed in endpoint.deployed_models:
        if deployed.id == model_id:
            return deployed
    raise NotFound(f"Endpoint {endpoint.name} has no deployed model {model_id or 'without id'}.")


def _check_id(endpoint: Endpoint, model_id: str) -> None:
    if model_id and not _ID.fullmatch(model_id):
        raise InvalidArgument(
            f"deployed_model.id {model_id!r} is malformed; use 1 to 10 digits without a leading 0."
        )
    if model_id in ids(endpoint):
        raise AlreadyExists(f"Endpoint {endpoint.name} has a deployed model {model_id} already.")


def _check_dedicated(endpoint: Endpoint, model: Model) -> None:
    if model.container_spec.invoke_route_prefix and not endpoint.dedicated_endpoint_enabled:
        raise FailedPrecondition(
            f"Model {model.name} has an invoke_route_prefix, so it can only be deployed to a"
            " dedicated endpoint; create one with dedicated_endpoint_enabled."
        )


def _check_service_account(email: str) -> None:
    if email and not _EMAIL.fullmatch(email):
        raise InvalidArgument(
            f"deployed_model.service_account {email!r} is no email address; name the service"
            " account by its address."
        )


def check_deployable(cloud: Cloud, model: Model) -> None:
    """Refuse a model that no server can be started for.

    Raises:
        FailedPrecondition: it has no container, or its files are not there.
    """
    if "container_spec" not in model:
        raise FailedPrecondition(f"Model {model.name} has no container_spec; upload it with one.")
    if not model.artifact_uri:
        return
    folder = cloud.home.storage / model.artifact_uri.removeprefix("gs://").strip("/")
    if not folder.is_dir() or not any(folder.iterdir()):
        raise FailedPrecondition(
            f"Model {model.name} has no files under {model.artifact_uri}; write them there first."
        )


def _reference(endpoint: str, deployed: DeployedModel) -> tuple[str, DeployedModelRef]:
    version = f"{deployed.model}@{deployed.model_version_id}"
    return version, DeployedModelRef(endpoint=endpoint, deployed_model_id=deployed.id)
