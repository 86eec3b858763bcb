"""Managed datasets through the unmodified SDK: tables, and what imports do with items."""

import json
from typing import Any

import pandas
import pytest
from google.api_core.exceptions import (
    FailedPrecondition,
    GoogleAPICallError,
    InvalidArgument,
    MethodNotImplemented,
    NotFound,
)
from google.cloud import aiplatform, bigquery, storage
from google.cloud.aiplatform import schema
from google.cloud.aiplatform_v1 import DatasetServiceClient
from google.cloud.aiplatform_v1.types import ImportDataConfig, SavedQuery

from tests.datasets.conftest import Upload
from tests.vertex import OPTIONS, PARENT, PROJECT, refuses, unique

IMAGE_FORMATS = schema.dataset.ioformat.image
IMAGE = schema.dataset.metadata.image
ML_USE = "aiplatform.googleapis.com/ml_use"


@pytest.fixture(scope="module", params=["grpc", "rest"])
def client(request: pytest.FixtureRequest, bucket: storage.Bucket) -> DatasetServiceClient:
    return DatasetServiceClient(transport=request.param, client_options=OPTIONS)


@pytest.fixture(scope="module")
def grpc(bucket: storage.Bucket) -> DatasetServiceClient:
    return DatasetServiceClient(client_options=OPTIONS)


def images(upload: Upload, *names: str) -> list[str]:
    return [upload(name, f"the bytes of {name}") for name in names]


def payloads(client: DatasetServiceClient, dataset: str) -> dict[str, list[dict[str, Any]]]:
    """The payloads of the annotations of each item, by the name of its file."""
    found = {}
    for item in client.list_data_items(parent=dataset):
        annotations = client.list_annotations(parent=item.name)
        name = dict(item.payload)["imageGcsUri"].rpartition("/")[2]
        found[name] = [
            {key: value for key, value in dict(each.payload).items() if key != "annotationSpecId"}
            for each in annotations
        ]
    return found


def test_a_tabular_dataset_names_its_files(bucket: storage.Bucket, upload: Upload) -> None:
    uri = upload("rows.csv", "age,plan\n1,a\n")
    label = unique()
    dataset = aiplatform.TabularDataset.create(
        display_name=label, gcs_source=uri, labels={"team": label}
    )
    assert sorted(dataset.column_names) == ["age", "plan"]
    again = aiplatform.TabularDataset(dataset.resource_name)
    assert again.gca_resource.metadata["inputConfig"]["gcsSource"]["uri"] == [uri]
    assert again.labels["aiplatform.googleapis.com/dataset_metadata_schema"] == "TABLE"
    for query in (f'labels.team="{label}"', f'display_name="{label}"'):
        found = aiplatform.TabularDataset.list(filter=query, order_by="create_time desc")
        assert [each.resource_name for each in found] == [dataset.resource_name]
    assert aiplatform.ImageDataset.list(filter=f"labels.team={label}") == []
    dataset.update(display_name="renamed", labels={"team": "b"})
    changed = aiplatform.TabularDataset(dataset.resource_name)
    assert changed.display_name == "renamed"
    assert changed.labels["team"] == "b"
    assert len(changed.labels) == 2
    dataset.delete()
    with refuses(NotFound):
        aiplatform.TabularDataset(dataset.resource_name)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"display_name": ""}, "display_name"),
        ({"metadata_schema_uri": "gs://bucket/schema.yaml"}, "metadata_schema_uri"),
        ({"metadata": {"inputConfig": {}}}, "inputConfig"),
        ({"metadata": {"inputConfig": {"gcsSource": {"uri": ["rows.csv"]}}}}, "gcsSource"),
        ({"metadata": {"inputConfig": {"bigquerySource": {"uri": "bq://x"}}}}, "not a table"),
    ],
)
def test_a_malformed_dataset_is_refused(
    client: DatasetServiceClient, change: dict[str, Any], match: str
) -> None:
    metadata = {"inputConfig": {"gcsSource": {"uri": ["gs://bucket/x.csv"]}}}
    dataset = {
        "display_name": "tabular",
        "metadata_schema_uri": schema.dataset.metadata.tabular,
        "metadata": metadata,
    }
    with refuses(InvalidArgument, match):
        client.create_dataset(parent=PARENT, dataset={**dataset, **change})


def test_a_dataframe_becomes_a_table(bucket: storage.Bucket) -> None:
    client = bigquery.Client(project=PROJECT)
    name = client.create_dataset(unique()).dataset_id
    dataset = aiplatform.TabularDataset.create_from_dataframe(
        pandas.DataFrame({"age": [1, 2], "plan": ["a", None]}), f"bq://{PROJECT}.{name}.rows"
    )
    assert sorted(dataset.column_names) == ["age", "plan"]
    assert client.get_table(f"{name}.rows").num_rows == 2


def test_tables_take_no_import(grpc: DatasetServiceClient) -> None:
    dataset = aiplatform.TabularDataset.create(
        display_name="table", bq_source="bq://project:dataset.table"
    )
    with refuses(FailedPrecondition, "create it with its source"):
        grpc.import_data(name=dataset.resource_name, import_configs=[ImportDataConfig()])
    with refuses(FailedPrecondition, "not exported"):
        dataset.export_data("gs://bucket")


