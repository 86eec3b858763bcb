"""Models, versions and aliases through Google's own client, over gRPC and REST."""

from typing import Any

import pytest
from google.api_core.exceptions import (
    Aborted,
    AlreadyExists,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
)
from google.cloud import aiplatform
from google.cloud.aiplatform_v1 import ModelServiceClient
from google.cloud.aiplatform_v1.types import Model

from tests.conftest import Localcloud
from tests.vertex import IMAGE, OPTIONS, PARENT, connect, refuses, unique, upload

MODEL_TYPE = {"display_name": "model", "container_spec": {"image_uri": IMAGE}}


@pytest.fixture(params=["grpc", "rest"], autouse=True)
def transport(request: pytest.FixtureRequest, cloud_environment: Localcloud) -> str:
    connect(request.param)
    return str(request.param)


@pytest.fixture
def client(transport: str) -> ModelServiceClient:
    return ModelServiceClient(transport=transport, client_options=OPTIONS)


def aliases(model: aiplatform.Model) -> dict[str, list[str]]:
    versions = model.versioning_registry.list_versions()
    return {each.version_id: list(each.version_aliases) for each in versions}


def test_an_uploaded_model_is_read_back(client: ModelServiceClient) -> None:
    model = upload(
        display_name="taxi",
        description="tips",
        version_description="first",
        labels={"team": "a"},
        artifact_uri="gs://bucket/model",
        serving_container_predict_route="/predict",
        serving_container_environment_variables={"A": "1"},
        version_aliases=["champion"],
    )
    read = aiplatform.Model(model.resource_name)
    assert read.resource_name == model.resource_name
    assert (read.display_name, read.description, read.labels) == ("taxi", "tips", {"team": "a"})
    assert (read.version_id, read.version_description) == ("1", "first")
    assert sorted(read.version_aliases) == ["champion", "default"]
    assert read.uri == "gs://bucket/model"
    assert read.container_spec.predict_route == "/predict"
    assert read.container_spec.env[0].value == "1"
    assert read.supported_deployment_resources_types[0].name == "DEDICATED_RESOURCES"
    assert read.create_time == read.version_create_time or read.create_time
    assert client.get_model(name=read.resource_name).etag


def test_an_alias_moves_to_the_version_that_gets_it() -> None:
    first = upload(version_aliases=["champion", "v-one"])
    second = upload(
        parent_model=first.resource_name, is_default_version=False, version_aliases=["champion"]
    )
    assert second.resource_name == first.resource_name
    assert aliases(first) == {"2": ["champion"], "1": ["default", "v-one"]}
    for version, found in {"": "1", "champion": "2", "1": "1", "v-one": "1"}.items():
        assert aiplatform.Model(first.resource_name, version=version or None).version_id == found
    third = upload(parent_model=first.resource_name)
    assert aliases(first) == {"3": ["default"], "2": ["champion"], "1": ["v-one"]}
    assert aiplatform.Model(first.resource_name).version_id == third.version_id == "3"


def test_the_first_version_is_the_default_whatever_is_asked() -> None:
    assert list(upload(is_default_version=False).version_aliases) == ["default"]


def test_the_registry_adds_and_removes_aliases() -> None:
    model = upload()
    upload(parent_model=model.resource_name, is_default_version=False)
    registry = model.versioning_registry
    registry.add_version_aliases(["challenger", "default"], version="2")
    assert aliases(model) == {"2": ["challenger", "default"], "1": []}
    registry.remove_version_aliases(["challenger"], version="2")
    assert aliases(model) == {"2": ["default"], "1": []}
    with refuses(FailedPrecondition, match="is the default version"):
        registry.remove_version_aliases(["default"], version="2")


@pytest.mark.parametrize("alias", ["1st", "Champion", "a", "a_b", "a" * 129, "ends-"])
def test_a_malformed_alias_is_refused(client: ModelServiceClient, alias: str) -> None:
    model = upload(labels={"alias": "no"})
    with refuses(InvalidArgument, match="is malformed; it must match"):
        client.merge_version_aliases(name=f"{model.resource_name}@1", version_aliases=[alias])
    with refuses(InvalidArgument, match="is malformed"):
        upload(parent_model=model.resource_name, version_aliases=[alias])
    assert aliases(model) == {"1": ["default"]}


def test_model_and_version_are_updated_separately(client: ModelServiceClient) -> None:
    model = upload(labels={"commit": "a"}, description="before")
    model.update(display_name="renamed", description="after", labels={"team": "b"})
    model.versioning_registry.update_version("1", "better", labels={"commit": "b"})
    read = client.get_model(name=model.resource_name)
    assert (read.display_name, read.description) == ("renamed", "after")
    assert (read.version_description, dict(read.labels)) == ("better", {"commit": "b", "team": "b"})
    with refuses(FailedPrecondition, match="update_mask names version_description"):
        client.update_model(
            model=Model(name=model.resource_name), update_mask={"paths": ["version_description"]}
        )
    with refuses(InvalidArgument, match="update_mask names artifact_uri, which cannot"):
        client.update_model(
            model=Model(name=model.resource_name), update_mask={"paths": ["artifact_uri"]}
        )


def test_an_update_on_an_older_state_is_aborted(client: ModelServiceClient) -> None:
    old = client.get_model(name=upload().resource_name)
    mask = {"paths": ["description"]}
    client.update_model(model=old, update_mask=mask)
    with refuses(Aborted, match="has changed since etag"):
        client.update_model(model=old, update_mask=mask)


