"""FeatureOnlineStoreService: the feature values of entities, and entities like others."""

from datetime import timedelta
from typing import Any

from google.api_core.exceptions import InvalidArgument, MethodNotImplemented, NotFound
from google.cloud.aiplatform_v1 import types
from google.protobuf.struct_pb2 import Struct

from localcloud import call_context
from localcloud.cloud import Cloud
from localcloud.feature_store import nearest, sources
from localcloud.feature_store.rows import Id
from localcloud.feature_store.values import plain_value
from localcloud.vertex.resources import now

_TOKEN = "localcloud"  # noqa: S105 - worth nothing outside this localcloud
_TOKEN_LIFE = timedelta(hours=1)


def fetch_feature_values(
    cloud: Cloud, request: types.FetchFeatureValuesRequest
) -> types.FetchFeatureValuesResponse:
    """The values that the last sync has found for an entity.

    Raises:
        NotFound: there is no such feature view, or it has no such entity.
        InvalidArgument: the key has not as many parts as the view has id columns.
        MethodNotImplemented: the store is optimized, and the call did not go to its endpoint.
    """
    view = _view(cloud, request.feature_view)
    key = request.data_key
    entity = tuple(key.composite_key.parts) or ((key.key,) if key.key else ())
    row = cloud.feature_rows.get(view.name, entity)
    if row is None:
        _check_key(cloud, view, entity)
        raise NotFound(
            f"{view.name} has no entity {'/'.join(entity)!r}; if its source has, sync the view."
        )
    if request.data_format == types.FeatureViewDataFormat.PROTO_STRUCT:
        struct = Struct()
        struct.update({feature.name: plain_value(feature.value) for feature in row.features})
        return types.FetchFeatureValuesResponse(proto_struct=struct)
    return types.FetchFeatureValuesResponse(key_values=row)


def search_nearest_entities(
    cloud: Cloud, request: types.SearchNearestEntitiesRequest
) -> types.SearchNearestEntitiesResponse:
    """The entities whose embeddings are nearest to a vector, or to that of an entity.

    Raises:
        NotFound: there is no such feature view or entity.
        InvalidArgument: the view has no index, or the query does not suit it.
        MethodNotImplemented: the call did not go to the store's endpoint.
    """
    view = _view(cloud, request.feature_view)
    found = nearest.search(cloud, view, request.query, request.return_full_entity)
    return types.SearchNearestEntitiesResponse(nearest_neighbors=found)


def generate_fetch_access_token(
    cloud: Cloud, request: types.GenerateFetchAccessTokenRequest
) -> types.GenerateFetchAccessTokenResponse:
    """A token that localcloud takes, as it takes any.

    Raises:
        NotFound: there is no such feature view.
    """
    cloud.store.get(request.feature_view, types.FeatureView)
    return types.GenerateFetchAccessTokenResponse(
        access_token=_TOKEN, expire_time=now() + _TOKEN_LIFE
    )


def _view(cloud: Cloud, name: str) -> types.FeatureView:
    view = cloud.store.get(name, types.FeatureView)
    store = cloud.store.get(name.partition("/featureViews/")[0], types.FeatureOnlineStore)
    endpoint = store.dedicated_serving_endpoint.public_endpoint_domain_name
    called = call_context.current().host
    if endpoint and called and called != endpoint:
        raise MethodNotImplemented(
            f"{store.name} is an optimized store, which Vertex serves at its own endpoint only;"
            f" call {endpoint} instead of {called}."
        )
    return view


def _check_key(cloud: Cloud, view: Any, entity: Id) -> None:
    columns = sources.id_columns(cloud, view)
    if len(entity) != len(columns):
        raise InvalidArgument(
            f"data_key has {len(entity)} parts; the id of an entity has {len(columns)}:"
            f" {', '.join(columns)}."
        )