def test_images_are_imported_from_csv_with_their_labels(
    client: DatasetServiceClient, upload: Upload
) -> None:
    first, second, third = images(upload, "1.png", "2.png", "3.png")
    listing = upload("list.csv", f"training,{first},daisy\ntest,{second},rose\n{third}\n")
    dataset = aiplatform.ImageDataset.create(
        display_name="flowers",
        gcs_source=listing,
        import_schema_uri=IMAGE_FORMATS.single_label_classification,
        data_item_labels={"season": "spring"},
    )
    name = dataset.resource_name
    assert client.get_dataset(name=name).data_item_count == 3
    labels = {"1.png": [{"displayName": "daisy"}], "2.png": [{"displayName": "rose"}]}
    assert payloads(client, name) == {**labels, "3.png": []}
    chosen = client.list_data_items(
        request={"parent": name, "filter": f"labels.{ML_USE}=test AND labels.season=spring"}
    )
    [item] = list(chosen)
    assert dict(item.payload) == {"imageGcsUri": second, "mimeType": "image/png"}
    [annotation] = client.list_annotations(parent=item.name)
    assert annotation.payload_schema_uri == schema.dataset.annotation.image.classification
    spec_id = dict(annotation.payload)["annotationSpecId"]
    assert client.get_annotation_spec(name=f"{name}/annotationSpecs/{spec_id}").display_name == (
        "rose"
    )
    dataset.import_data(listing, IMAGE_FORMATS.single_label_classification)  # all of it is there
    assert client.get_dataset(name=name).data_item_count == 3
    assert payloads(client, name) == {**labels, "3.png": []}


def test_boxes_are_imported_from_csv_and_jsonl(grpc: DatasetServiceClient, upload: Upload) -> None:
    first, second = images(upload, "1.jpg", "2.jpg")
    box = {"displayName": "cat", "xMin": 0.1, "yMin": 0.2, "xMax": 0.5, "yMax": 0.75}
    rows = upload("boxes.csv", f"{first},cat,0.1,0.2,,,0.5,0.75,,\n{first},dog,0,0,,,1,1,,\n")
    line = {"imageGcsUri": second, "boundingBoxAnnotations": [box]}
    lines = upload("boxes.jsonl", json.dumps(line))
    dataset = aiplatform.ImageDataset.create(
        display_name="boxes",
        gcs_source=[rows, lines],
        import_schema_uri=IMAGE_FORMATS.bounding_box,
    )
    found = payloads(grpc, dataset.resource_name)
    assert found["2.jpg"] == [box]
    assert {each["displayName"] for each in found["1.jpg"]} == {"cat", "dog"}
    assert box in found["1.jpg"]


def test_annotations_get_the_labels_of_the_import_or_their_own(
    grpc: DatasetServiceClient, upload: Upload
) -> None:
    [image] = images(upload, "1.jpg")
    field = "classificationAnnotations"
    own = {"displayName": "cat", "annotationResourceLabels": {"by": "ann"}}
    lines = upload(
        "l.jsonl", json.dumps({"imageGcsUri": image, field: [{"displayName": "a"}, own]})
    )
    dataset = aiplatform.ImageDataset.create(display_name="labelled").resource_name
    config = {
        "gcs_source": {"uris": [lines]},
        "import_schema_uri": IMAGE_FORMATS.multi_label_classification,
        "annotation_labels": {"by": "bob", "round": "2"},
    }
    grpc.import_data(name=dataset, import_configs=[config]).result(timeout=30)
    [item] = grpc.list_data_items(parent=dataset)
    found = {each.payload["displayName"]: each for each in grpc.list_annotations(parent=item.name)}
    assert {name: dict(each.labels) for name, each in found.items()} == {
        "a": {"by": "bob", "round": "2"},
        "cat": {"by": "ann", "round": "2"},
    }
    spec = f"{dataset}/annotationSpecs/{found['cat'].payload['annotationSpecId']}"
    request = {"name": spec, "read_mask": {"paths": ["display_name"]}}
    shown = grpc.get_annotation_spec(request=request)
    assert (shown.display_name, shown.name) == ("cat", "")


def test_what_cannot_be_imported_is_a_partial_failure(
    grpc: DatasetServiceClient, upload: Upload
) -> None:
    [good] = images(upload, "good.png")
    missing = good.replace("good", "missing")
    listing = upload("list.csv", f"{good},daisy\n{missing},rose\n{good},two,labels\n")
    dataset = aiplatform.ImageDataset.create(display_name="partly")
    operation = grpc.import_data(
        name=dataset.resource_name,
        import_configs=[
            {
                "gcs_source": {"uris": [listing]},
                "import_schema_uri": IMAGE_FORMATS.single_label_classification,
            }
        ],
    )
    operation.result(timeout=30)
    failures = operation.metadata.generic_metadata.partial_failures
    assert [(each.code, each.message) for each in failures] == [
        (5, f"{missing} was not found."),
        (3, "list.csv, line 3: it has 2 labels; an item has one."),
    ]
    assert payloads(grpc, dataset.resource_name) == {"good.png": [{"displayName": "daisy"}]}