def test_models_are_listed_filtered_ordered_and_paged(client: ModelServiceClient) -> None:
    mark = unique()
    names = [upload(display_name=f"{mark}{n}", labels={mark: str(n)}).resource_name for n in "132"]

    def listed(**request: Any) -> list[str]:
        found = client.list_models({"parent": PARENT, "filter": f"labels.{mark}:*", **request})
        return [model.name for model in found]

    assert listed() == names[::-1]
    assert listed(order_by="display_name") == [names[0], names[2], names[1]]
    assert listed(order_by="display_name desc") == [names[1], names[2], names[0]]
    assert listed(page_size=1) == names[::-1]
    assert listed(filter=f"labels.{mark}=3") == [names[1]]
    assert listed(filter=f'labels.{mark}:* AND displayName!="{mark}3"') == [names[2], names[0]]
    assert listed(filter=f"labels.{mark}=1 OR labels.{mark}=2") == [names[2], names[0]]
    assert listed(filter=f"labels:{mark} NOT labels.{mark}=2") == [names[1], names[0]]
    assert listed(filter=f"model={names[0].rpartition('/')[2]}") == [names[0]]
    assert [
        model.resource_name for model in aiplatform.Model.list(filter=f'display_name="{mark}2"')
    ] == [names[2]]


@pytest.mark.parametrize(
    ("request_fields", "message"),
    [
        ({"filter": "display_name"}, "cannot be read"),
        ({"filter": "size>3"}, "names size, which is not one of display_name, labels, model"),
        ({"order_by": "size"}, "order_by 'size' cannot be used"),
        ({"page_size": -1}, "page_size is -1"),
        ({"page_token": "nonsense"}, "page_token does not belong"),
    ],
)
def test_a_malformed_list_is_refused(
    client: ModelServiceClient, request_fields: dict[str, Any], message: str
) -> None:
    with refuses(InvalidArgument, match=message):
        client.list_models({"parent": PARENT, **request_fields})


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"model": {"container_spec": {"image_uri": IMAGE}}}, "display_name is required"),
        ({"model": {**MODEL_TYPE, "display_name": "x" * 129}}, "display_name has 129"),
        ({"model": {"display_name": "a", "container_spec": {}}}, "image_uri is required"),
        ({"model": {**MODEL_TYPE, "artifact_uri": "/tmp/m"}}, "artifact_uri is /tmp/m"),  # noqa: S108
        ({"model": {"display_name": "a", "artifact_uri": "gs://b/m"}}, "container_spec is req"),
        ({"model": {**MODEL_TYPE, "labels": {"Bad": "1"}}}, "labels has 'Bad'"),
        ({"model": MODEL_TYPE, "model_id": "1abc"}, "model_id '1abc' is malformed"),
        ({"model": MODEL_TYPE, "parent_model": f"{PARENT}/endpoints/1"}, "parent_model is"),
        (
            {"model": MODEL_TYPE, "parent_model": f"{PARENT}/models/1", "model_id": "a"},
            "exclude each other",
        ),
    ],
)
def test_a_malformed_upload_is_refused(
    client: ModelServiceClient, fields: dict[str, Any], message: str
) -> None:
    with refuses(InvalidArgument, match=message):
        client.upload_model({"parent": PARENT, **fields})


def test_a_chosen_model_id_is_taken_once() -> None:
    model_id = f"m{unique()}"
    assert upload(model_id=model_id).name == model_id
    with refuses(AlreadyExists, match=f"models/{model_id} already exists"):
        upload(model_id=model_id)


def test_what_is_not_there_is_not_found(client: ModelServiceClient) -> None:
    model = upload()
    with refuses(NotFound, match="has no version or alias champion"):
        client.get_model(name=f"{model.resource_name}@champion")
    for call in (client.get_model, client.delete_model, client.list_model_versions):
        with refuses(NotFound, match=f"{PARENT}/models/404 was not found"):
            list(call(name=f"{PARENT}/models/404") or ())
    with refuses(NotFound, match="models/404 was not found"):
        upload(parent_model=f"{PARENT}/models/404")


def test_versions_are_deleted_with_care_and_their_ids_never_given_again() -> None:
    model = upload()
    registry = model.versioning_registry
    with refuses(FailedPrecondition, match="is the last version"):
        registry.delete_version("1")
    upload(parent_model=model.resource_name)
    with refuses(FailedPrecondition, match="is the default version"):
        registry.delete_version("2")
    registry.add_version_aliases(["default"], version="1")
    registry.delete_version("2")
    assert aliases(model) == {"1": ["default"]}
    assert upload(parent_model=model.resource_name).version_id == "3"


def test_a_deleted_model_is_gone_with_its_versions() -> None:
    model = upload(model_id=f"m{unique()}")
    upload(parent_model=model.resource_name)
    model.delete()
    with refuses(NotFound):
        aiplatform.Model(model.resource_name)
    assert upload(model_id=model.name).version_id == "1"


def test_evaluations_are_kept_with_their_model(client: ModelServiceClient) -> None:
    model = upload()
    evaluation = client.import_model_evaluation(
        parent=model.resource_name,
        model_evaluation={"display_name": "test split", "metrics": {"auc": 0.75}},
    )
    (found,) = model.list_model_evaluations()
    assert found.resource_name == evaluation.name
    assert model.get_model_evaluation(found.name).metrics["auc"] == 0.75
    for name, kept in [("test split", [evaluation]), ("other", [])]:
        request = {"parent": model.resource_name, "filter": f'display_name="{name}"'}
        assert list(client.list_model_evaluations(request=request)) == kept
    second = upload(parent_model=model.resource_name, is_default_version=False)
    assert second.list_model_evaluations() == []
    other = client.import_model_evaluation(
        parent=second.versioned_resource_name, model_evaluation={"display_name": "other"}
    )
    for version, one in ((model, evaluation), (second, other)):
        parent = version.versioned_resource_name
        assert list(client.list_model_evaluations(parent=parent)) == [one]
