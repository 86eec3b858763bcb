"""DatasetService: managed datasets, their data items, annotations and saved queries."""

from typing import Any

from google.api_core.exceptions import FailedPrecondition, InvalidArgument
from google.cloud.aiplatform_v1.types import (
    Annotation,
    AnnotationSpec,
    CreateDatasetOperationMetadata,
    CreateDatasetRequest,
    DataItem,
    Dataset,
    DeleteDatasetRequest,
    DeleteOperationMetadata,
    DeleteSavedQueryRequest,
    ExportDataOperationMetadata,
    ExportDataRequest,
    ExportDataResponse,
    GetAnnotationSpecRequest,
    GetDatasetRequest,
    ImportDataOperationMetadata,
    ImportDataRequest,
    ImportDataResponse,
    ListAnnotationsRequest,
    ListAnnotationsResponse,
    ListDataItemsRequest,
    ListDataItemsResponse,
    ListDatasetsRequest,
    ListDatasetsResponse,
    ListSavedQueriesRequest,
    ListSavedQueriesResponse,
    SavedQuery,
    UpdateDatasetRequest,
)
from google.protobuf.empty_pb2 import Empty

from localcloud.cloud import Cloud
from localcloud.datasets import exporting, importing, items, tables
from localcloud.datasets.schemas import kind_of
from localcloud.operations import Operation
from localcloud.rpc import raw
from localcloud.vertex import filters
from localcloud.vertex.json_values import plain, set_value
from localcloud.vertex.listing import masked, page
from localcloud.vertex.resources import (
    check_display_name,
    check_etag,
    check_labels,
    location,
    masked_fields,
    new_id,
    now,
    operation_metadata,
    refuse_fields,
    touch,
)

_FIELDS = ("display_name", "description", "labels")
_OUTPUT_FIELDS = ("data_item_count", "metadata_artifact", "satisfies_pzs", "satisfies_pzi")
_EXPORT_BY_TRAINING = (
    "annotation_schema_uri",
    "export_use",
    "filter_split",
    "fraction_split",
    "saved_query_id",
)
_SYSTEM_LABEL = "aiplatform.googleapis.com/"
_PROBLEM_TYPES = (
    "IMAGE_CLASSIFICATION_SINGLE_LABEL",
    "IMAGE_CLASSIFICATION_MULTI_LABEL",
    "IMAGE_BOUNDING_POLY",
    "IMAGE_BOUNDING_BOX",
    "TEXT_CLASSIFICATION_SINGLE_LABEL",
    "TEXT_CLASSIFICATION_MULTI_LABEL",
    "TEXT_EXTRACTION",
    "TEXT_SENTIMENT",
    "VIDEO_CLASSIFICATION",
    "VIDEO_OBJECT_TRACKING",
)
_FILTERS: filters.Fields = {
    "create_time": lambda dataset: dataset.create_time,
    "display_name": lambda dataset: dataset.display_name,
    "labels": lambda dataset: dataset.labels,
    "metadata_schema_uri": lambda dataset: dataset.metadata_schema_uri,
    "update_time": lambda dataset: dataset.update_time,
}
_QUERY_FILTERS: filters.Fields = {
    "create_time": lambda query: query.create_time,
    "display_name": lambda query: query.display_name,
    "problem_type": lambda query: query.problem_type,
    "update_time": lambda query: query.update_time,
}


