"""ModelService: models, their versions and aliases, their evaluations."""

import re
from typing import Any

from google.api_core.exceptions import FailedPrecondition, InvalidArgument
from google.cloud.aiplatform_v1.types import (
    CopyModelOperationMetadata,
    CopyModelRequest,
    CopyModelResponse,
    DeleteModelRequest,
    DeleteModelVersionRequest,
    DeleteOperationMetadata,
    ExportModelOperationMetadata,
    ExportModelRequest,
    ExportModelResponse,
    GetModelEvaluationRequest,
    GetModelRequest,
    ImportModelEvaluationRequest,
    ListModelEvaluationsRequest,
    ListModelEvaluationsResponse,
    ListModelsRequest,
    ListModelsResponse,
    ListModelVersionsRequest,
    ListModelVersionsResponse,
    MergeVersionAliasesRequest,
    Model,
    ModelEvaluation,
    UpdateModelRequest,
    UploadModelOperationMetadata,
    UploadModelRequest,
    UploadModelResponse,
)
from google.protobuf.empty_pb2 import Empty

from localcloud.cloud import Cloud
from localcloud.explanation import specs
from localcloud.operations import Operation
from localcloud.vertex import container_specs, filters, model_transfers, models
from localcloud.vertex.listing import page
from localcloud.vertex.resources import (
    check_display_name,
    check_etag,
    check_labels,
    location,
    masked_fields,
    new_id,
    now,
    operation_metadata,
    touch,
)

_MODEL_ID = re.compile(r"[a-z_][a-z0-9_-]{0,62}")
_FILTERS: filters.Fields = {
    "display_name": lambda model: model.display_name,
    "labels": lambda model: model.labels,
    "model": lambda model: models.split_name(model.name)[0].rpartition("/")[2],
}
_EVALUATION_FILTERS: filters.Fields = {
    "create_time": lambda evaluation: evaluation.create_time,
    "display_name": lambda evaluation: evaluation.display_name,
}
_MODEL_FIELDS: tuple[str, ...] = ("display_name", "description", "labels")
_VERSION_FIELDS: tuple[str, ...] = ("version_description", "labels")
# Set by the server; what a request says there is not kept.
_OUTPUT_FIELDS = (
    "name",
    "etag",
    "deployed_models",
    "create_time",
    "update_time",
    "version_id",
    "version_create_time",
    "version_update_time",
    "original_model_info",
    "supported_export_formats",
    "supported_deployment_resources_types",
)


def upload_model(cloud: Cloud, request: UploadModelRequest) -> Operation:
    """Keep a new model, or a new version of `parent_model`.

    Partly: of the container, `ports`, `grpc_ports`, shared memory and probes have no effect: it
    listens on AIP_HTTP_PORT and is asked at `health_route`. Nor have `encryption_spec` and
    `service_account`.
    """
    model = _checked(request)
    with cloud.store.transaction():
        name = request.parent_model
        if not name:
            name = f"{request.parent}/models/{request.model_id or new_id()}"
            models.create(cloud.store, name, model)
        version = models.add_version(cloud.store, name, model)
    return cloud.operations.done(
        name,
        UploadModelResponse(model=name, model_version_id=version.version_id),
        UploadModelOperationMetadata(generic_metadata=operation_metadata()),
    )


def get_model(cloud: Cloud, request: GetModelRequest) -> Model:
    """The default version of a model, or the version behind the `@` of its name."""
    return models.get(cloud.store, request.name)


def list_models(cloud: Cloud, request: ListModelsRequest) -> ListModelsResponse:
    """The default versions of a location's models, of those that a filter selects.

    Partly: a filter cannot name `base_model_name`.
    """
    found = models.models(cloud.store, request.parent)
    order = ("display_name", "create_time", "update_time")
    selects = filters.predicate(request.filter, _FILTERS)
    shown, token = page(found, request, order=order, selects=selects)
    return ListModelsResponse(models=shown, next_page_token=token)


