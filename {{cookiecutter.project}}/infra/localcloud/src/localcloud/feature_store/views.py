"""What Vertex demands of a feature view."""

from collections.abc import Mapping
from typing import Any

from google.api_core.exceptions import InvalidArgument, MethodNotImplemented

from localcloud.bigquery.client import Field
from localcloud.cloud import Cloud
from localcloud.feature_store import sources
from localcloud.feature_store.resources import has
from localcloud.rpc import raw
from localcloud.schedules.cron import check_cron

UPDATABLE = (
    "labels",
    "service_agent_type",
    "big_query_source",
    "big_query_source.uri",
    "big_query_source.entity_id_columns",
    "feature_registry_source",
    "feature_registry_source.feature_groups",
    "sync_config",
    "sync_config.cron",
    "optimized_config.automatic_resources",
)


def check_view(cloud: Cloud, store: Any, view: Any) -> None:
    """Refuse a feature view as Vertex does.

    Raises:
        InvalidArgument: a field is missing or wrong, or a column does not exist.
        FailedPrecondition: there is no such table or view.
        NotFound: there is no such feature group or feature.
        MethodNotImplemented: it is to be synced without end, or from a RAG corpus.
    """
    kind = raw(view).WhichOneof("source")
    if kind is None:
        raise InvalidArgument(
            "The feature view has no source; set big_query_source or feature_registry_source."
        )
    if kind == "vertex_rag_source":
        raise MethodNotImplemented("localcloud does not support vertex_rag_source.")
    if view.sync_config.continuous:
        raise MethodNotImplemented("localcloud does not sync continuously; set sync_config.cron.")
    if view.sync_config.cron:
        check_cron(view.sync_config.cron, "sync_config.cron")
    features = sources.check(cloud, sources.of_view(cloud, view))
    if has(view, "index_config"):
        _check_index(store, view.index_config, features)


def _check_index(store: Any, config: Any, features: Mapping[str, Field]) -> None:
    if not has(store, "optimized"):
        raise InvalidArgument("index_config needs an optimized online store; this one is Bigtable.")
    if not config.embedding_column or config.embedding_dimension < 1:
        raise InvalidArgument(
            "index_config.embedding_column and embedding_dimension are required; give both."
        )
    if raw(config).WhichOneof("algorithm_config") is None:
        raise InvalidArgument("index_config has no tree_ah_config or brute_force_config; set one.")
    used = (config.embedding_column, *config.filter_columns, config.crowding_column)
    for column in filter(None, used):
        if column not in features:
            raise InvalidArgument(f"index_config names {column}, which is no feature of the view.")
    embedding = features[config.embedding_column]
    if (embedding["type"], embedding.get("mode")) not in (
        ("FLOAT", "REPEATED"),
        ("FLOAT64", "REPEATED"),
    ):
        raise InvalidArgument(
            f"index_config.embedding_column {config.embedding_column} is no ARRAY<FLOAT64>."
        )