def create_dataset(cloud: Cloud, request: CreateDatasetRequest) -> Operation:
    """Keep a new dataset; one of tables names its source, the others are filled by imports.

    Partly: multimodal datasets are refused; a saved query is kept but selects nothing;
    `model_reference` and `encryption_spec` have no effect.

    Raises:
        InvalidArgument: a required field is missing or malformed.
    """
    dataset = Dataset(request.dataset)
    for field in _OUTPUT_FIELDS:
        setattr(dataset, field, None)
    check_display_name(dataset.display_name)
    check_labels(dataset.labels)
    kind = kind_of(dataset.metadata_schema_uri)
    dataset.name = f"{request.parent}/datasets/{new_id()}"
    queries = _saved_queries(dataset)
    if kind.has_items:
        set_value(raw(dataset).metadata, {"dataItemSchemaUri": kind.item_schema_uri})
    else:
        tables.check_source(plain(raw(dataset).metadata))
    dataset.labels = {
        **dataset.labels,
        f"{_SYSTEM_LABEL}dataset_metadata_schema": kind.title,
    }
    dataset.create_time = now()
    touch(dataset)
    with cloud.store.transaction():
        cloud.store.create(dataset)
        for query in queries:
            cloud.store.create(query)
    metadata = CreateDatasetOperationMetadata(generic_metadata=operation_metadata())
    return cloud.operations.done(dataset.name, _shown(cloud, dataset), metadata)


def get_dataset(cloud: Cloud, request: GetDatasetRequest) -> Dataset:
    """One dataset, with its saved queries."""
    return masked(_shown(cloud, cloud.store.get(request.name, Dataset)), request)


def list_datasets(cloud: Cloud, request: ListDatasetsRequest) -> ListDatasetsResponse:
    """The datasets of a location."""
    found = cloud.store.in_collection(f"{request.parent}/datasets", Dataset)
    shown, token = page(
        [_shown(cloud, dataset) for dataset in found],
        request,
        order=("display_name", "create_time", "update_time"),
        selects=filters.predicate(request.filter, _FILTERS),
    )
    return ListDatasetsResponse(datasets=shown, next_page_token=token)


def update_dataset(cloud: Cloud, request: UpdateDatasetRequest) -> Dataset:
    """Change the fields that the mask names; labels of the system stay."""
    fields = masked_fields(request.update_mask, _FIELDS)
    wanted = request.dataset
    with cloud.store.editing(wanted.name, Dataset) as dataset:
        check_etag(dataset, wanted.etag)
        system = {key: dataset.labels[key] for key in dataset.labels if _is_system_label(key)}
        for field in fields:
            setattr(dataset, field, getattr(wanted, field))
        own = {key: dataset.labels[key] for key in dataset.labels if not _is_system_label(key)}
        check_display_name(dataset.display_name)
        check_labels(own)
        dataset.labels = {**own, **system}
        touch(dataset)
    return _shown(cloud, dataset)


def delete_dataset(cloud: Cloud, request: DeleteDatasetRequest) -> Operation:
    """Remove a dataset with its items; the files that they name stay."""
    cloud.store.delete(request.name)
    return _deleted(cloud, location(request.name))


def import_data(cloud: Cloud, request: ImportDataRequest) -> Operation:
    """Import what files in Cloud Storage list.

    Raises:
        FailedPrecondition: the dataset takes no import.
        InvalidArgument: a required field is missing or malformed.
    """
    configs = list(request.import_configs)
    importing.check(cloud.store.get(request.name, Dataset), configs)
    metadata = ImportDataOperationMetadata(generic_metadata=operation_metadata())

    def work() -> ImportDataResponse:
        importing.import_data(cloud, request.name, configs, metadata)
        return ImportDataResponse()

    return cloud.operations.start(request.name, work, metadata)


def export_data(cloud: Cloud, request: ExportDataRequest) -> Operation:
    """Write the items with their annotations into a new folder of Cloud Storage.

    Partly: annotations are selected by a filter; splits, saved queries and other uses than import
    are refused.

    Raises:
        FailedPrecondition: the dataset has no items of its own.
        InvalidArgument: the destination or the filter is malformed.
        MethodNotImplemented: the request says more than where to and which annotations; training
            with the dataset exports it so.
        NotFound: the bucket is not there.
    """
    dataset = cloud.store.get(request.name, Dataset)
    config = request.export_config
    refuse_fields(config, "export_config", _EXPORT_BY_TRAINING)
    prefix = config.gcs_destination.output_uri_prefix
    exporting.check_destination(cloud, dataset, prefix)
    items.predicate(config.annotations_filter, annotations=True)
    folder = f"{prefix.rstrip('/')}/{exporting.folder_name(dataset.display_name, now())}/"
    metadata = ExportDataOperationMetadata(
        generic_metadata=operation_metadata(), gcs_output_directory=folder
    )

    def work() -> ExportDataResponse:
        chosen = items.data_items(cloud.store, request.name)
        files = exporting.export(cloud, chosen, folder, config.annotations_filter)
        return ExportDataResponse(exported_files=files)

    return cloud.operations.start(request.name, work, metadata)


