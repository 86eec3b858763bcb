"""Models that are copied and exported; their versions listed and kept while they serve."""

from pathlib import Path

import pytest
from google.api_core.exceptions import AlreadyExists, FailedPrecondition, InvalidArgument, NotFound
from google.cloud import aiplatform
from google.cloud.aiplatform_v1 import ModelServiceClient

from tests.conftest import Localcloud
from tests.vertex import LOCATION, OPTIONS, PARENT, PROJECT, refuses, unique, upload


@pytest.fixture
def models(transport: str) -> ModelServiceClient:
    return ModelServiceClient(transport=transport, client_options=OPTIONS)


def test_a_version_is_copied_to_another_location(endpoint: aiplatform.Endpoint) -> None:
    first = upload(labels={"team": "a"}, serving_container_predict_route="/old")
    endpoint.deploy(first)
    upload(parent_model=first.resource_name, serving_container_predict_route="/new")
    source = aiplatform.Model(first.resource_name, version="1")
    copied = source.copy(destination_location="europe-west4")
    assert copied.resource_name.startswith(f"projects/{PROJECT}/locations/europe-west4/models/")
    assert (copied.version_id, list(copied.version_aliases)) == ("1", ["default"])
    assert (copied.display_name, copied.labels) == ("model", {"team": "a"})
    assert copied.container_spec.predict_route == "/old"
    assert copied.gca_resource.original_model_info.model == first.resource_name
    assert copied.gca_resource.model_source_info.copy
    assert not copied.gca_resource.deployed_models


def test_a_model_is_copied_as_a_version_or_under_a_name() -> None:
    source, target = upload(display_name="source"), upload(display_name="target")
    version = source.copy(LOCATION, destination_parent_model=target.resource_name)
    assert (version.resource_name, version.version_id) == (target.resource_name, "2")
    assert aiplatform.Model(target.resource_name).version_id == "1"
    name = f"m{unique()}"
    assert source.copy(LOCATION, destination_model_id=name).name == name
    with refuses(AlreadyExists):
        source.copy(LOCATION, destination_model_id=name)


def test_wrong_copies_are_refused(models: ModelServiceClient) -> None:
    with refuses(InvalidArgument, match="is not in the project of"):
        models.copy_model(
            parent=PARENT, source_model=f"projects/other/locations/{LOCATION}/models/1"
        )
    with refuses(NotFound, match="models/404 was not found"):
        models.copy_model(parent=PARENT, source_model=f"{PARENT}/models/404")


def test_a_models_files_are_exported(cloud_environment: Localcloud) -> None:
    storage = cloud_environment.home / "storage"
    bucket = storage / unique()
    folder = bucket / "model" / "variables"
    folder.mkdir(parents=True)
    (folder / "weights").write_text("1")
    model = upload(display_name="taxi", artifact_uri=f"gs://{bucket.name}/model/")
    assert list(model.supported_export_formats) == ["custom-trained"]
    exported = model.export_model(
        "custom-trained", artifact_destination=f"gs://{bucket.name}/exports"
    )
    uri = str(exported["artifactOutputUri"])
    assert uri.startswith(f"gs://{bucket.name}/exports/model-export-taxi-20")
    target = Path(storage, uri.removeprefix("gs://"), "custom-trained")
    assert (target / "variables" / "weights").read_text() == "1"


def test_what_cannot_be_exported_is_refused(
    models: ModelServiceClient, cloud_environment: Localcloud
) -> None:
    def export(model: aiplatform.Model, destination: str, export_format: str = "") -> None:
        config = {
            "artifact_destination": {"output_uri_prefix": destination},
            "export_format_id": export_format,
        }
        models.export_model(name=model.resource_name, output_config=config).result()

    model = upload(artifact_uri="gs://absent/model")
    with refuses(FailedPrecondition, match="has no files under gs://absent/model"):
        export(model, "gs://absent/exports")
    with refuses(InvalidArgument, match="is tflite; this model supports custom-trained"):
        export(model, "gs://absent", "tflite")
    with refuses(InvalidArgument, match="output_uri_prefix is 'here'"):
        export(model, "here")
    with refuses(FailedPrecondition, match="is not exportable"):
        export(upload(), "gs://absent")


def test_versions_are_filtered_and_ordered(models: ModelServiceClient) -> None:
    model = upload(labels={"commit": "a"})
    for commit in "ba":
        upload(parent_model=model.resource_name, labels={"commit": commit})

    def listed(**request: str) -> list[str]:
        found = models.list_model_versions({"name": model.resource_name, **request})
        return [each.version_id for each in found]

    assert listed() == ["3", "2", "1"]
    assert listed(filter="labels.commit=a") == ["3", "1"]
    assert listed(order_by="create_time") == ["1", "2", "3"]
    assert listed(order_by="create_time desc", filter='labels.commit="a"') == ["3", "1"]
    with refuses(InvalidArgument, match="order_by 'display_name' cannot be used"):
        listed(order_by="display_name")


def test_a_version_that_serves_is_not_deleted(
    serving: aiplatform.Endpoint, model: aiplatform.Model, models: ModelServiceClient
) -> None:
    upload(parent_model=model.resource_name)  # the default from now on
    with refuses(FailedPrecondition, match=r"is deployed as \d+ on .*; undeploy it first"):
        models.delete_model_version(name=f"{model.resource_name}@1")
    serving.undeploy_all()
    models.delete_model_version(name=f"{model.resource_name}@1").result()
    assert [each.version_id for each in model.versioning_registry.list_versions()] == ["2"]