def list_model_versions(
    cloud: Cloud, request: ListModelVersionsRequest
) -> ListModelVersionsResponse:
    """The versions of a model that a filter selects."""
    found = models.versions(cloud.store, models.split_name(request.name)[0])
    order = {"create_time": "version_create_time", "update_time": "version_update_time"}
    selects = filters.predicate(request.filter, _FILTERS)
    shown, token = page(found, request, order=order, selects=selects)
    return ListModelVersionsResponse(models=shown, next_page_token=token)


def update_model(cloud: Cloud, request: UpdateModelRequest) -> Model:
    """Change what all versions share, or, with an `@` in the name, what is the version's own."""
    name, wanted = models.split_name(request.model.name)
    versioned = wanted not in ("", "-")
    both = (_VERSION_FIELDS, _MODEL_FIELDS) if versioned else (_MODEL_FIELDS, _VERSION_FIELDS)
    supported, others = both
    paths = request.update_mask.paths
    for field in set(paths) & (set(others) - set(supported)):
        raise FailedPrecondition(
            f"update_mask names {field}, which {request.model.name} does not have as its own;"
            " update model fields by the model's name and version fields by MODEL@VERSION."
        )
    fields = masked_fields(request.update_mask, supported)
    _check_update(request.model, fields)
    with cloud.store.transaction():
        check_etag(models.get(cloud.store, request.model.name), request.model.etag)
        if versioned:
            with models.editing_version(cloud.store, request.model.name) as version:
                _assign(version, request.model, fields)
        else:
            with cloud.store.editing(name, Model) as record:
                _assign(record, request.model, fields)
                touch(record)
        return models.get(cloud.store, request.model.name)


def merge_version_aliases(cloud: Cloud, request: MergeVersionAliasesRequest) -> Model:
    """Add aliases to a version, which other versions lose, and remove those after a `-`."""
    if not request.version_aliases:
        raise InvalidArgument("version_aliases is required; name the aliases to add or remove.")
    return models.merge_aliases(cloud.store, request.name, request.version_aliases)


def delete_model(cloud: Cloud, request: DeleteModelRequest) -> Operation:
    """Remove a model with all its versions, if none is deployed."""
    with cloud.store.transaction():
        models.refuse_deployed(request.name, models.versions(cloud.store, request.name))
        cloud.store.delete(request.name)
    return _deleted(cloud, location(request.name))


def delete_model_version(cloud: Cloud, request: DeleteModelVersionRequest) -> Operation:
    """Remove one version that is neither deployed nor the default."""
    name, version = models.split_name(request.name)
    if not version:
        raise InvalidArgument(f"{request.name} names no version; write {name}@VERSION.")
    models.delete_version(cloud.store, request.name)
    return _deleted(cloud, name)


def copy_model(cloud: Cloud, request: CopyModelRequest) -> Operation:
    """Keep a version of a model once more: in another location, or in another model.

    Partly: within one project; the copy names the same files, and `encryption_spec` and
    `custom_service_account` have no effect.
    """
    _check_ids(request)
    copied = model_transfers.copy(cloud.store, request)
    name = models.split_name(copied.name)[0]
    return cloud.operations.done(
        name,
        CopyModelResponse(model=name, model_version_id=copied.version_id),
        CopyModelOperationMetadata(generic_metadata=operation_metadata()),
    )


def export_model(cloud: Cloud, request: ExportModelRequest) -> Operation:
    """Copy a model's files to a Cloud Storage folder.

    Partly: files only (`custom-trained`), no images.
    """
    model = models.get(cloud.store, request.name)
    uri = model_transfers.export_uri(model, request.output_config, now())

    def export() -> ExportModelResponse:
        model_transfers.export(model, uri, cloud.home.storage)
        return ExportModelResponse()

    output = ExportModelOperationMetadata.OutputInfo(artifact_output_uri=uri)
    metadata = ExportModelOperationMetadata(
        generic_metadata=operation_metadata(), output_info=output
    )
    return cloud.operations.start(models.split_name(request.name)[0], export, metadata)


