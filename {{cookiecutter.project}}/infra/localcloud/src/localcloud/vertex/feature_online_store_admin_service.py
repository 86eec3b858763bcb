"""FeatureOnlineStoreAdminService: online stores, feature views and their syncs."""

from collections.abc import Collection, Mapping
from typing import Any

from google.cloud.aiplatform_v1 import types
from google.protobuf.empty_pb2 import Empty

from localcloud.cloud import Cloud
from localcloud.feature_store import views
from localcloud.feature_store.online_stores import check_online_store
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

_LONGEST_ID = 60
_VIEW_ORDER = {"feature_view_id": "name", **{field: field for field in ORDER}}
_STORE_FIELDS = ("labels", "bigtable", "bigtable.auto_scaling")


def create_feature_online_store(
    cloud: Cloud, request: types.CreateFeatureOnlineStoreRequest
) -> Operation:
    """Keep an online store; Bigtable or optimized, its rows lie in localcloud's database.

    Partly: a store cannot be private (Private Service Connect), nor give direct access to Bigtable;
    nodes, zone and `encryption_spec` have no effect.

    Raises:
        InvalidArgument: the id, the labels or the storage type is wrong.
        AlreadyExists: there is a store of this id.
    """
    store = types.FeatureOnlineStore(request.feature_online_store)
    name = f"{request.parent}/featureOnlineStores/{request.feature_online_store_id}"
    prepare(cloud, store, name, _LONGEST_ID)
    check_online_store(store)
    if has(store, "dedicated_serving_endpoint"):
        store.dedicated_serving_endpoint.public_endpoint_domain_name = ""
    store.state = types.FeatureOnlineStore.State.STABLE
    cloud.store.create(store)
    metadata = types.CreateFeatureOnlineStoreOperationMetadata(
        generic_metadata=operation_metadata()
    )
    return cloud.operations.done(store.name, store, metadata)


def get_feature_online_store(
    cloud: Cloud, request: types.GetFeatureOnlineStoreRequest
) -> types.FeatureOnlineStore:
    """One online store; an optimized one names its endpoint once a view was synced."""
    return cloud.store.get(request.name, types.FeatureOnlineStore)


def list_feature_online_stores(
    cloud: Cloud, request: types.ListFeatureOnlineStoresRequest
) -> types.ListFeatureOnlineStoresResponse:
    """The online stores of a location."""
    kept = cloud.store.in_collection(
        f"{request.parent}/featureOnlineStores", types.FeatureOnlineStore
    )
    shown, token = _page(kept, request, SMALL_PAGES)
    return types.ListFeatureOnlineStoresResponse(feature_online_stores=shown, next_page_token=token)


def update_feature_online_store(
    cloud: Cloud, request: types.UpdateFeatureOnlineStoreRequest
) -> Operation:
    """Change an online store's labels or scaling; locally nothing scales.

    Partly: scaling is kept without effect.
    """
    wanted = request.feature_online_store
    with cloud.store.editing(wanted.name, types.FeatureOnlineStore) as store:
        update(store, wanted, request.update_mask, _STORE_FIELDS)
        check_online_store(store)
    metadata = types.UpdateFeatureOnlineStoreOperationMetadata(
        generic_metadata=operation_metadata()
    )
    return cloud.operations.done(store.name, store, metadata)


def delete_feature_online_store(
    cloud: Cloud, request: types.DeleteFeatureOnlineStoreRequest
) -> Operation:
    """Delete an online store, with its feature views if `force` is set."""
    delete(cloud, request.name, "featureViews", request.force)
    return _deleted(cloud, request.name)


def create_feature_view(cloud: Cloud, request: types.CreateFeatureViewRequest) -> Operation:
    """Keep a feature view, whose source has to be there; it is served once it was synced.

    Partly: no continuous sync, and no source of RAG; `service_agent_type` and `optimized_config`
    have no effect.

    Raises:
        NotFound: there is no such online store, feature group or feature.
        InvalidArgument: the id, the labels, the source, the index or the cron is wrong.
        FailedPrecondition: there is no such table or view.
        MethodNotImplemented: the view asks for what localcloud cannot do.
        AlreadyExists: the store has a view of this id.
    """
    store = cloud.store.get(request.parent, types.FeatureOnlineStore)
    view = types.FeatureView(request.feature_view)
    prepare(cloud, view, f"{request.parent}/featureViews/{request.feature_view_id}", _LONGEST_ID)
    views.check_view(cloud, store, view)
    cloud.store.create(view)
    cloud.syncs.changed()
    if request.run_sync_immediately:
        cloud.syncs.start(view.name)
    metadata = types.CreateFeatureViewOperationMetadata(generic_metadata=operation_metadata())
    return cloud.operations.done(view.name, view, metadata)