def test_an_import_of_nothing_fails(upload: Upload) -> None:
    listing = upload("list.csv", "gs://no-such-bucket/1.png,daisy\n")
    dataset = aiplatform.ImageDataset.create(display_name="empty")
    for uri, match in [(listing, "was not found"), (f"{listing}-not", "names no file")]:
        with pytest.raises(GoogleAPICallError, match=match):
            dataset.import_data(uri, IMAGE_FORMATS.single_label_classification)
    with refuses(InvalidArgument, "import_schema_uri"):
        dataset.import_data(listing, schema.dataset.ioformat.text.sentiment)


def test_texts_may_stand_in_the_listing(grpc: DatasetServiceClient, upload: Upload) -> None:
    dataset = aiplatform.TextDataset.create(
        display_name="texts",
        gcs_source=upload("list.csv", '"good, really",2,2\n"bad",0,2\n'),
        import_schema_uri=schema.dataset.ioformat.text.sentiment,
    )
    items = grpc.list_data_items(parent=dataset.resource_name)
    assert {dict(item.payload)["textContent"] for item in items} == {"good, really", "bad"}


def test_an_export_can_be_imported_again(
    grpc: DatasetServiceClient, bucket: storage.Bucket, upload: Upload
) -> None:
    first, second = images(upload, "1.png", "2.png")
    multi = IMAGE_FORMATS.multi_label_classification
    dataset = aiplatform.ImageDataset.create(
        display_name="original",
        gcs_source=upload("list.csv", f"test,{first},a,b\n{second},c\n"),
        import_schema_uri=multi,
    )
    files = dataset.export_data(f"gs://{bucket.name}/exports")
    [lines] = [file for file in files if file.endswith(".jsonl")]
    copy = aiplatform.ImageDataset.create(
        display_name="copy", gcs_source=lines, import_schema_uri=multi
    )
    for each in (dataset, copy):
        found = payloads(grpc, each.resource_name)
        names = {name: {label["displayName"] for label in found[name]} for name in found}
        assert names == {"1.png": {"a", "b"}, "2.png": {"c"}}
    chosen = grpc.list_data_items(
        request={"parent": copy.resource_name, "filter": f"labels.{ML_USE}=test"}
    )
    assert len(list(chosen)) == 1
    config = {"gcs_destination": {"output_uri_prefix": f"gs://{bucket.name}"}}
    for field, value in [
        ("fraction_split", {"training_fraction": 1}),
        ("export_use", "CUSTOM_CODE_TRAINING"),
    ]:
        with refuses(MethodNotImplemented, f"export_config.{field}"):
            grpc.export_data(name=copy.resource_name, export_config={**config, field: value})


def test_a_saved_query_is_kept_with_its_dataset(client: DatasetServiceClient) -> None:
    query = SavedQuery(display_name="labels", problem_type="IMAGE_CLASSIFICATION_SINGLE_LABEL")
    made = {"display_name": "d", "metadata_schema_uri": IMAGE, "saved_queries": [query]}
    dataset = client.create_dataset(parent=PARENT, dataset=made).result(timeout=30)
    [kept] = client.list_saved_queries(parent=dataset.name)
    assert client.get_dataset(name=dataset.name).saved_queries == [kept]
    for text, found in [("display_name=labels", [kept]), ("problem_type!=IMAGE*", [])]:
        request = {"parent": dataset.name, "filter": text}
        assert list(client.list_saved_queries(request=request)) == found
    client.delete_saved_query(name=kept.name).result(timeout=30)
    assert list(client.list_saved_queries(parent=dataset.name)) == []
    query.problem_type = "TEXT_SENTIMENT"
    with refuses(FailedPrecondition, "not for this kind"):
        client.create_dataset(parent=PARENT, dataset={**made, "saved_queries": [query]})


def test_other_datasets_carry_their_own_items(grpc: DatasetServiceClient, upload: Upload) -> None:
    series = aiplatform.TimeSeriesDataset.create("series", bq_source="bq://p.d.t")
    assert series.gca_resource.metadata["inputConfig"]["bigquerySource"]["uri"] == "bq://p.d.t"
    [clip] = images(upload, "clip.mp4")
    video = aiplatform.VideoDataset.create(
        display_name="clips",
        gcs_source=upload("list.csv", f"training,{clip},run,1.5,inf\n"),
        import_schema_uri=schema.dataset.ioformat.video.classification,
    )
    [item] = grpc.list_data_items(parent=video.resource_name)
    [annotation] = grpc.list_annotations(parent=item.name)
    assert dict(item.payload)["videoGcsUri"] == clip
    payload = dict(annotation.payload)
    assert (payload["displayName"], payload["startTime"]) == ("run", "1.5s")
    with refuses(InvalidArgument, "use one of"):
        grpc.create_dataset(
            parent=PARENT,
            dataset={"display_name": "x", "metadata_schema_uri": IMAGE.replace("image", "sound")},
        )