def import_model_evaluation(cloud: Cloud, request: ImportModelEvaluationRequest) -> ModelEvaluation:
    """Keep an evaluation that was made elsewhere with a version of a model."""
    parent = models.split_name(request.parent)[0]
    version = models.kept_name(cloud.store, request.parent)
    evaluation = ModelEvaluation(request.model_evaluation)
    evaluation.name = f"{parent}/evaluations/{new_id()}"
    evaluation.create_time = now()
    with cloud.store.transaction():
        cloud.store.create(evaluation)
        # An evaluation does not say of which version it is: below that one lies its name.
        cloud.store.create(ModelEvaluation(name=evaluation.name.replace(parent, version)))
    return evaluation


def get_model_evaluation(cloud: Cloud, request: GetModelEvaluationRequest) -> ModelEvaluation:
    """One evaluation."""
    return cloud.store.get(request.name, ModelEvaluation)


def list_model_evaluations(
    cloud: Cloud, request: ListModelEvaluationsRequest
) -> ListModelEvaluationsResponse:
    """The evaluations of a version, or of the default one, that a filter selects."""
    parent = models.split_name(request.parent)[0]
    version = models.kept_name(cloud.store, request.parent)
    found = [
        cloud.store.get(each.name.replace(version, parent), ModelEvaluation)
        for each in cloud.store.in_collection(f"{version}/evaluations", ModelEvaluation)
    ]
    selects = filters.predicate(request.filter, _EVALUATION_FILTERS)
    shown, token = page(found, request, order=("create_time",), selects=selects)
    return ListModelEvaluationsResponse(model_evaluations=shown, next_page_token=token)


def _checked(request: UploadModelRequest) -> Model:
    """The model of an upload as it is kept, after all that can be told now is checked."""
    model = Model(request.model)
    for field in _OUTPUT_FIELDS:
        setattr(model, field, None)
    check_display_name(model.display_name)
    check_labels(model.labels)
    _check_ids(request)
    if model.artifact_uri and not model.artifact_uri.startswith("gs://"):
        raise InvalidArgument(
            f"artifact_uri is {model.artifact_uri}; give the Cloud Storage folder (gs://…) that"
            " holds the model."
        )
    if model.artifact_uri:
        model.supported_export_formats = [model_transfers.EXPORT_FORMAT]
    if "explanation_spec" in model:
        specs.check(model.explanation_spec)
    if "container_spec" in model:
        container_specs.check(model.container_spec)
        model.supported_deployment_resources_types = [
            Model.DeploymentResourcesType.DEDICATED_RESOURCES,
            Model.DeploymentResourcesType.SHARED_RESOURCES,
        ]
    elif model.artifact_uri:
        raise InvalidArgument(
            "container_spec is required for a model with an artifact_uri; name the serving image."
        )
    return model


def _check_ids(request: UploadModelRequest | CopyModelRequest) -> None:
    parent_model, model_id = request.parent_model, request.model_id
    if parent_model and model_id:
        raise InvalidArgument("parent_model and model_id exclude each other; give one of them.")
    if model_id and not _MODEL_ID.fullmatch(model_id):
        raise InvalidArgument(f"model_id {model_id!r} is malformed; match {_MODEL_ID.pattern}.")
    if parent_model and not re.fullmatch(
        rf"{re.escape(request.parent)}/models/[^/@]+", parent_model
    ):
        raise InvalidArgument(
            f"parent_model is {parent_model}; name a model as {request.parent}/models/MODEL."
        )


def _check_update(model: Model, fields: list[str]) -> None:
    if "display_name" in fields:
        check_display_name(model.display_name)
    if "labels" in fields:
        check_labels(model.labels)


def _assign(target: Any, source: Any, fields: list[str]) -> None:
    for field in fields:
        setattr(target, field, getattr(source, field))


def _deleted(cloud: Cloud, parent: str) -> Operation:
    metadata = DeleteOperationMetadata(generic_metadata=operation_metadata())
    return cloud.operations.done(parent, Empty(), metadata)
