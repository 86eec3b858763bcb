"""Copies of models, and their files as they are exported."""

import re
import shutil
from datetime import datetime
from pathlib import Path

from google.api_core.exceptions import FailedPrecondition, InvalidArgument
from google.cloud.aiplatform_v1.types import CopyModelRequest, ExportModelRequest, Model

from localcloud.store import Store
from localcloud.vertex import models
from localcloud.vertex.resources import new_id

_NAME = re.compile(r"projects/([^/]+)/locations/[^/]+/models/[^/]+")
EXPORT_FORMAT = Model.ExportFormat(
    id="custom-trained",
    exportable_contents=[Model.ExportFormat.ExportableContent.ARTIFACT],
)


def copy(store: Store, request: CopyModelRequest) -> Model:
    """Keep a version of a model as a new model, or as a new version of another one.

    Raises:
        AlreadyExists: there is a model of the id that is wanted.
        InvalidArgument: the source is no model's name, or lies in another project.
        NotFound: there is no such source, or no such model to add a version to.
    """
    source_name = _NAME.fullmatch(request.source_model)
    if source_name is None:
        raise InvalidArgument(
            f"source_model {request.source_model!r} is malformed; name it as"
            " projects/*/locations/*/models/*."
        )
    if source_name[1] != request.parent.split("/")[1]:
        raise InvalidArgument(
            f"source_model {request.source_model} is not in the project of {request.parent}; copy"
            " within one project."
        )
    with store.transaction():
        source = models.get(store, request.source_model)
        copied = Model(source)
        copied.version_aliases = []
        copied.deployed_models = []
        origin = models.split_name(source.name)[0]
        copied.original_model_info = Model.OriginalModelInfo(model=origin)
        copied.model_source_info.copy = True
        name = request.parent_model
        if not name:
            name = f"{request.parent}/models/{request.model_id or new_id()}"
            models.create(store, name, copied)
        return models.add_version(store, name, copied)


def export_uri(model: Model, wanted: ExportModelRequest.OutputConfig, time: datetime) -> str:
    """The folder that a model is exported to: a new one below the destination.

    Raises:
        FailedPrecondition: the model has no files, so it cannot be exported.
        InvalidArgument: the format or the destination cannot be used.
    """
    if not model.supported_export_formats:
        raise FailedPrecondition(
            f"Model {model.name} is not exportable: it has no artifact_uri; upload it with one."
        )
    if wanted.export_format_id not in ("", EXPORT_FORMAT.id):
        raise InvalidArgument(
            f"output_config.export_format_id is {wanted.export_format_id}; this model supports"
            f" {EXPORT_FORMAT.id}."
        )
    if "image_destination" in wanted:
        raise InvalidArgument(
            "output_config.image_destination is for models whose image is exportable; set"
            " artifact_destination."
        )
    prefix = wanted.artifact_destination.output_uri_prefix
    if not prefix.startswith("gs://"):
        raise InvalidArgument(
            f"output_config.artifact_destination.output_uri_prefix is {prefix!r}; give a Cloud"
            " Storage folder (gs://…)."
        )
    stamp = f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03}Z"
    name = model.display_name.replace("/", "_")
    return f"{prefix.rstrip('/')}/model-export-{name}-{stamp}"


def export(model: Model, uri: str, storage: Path) -> None:
    """Write a model's files into a folder that `export_uri` has named.

    Raises:
        FailedPrecondition: the files or the bucket are not there.
    """
    source, target = (
        storage / each.removeprefix("gs://").strip("/") for each in (model.artifact_uri, uri)
    )
    if not source.is_dir():
        raise FailedPrecondition(f"Model {model.name} has no files under {model.artifact_uri}.")
    bucket = storage / target.relative_to(storage).parts[0]
    if not bucket.is_dir():
        raise FailedPrecondition(f"There is no bucket {bucket.name}; create it first.")
    shutil.copytree(source, target / EXPORT_FORMAT.id)