def get_feature_view(cloud: Cloud, request: types.GetFeatureViewRequest) -> types.FeatureView:
    """One feature view."""
    return cloud.store.get(request.name, types.FeatureView)


def list_feature_views(
    cloud: Cloud, request: types.ListFeatureViewsRequest
) -> types.ListFeatureViewsResponse:
    """The feature views of an online store."""
    cloud.store.get(request.parent, types.FeatureOnlineStore)
    kept = cloud.store.in_collection(f"{request.parent}/featureViews", types.FeatureView)
    shown, token = _page(kept, request, LARGE_PAGES, _VIEW_ORDER)
    return types.ListFeatureViewsResponse(feature_views=shown, next_page_token=token)


def update_feature_view(cloud: Cloud, request: types.UpdateFeatureViewRequest) -> Operation:
    """Change a feature view; what it serves changes at its next sync."""
    wanted = request.feature_view
    store = cloud.store.get(wanted.name.partition("/featureViews/")[0], types.FeatureOnlineStore)
    view = cloud.store.get(wanted.name, types.FeatureView)
    etag = view.etag
    update(view, wanted, request.update_mask, views.UPDATABLE)
    views.check_view(cloud, store, view)
    save(cloud, view, etag)
    cloud.syncs.changed()
    metadata = types.UpdateFeatureViewOperationMetadata(generic_metadata=operation_metadata())
    return cloud.operations.done(view.name, view, metadata)


def delete_feature_view(cloud: Cloud, request: types.DeleteFeatureViewRequest) -> Operation:
    """Delete a feature view and all that it serves."""
    cloud.store.delete(request.name)
    return _deleted(cloud, request.name)


def sync_feature_view(
    cloud: Cloud, request: types.SyncFeatureViewRequest
) -> types.SyncFeatureViewResponse:
    """Start to read a feature view's source; once that is done, it serves what was read.

    Raises:
        NotFound: there is no such feature view.
    """
    cloud.store.get(request.feature_view, types.FeatureView)
    sync = cloud.syncs.start(request.feature_view)
    return types.SyncFeatureViewResponse(feature_view_sync=sync.name)


def get_feature_view_sync(
    cloud: Cloud, request: types.GetFeatureViewSyncRequest
) -> types.FeatureViewSync:
    """One sync; it is over when its run time has an end, and final_status says how it went."""
    return cloud.store.get(request.name, types.FeatureViewSync)


def list_feature_view_syncs(
    cloud: Cloud, request: types.ListFeatureViewSyncsRequest
) -> types.ListFeatureViewSyncsResponse:
    """The syncs of a feature view, newest first."""
    cloud.store.get(request.parent, types.FeatureView)
    kept = cloud.store.in_collection(f"{request.parent}/featureViewSyncs", types.FeatureViewSync)
    fields = {"create_time": FILTERS["create_time"]}
    selects = filters.predicate(request.filter, fields)
    shown, token = page(kept, request, order=("create_time",), selects=selects, sizes=LARGE_PAGES)
    return types.ListFeatureViewSyncsResponse(feature_view_syncs=shown, next_page_token=token)


def _page(
    kept: list[Any],
    request: Any,
    sizes: tuple[int, int],
    order: Collection[str] | Mapping[str, str] = ORDER,
) -> tuple[list[Any], str]:
    selects = filters.predicate(request.filter, FILTERS)
    return page(kept, request, order=order, selects=selects, sizes=sizes)


def _deleted(cloud: Cloud, name: str) -> Operation:
    metadata = types.DeleteOperationMetadata(generic_metadata=operation_metadata())
    return cloud.operations.done(location(name), Empty(), metadata)
