"""FeatureRegistryService: feature groups over BigQuery tables or views, and their features."""

from google.api_core.exceptions import InvalidArgument
from google.cloud.aiplatform_v1 import types
from google.protobuf.empty_pb2 import Empty

from localcloud.cloud import Cloud
from localcloud.feature_store import sources
from localcloud.feature_store.resources import (
    FILTERS,
    LARGE_PAGES,
    ORDER,
    SMALL_PAGES,
    delete,
    has,
    prepare,
    save,
    update,
)
from localcloud.operations import Operation
from localcloud.vertex import filters
from localcloud.vertex.listing import page
from localcloud.vertex.resources import location, operation_metadata

_LONGEST_ID = 128
_FEATURE_ORDER = {"feature_id": "name", **{field: field for field in ORDER}}
_GROUP_FIELDS = ("labels", "description", "big_query", "big_query.entity_id_columns")
_FEATURE_FIELDS = ("description", "labels", "point_of_contact")


def create_feature_group(cloud: Cloud, request: types.CreateFeatureGroupRequest) -> Operation:
    """Keep a feature group, whose source has to be there.

    Raises:
        InvalidArgument: the id, the labels or a column is wrong.
        FailedPrecondition: there is no such table or view.
        AlreadyExists: there is a group of this id.
    """
    group = types.FeatureGroup(request.feature_group)
    name = f"{request.parent}/featureGroups/{request.feature_group_id}"
    prepare(cloud, group, name, _LONGEST_ID)
    _complete(cloud, group)
    cloud.store.create(group)
    metadata = types.CreateFeatureGroupOperationMetadata(generic_metadata=operation_metadata())
    return cloud.operations.done(group.name, group, metadata)


def get_feature_group(cloud: Cloud, request: types.GetFeatureGroupRequest) -> types.FeatureGroup:
    """One feature group."""
    return cloud.store.get(request.name, types.FeatureGroup)


def list_feature_groups(
    cloud: Cloud, request: types.ListFeatureGroupsRequest
) -> types.ListFeatureGroupsResponse:
    """The feature groups of a location."""
    kept = cloud.store.in_collection(f"{request.parent}/featureGroups", types.FeatureGroup)
    selects = filters.predicate(request.filter, FILTERS)
    shown, token = page(kept, request, order=ORDER, selects=selects, sizes=SMALL_PAGES)
    return types.ListFeatureGroupsResponse(feature_groups=shown, next_page_token=token)


def update_feature_group(cloud: Cloud, request: types.UpdateFeatureGroupRequest) -> Operation:
    """Change a feature group; feature views follow at their next sync."""
    wanted = request.feature_group
    group = cloud.store.get(wanted.name, types.FeatureGroup)
    uri, etag = group.big_query.big_query_source.input_uri, group.etag
    update(group, wanted, request.update_mask, _GROUP_FIELDS)
    if uri and group.big_query.big_query_source.input_uri != uri:
        raise InvalidArgument("big_query.big_query_source cannot be changed; make a new group.")
    _complete(cloud, group)
    save(cloud, group, etag)
    metadata = types.UpdateFeatureGroupOperationMetadata(generic_metadata=operation_metadata())
    return cloud.operations.done(group.name, group, metadata)


def delete_feature_group(cloud: Cloud, request: types.DeleteFeatureGroupRequest) -> Operation:
    """Delete a feature group, with its features if `force` is set."""
    delete(cloud, request.name, "features", request.force)
    return _deleted(cloud, location(request.name))


def create_feature(cloud: Cloud, request: types.CreateFeatureRequest) -> Operation:
    """Register a column of a feature group's source as a feature.

    Raises:
        NotFound: there is no such group.
        InvalidArgument: the id or the labels are malformed, or there is no such column.
        AlreadyExists: the group has a feature of this id.
    """
    feature = _new_feature(cloud, request.parent, request)
    cloud.store.create(feature)
    metadata = types.CreateRegistryFeatureOperationMetadata(generic_metadata=operation_metadata())
    return cloud.operations.done(feature.name, feature, metadata)


def batch_create_features(cloud: Cloud, request: types.BatchCreateFeaturesRequest) -> Operation:
    """Register several features, or none if one is refused."""
    if not request.requests:
        raise InvalidArgument("requests is required; name the features to create.")
    for each in request.requests:
        if each.parent not in ("", request.parent):
            raise InvalidArgument(f"requests has parent {each.parent!r}; use {request.parent}.")
    features = [_new_feature(cloud, request.parent, each) for each in request.requests]
    with cloud.store.transaction():
        for feature in features:
            cloud.store.create(feature)
    metadata = types.BatchCreateFeaturesOperationMetadata(generic_metadata=operation_metadata())
    response = types.BatchCreateFeaturesResponse(features=features)
    return cloud.operations.done(request.parent, response, metadata)


def get_feature(cloud: Cloud, request: types.GetFeatureRequest) -> types.Feature:
    """One feature."""
    return cloud.store.get(request.name, types.Feature)


def list_features(cloud: Cloud, request: types.ListFeaturesRequest) -> types.ListFeaturesResponse:
    """The features of a group."""
    cloud.store.get(request.parent, types.FeatureGroup)
    kept = cloud.store.in_collection(f"{request.parent}/features", types.Feature)
    selects = filters.predicate(request.filter, FILTERS)
    shown, token = page(kept, request, order=_FEATURE_ORDER, selects=selects, sizes=LARGE_PAGES)
    return types.ListFeaturesResponse(features=shown, next_page_token=token)


def update_feature(cloud: Cloud, request: types.UpdateFeatureRequest) -> Operation:
    """Change what is said of a feature; its column stays."""
    with cloud.store.editing(request.feature.name, types.Feature) as feature:
        update(feature, request.feature, request.update_mask, _FEATURE_FIELDS)
    metadata = types.UpdateFeatureOperationMetadata(generic_metadata=operation_metadata())
    return cloud.operations.done(feature.name, feature, metadata)


def delete_feature(cloud: Cloud, request: types.DeleteFeatureRequest) -> Operation:
    """Forget a feature; its column stays, and feature views that have it can sync no more."""
    cloud.store.get(request.name, types.Feature)
    cloud.store.delete(request.name)
    return _deleted(cloud, location(request.name))


def _complete(cloud: Cloud, group: types.FeatureGroup) -> None:
    """Check a group's source, if it has one, and say what columns it takes by default."""
    if has(group, "big_query"):
        source = sources.of_group(group, {})
        sources.check(cloud, [source])
        group.big_query.entity_id_columns = source.ids


def _new_feature(
    cloud: Cloud, group_name: str, request: types.CreateFeatureRequest
) -> types.Feature:
    group = cloud.store.get(group_name, types.FeatureGroup)
    feature = types.Feature(request.feature)
    prepare(cloud, feature, f"{group_name}/features/{request.feature_id}", _LONGEST_ID)
    feature.version_column_name = feature.version_column_name or request.feature_id
    source = sources.of_group(group, {request.feature_id: feature.version_column_name})
    sources.check(cloud, [source])
    return feature


def _deleted(cloud: Cloud, parent: str) -> Operation:
    metadata = types.DeleteOperationMetadata(generic_metadata=operation_metadata())
    return cloud.operations.done(parent, Empty(), metadata)