def list_data_items(cloud: Cloud, request: ListDataItemsRequest) -> ListDataItemsResponse:
    """The items of a dataset."""
    cloud.store.get(request.parent, Dataset)
    found = items.data_items(cloud.store, request.parent)
    selects = items.predicate(request.filter)
    shown, token = page(found, request, order=("create_time", "update_time"), selects=selects)
    return ListDataItemsResponse(data_items=shown, next_page_token=token)


def list_annotations(cloud: Cloud, request: ListAnnotationsRequest) -> ListAnnotationsResponse:
    """The annotations of an item."""
    cloud.store.get(request.parent, DataItem)
    found: list[Annotation] = items.annotations(cloud.store, request.parent)
    selects = items.predicate(request.filter, annotations=True)
    shown, token = page(found, request, order=("create_time", "update_time"), selects=selects)
    return ListAnnotationsResponse(annotations=shown, next_page_token=token)


def get_annotation_spec(cloud: Cloud, request: GetAnnotationSpecRequest) -> AnnotationSpec:
    """One of the names that annotations of a dataset have."""
    return masked(cloud.store.get(request.name, AnnotationSpec), request)


def list_saved_queries(cloud: Cloud, request: ListSavedQueriesRequest) -> ListSavedQueriesResponse:
    """The saved queries of a dataset."""
    cloud.store.get(request.parent, Dataset)
    found = cloud.store.in_collection(f"{request.parent}/savedQueries", SavedQuery)
    order = ("display_name", "create_time", "update_time")
    selects = filters.predicate(request.filter, _QUERY_FILTERS)
    shown, token = page(found, request, order=order, selects=selects)
    return ListSavedQueriesResponse(saved_queries=shown, next_page_token=token)


def delete_saved_query(cloud: Cloud, request: DeleteSavedQueryRequest) -> Operation:
    """Remove a saved query; the annotations that it selects stay."""
    cloud.store.delete(request.name)
    return _deleted(cloud, location(request.name))


def _saved_queries(dataset: Dataset) -> list[SavedQuery]:
    """The saved queries that a dataset is created with: one at most."""
    queries = [SavedQuery(query) for query in dataset.saved_queries]
    if len(queries) > 1:
        raise InvalidArgument(f"dataset.saved_queries has {len(queries)} entries; give one.")
    for query in queries:
        check_display_name(query.display_name)
        if query.problem_type not in _PROBLEM_TYPES:
            raise InvalidArgument(
                f"saved_queries.problem_type is {query.problem_type!r}; use one of"
                f" {', '.join(_PROBLEM_TYPES)}."
            )
        if not query.problem_type.lower().startswith(kind_of(dataset.metadata_schema_uri).name):
            raise FailedPrecondition(
                f"saved_queries.problem_type {query.problem_type} is not for this kind of dataset."
            )
        query.name = f"{dataset.name}/savedQueries/{new_id()}"
        query.create_time = now()
        touch(query)
    dataset.saved_queries = []
    return queries


def _shown(cloud: Cloud, dataset: Dataset) -> Dataset:
    shown = Dataset(dataset)
    shown.saved_queries = cloud.store.in_collection(f"{dataset.name}/savedQueries", SavedQuery)
    return shown


def _is_system_label(key: Any) -> bool:
    return str(key).startswith(_SYSTEM_LABEL)


def _deleted(cloud: Cloud, parent: str) -> Operation:
    metadata = DeleteOperationMetadata(generic_metadata=operation_metadata())
    return cloud.operations.done(parent, Empty(), metadata)
