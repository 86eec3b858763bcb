"""Feature groups, features, online stores and feature views as resources."""

from typing import Any

import pytest
from google.api_core.exceptions import (
    Aborted,
    AlreadyExists,
    FailedPrecondition,
    InvalidArgument,
    MethodNotImplemented,
    NotFound,
)
from google.cloud.aiplatform_v1 import (
    FeatureOnlineStoreAdminServiceClient,
    FeatureRegistryServiceClient,
)
from vertexai.resources.preview import Feature, FeatureGroup, FeatureOnlineStore, FeatureView

from tests.feature_store.feature_client import (
    Tables,
    group,
    people_view,
    registry_view,
    synced,
    table_view,
)
from tests.vertex import OPTIONS, PARENT, PROJECT, refuses, unique


@pytest.fixture(scope="module")
def registry(cloud_environment: Any) -> Any:
    return FeatureRegistryServiceClient(transport="rest", client_options=OPTIONS)


@pytest.fixture(scope="module")
def admin(cloud_environment: Any) -> Any:
    return FeatureOnlineStoreAdminServiceClient(transport="rest", client_options=OPTIONS)


def source(table: str, **fields: Any) -> dict[str, Any]:
    return {"big_query": {"big_query_source": {"input_uri": f"bq://{table}"}, **fields}}


def test_a_group_takes_vertexs_default_columns(people: str, registry: Any) -> None:
    made = registry.create_feature_group(
        parent=PARENT, feature_group=source(people), feature_group_id=unique()
    ).result()
    assert [*made.big_query.entity_id_columns] == ["entity_id"]
    assert registry.get_feature_group(name=made.name) == made
    assert made.create_time
    assert made.etag
    feature = registry.create_feature(parent=made.name, feature={}, feature_id="age").result()
    assert feature.version_column_name == "age"


@pytest.mark.parametrize(
    ("group_id", "fields", "error", "reason"),
    [
        ("Bad", {}, InvalidArgument, "'Bad' cannot be an id"),
        ("1st", {}, InvalidArgument, "no digit first"),
        ("a" * 129, {}, InvalidArgument, "at most 128"),
        ("", {"entity_id_columns": ["key"]}, InvalidArgument, "has no column key"),
        ("", {"time_series": {"timestamp_column": "at"}}, InvalidArgument, "has no column at"),
        ("", {"time_series": {"timestamp_column": "age"}}, InvalidArgument, "to be a TIMESTAMP"),
    ],
)
def test_groups_that_vertex_refuses(
    people: str, registry: Any, group_id: str, fields: Any, error: Any, reason: str
) -> None:
    with refuses(error, reason):
        registry.create_feature_group(
            parent=PARENT,
            feature_group=source(people, **fields),
            feature_group_id=group_id or unique(),
        )


def test_a_source_must_exist(registry: Any) -> None:
    with refuses(FailedPrecondition, "no_dataset.no_table cannot be read"):
        registry.create_feature_group(
            parent=PARENT,
            feature_group=source(f"{PROJECT}.no_dataset.no_table"),
            feature_group_id=unique(),
        )


def test_a_static_source_needs_no_time(tables: Tables, registry: Any) -> None:
    table = tables.create({"entity_id": "STRING", "size": "INT64"}, "'a', 1")
    made = registry.create_feature_group(
        parent=PARENT,
        feature_group=source(table, static_data_source=True),
        feature_group_id=unique(),
    )
    assert made.result().big_query.static_data_source


def test_features_are_registered_one_by_one_or_together(people: str, registry: Any) -> None:
    made = group(people, "age")
    with refuses(AlreadyExists):
        registry.create_feature(parent=made.resource_name, feature={}, feature_id="age")
    with refuses(InvalidArgument, "has no column size"):
        registry.create_feature(parent=made.resource_name, feature={}, feature_id="size")
    batch = [{"feature_id": "score"}, {"feature_id": "size"}]
    with refuses(InvalidArgument, "has no column size"):
        registry.batch_create_features(parent=made.resource_name, requests=batch)
    assert [each.name for each in made.list_features()] == ["age"]
    batch[1] = {"feature_id": "town", "feature": {"version_column_name": "city"}}
    done = registry.batch_create_features(parent=made.resource_name, requests=batch).result()
    assert [each.version_column_name for each in done.features] == ["score", "city"]
    listed = registry.list_features(
        request={"parent": made.resource_name, "order_by": "feature_id desc"}
    )
    ids = [each.name.rpartition("/")[2] for each in listed]
    assert ids == ["town", "score", "age"]
    assert Feature("town", feature_group_id=made.name).version_column_name == "city"
    with refuses(NotFound):
        registry.create_feature(parent=f"{made.resource_name}0", feature={}, feature_id="age")


def test_updates_keep_what_the_mask_leaves_out(people: str, registry: Any) -> None:
    made = group(people, "age")
    feature = f"{made.resource_name}/features/age"
    registry.update_feature(feature={"name": feature, "labels": {"team": "risk"}}).result()
    registry.update_feature(
        feature={"name": feature, "description": "in years"}, update_mask={"paths": ["description"]}
    ).result()
    kept = registry.get_feature(name=feature)
    assert (kept.description, dict(kept.labels)) == ("in years", {"team": "risk"})
    with refuses(InvalidArgument, "version_column_name, which cannot be updated"):
        registry.update_feature(
            feature={"name": feature, "version_column_name": "score"},
            update_mask={"paths": ["version_column_name"]},
        )
    with refuses(Aborted, "has changed since"):
        registry.update_feature(feature={"name": feature, "etag": "old", "description": "no"})
    columns = {"big_query": {"entity_id_columns": ["city"]}, "name": made.resource_name}
    registry.update_feature_group(
        feature_group=columns, update_mask={"paths": ["big_query.entity_id_columns"]}
    ).result()
    changed = registry.get_feature_group(name=made.resource_name).big_query
    assert [*changed.entity_id_columns] == ["city"]
    assert changed.big_query_source.input_uri == f"bq://{people}"


def test_lists_are_filtered(people: str, registry: Any) -> None:
    team = unique()
    names = []
    for _ in range(2):
        made = registry.create_feature_group(
            parent=PARENT,
            feature_group={**source(people), "labels": {"team": team}},
            feature_group_id=unique(),
        )
        names.append(made.result().name)
    listed = registry.list_feature_groups(
        request={"parent": PARENT, "filter": f"labels.team={team}", "order_by": "create_time"}
    )
    assert [each.name for each in listed] == names
    assert [each.resource_name for each in FeatureGroup.list(filter=f"labels.team={team}")]


def test_deletions_spare_children_unless_forced(people: str, optimized: FeatureOnlineStore) -> None:
    made = group(people, "age")
    view = synced(registry_view(optimized, f"{made.name}.age"))
    with refuses(FailedPrecondition, "has features"):
        made.delete()
    with refuses(FailedPrecondition, "has featureViews"):
        optimized.delete()
    made.delete(force=True)
    with refuses(NotFound):
        Feature("age", feature_group_id=made.name)
    optimized.delete(force=True)
    with refuses(NotFound):
        FeatureView(view.resource_name)
    group(people).delete()


@pytest.mark.parametrize(
    ("store", "error", "reason"),
    [
        ({}, InvalidArgument, "has no storage type"),
        ({"bigtable": {}}, InvalidArgument, "min_node_count is at least"),
        (
            {"bigtable": {"auto_scaling": {"min_node_count": 1, "max_node_count": 11}}},
            InvalidArgument,
            "goes from 1 to 11",
        ),
        (
            {
                "bigtable": {
                    "auto_scaling": {
                        "min_node_count": 1,
                        "max_node_count": 2,
                        "cpu_utilization_target": 81,
                    }
                }
            },
            InvalidArgument,
            "choose 10 to 80",
        ),
        (
            {
                "bigtable": {
                    "auto_scaling": {"min_node_count": 1, "max_node_count": 2},
                    "enable_direct_bigtable_access": True,
                }
            },
            MethodNotImplemented,
            "bigtable.enable_direct_bigtable_access",
        ),
        (
            {
                "optimized": {},
                "dedicated_serving_endpoint": {
                    "private_service_connect_config": {"enable_private_service_connect": True}
                },
            },
            MethodNotImplemented,
            "Private Service Connect",
        ),
    ],
)
def test_stores_that_are_refused(admin: Any, store: Any, error: Any, reason: str) -> None:
    with refuses(error, reason):
        admin.create_feature_online_store(
            parent=PARENT, feature_online_store=store, feature_online_store_id=unique()
        )


def test_a_store_scales_and_is_listed(admin: Any, bigtable: FeatureOnlineStore) -> None:
    scaling = {"min_node_count": 2, "max_node_count": 4}
    done = admin.update_feature_online_store(
        feature_online_store={
            "name": bigtable.resource_name,
            "bigtable": {"auto_scaling": scaling},
        },
        update_mask={"paths": ["bigtable.auto_scaling"]},
    ).result()
    assert (done.bigtable.auto_scaling.max_node_count, done.state.name) == (4, "STABLE")
    assert done.bigtable.auto_scaling.cpu_utilization_target == 50
    assert bigtable.resource_name in [each.resource_name for each in FeatureOnlineStore.list()]


@pytest.mark.parametrize(
    ("fields", "error", "reason"),
    [
        ({"big_query_source": None}, InvalidArgument, "has no source"),
        ({"big_query_source": {"uri": "bq://a.b.c"}}, InvalidArgument, "entity_id_columns is"),
        (
            {"big_query_source": {"uri": "a.b.c", "entity_id_columns": ["id"]}},
            InvalidArgument,
            "is not a table",
        ),
        (
            {"big_query_source": {"uri": "bq://a.b.c", "entity_id_columns": ["id"]}},
            FailedPrecondition,
            "a.b.c cannot be read",
        ),
        (
            {"feature_registry_source": {"feature_groups": [{"feature_group_id": "none"}]}},
            NotFound,
            "featureGroups/none",
        ),
        ({"vertex_rag_source": {"uri": "bq://a.b.c"}}, MethodNotImplemented, "vertex_rag_source"),
        ({"sync_config": {"continuous": True}}, MethodNotImplemented, "continuously"),
        ({"sync_config": {"cron": "daily"}}, InvalidArgument, "sync_config.cron 'daily'"),
        ({"labels": {"Team": "x"}}, InvalidArgument, "labels has 'Team'"),
    ],
)
def test_views_that_are_refused(
    people: str, admin: Any, bigtable: FeatureOnlineStore, fields: Any, error: Any, reason: str
) -> None:
    default = {"big_query_source": {"uri": f"bq://{people}", "entity_id_columns": ["entity_id"]}}
    with refuses(error, reason):
        admin.create_feature_view(
            parent=bigtable.resource_name,
            feature_view={**default, **fields},
            feature_view_id=unique(),
        )


def test_a_view_is_updated_listed_and_deleted(
    people: str, admin: Any, bigtable: FeatureOnlineStore
) -> None:
    view, other = people_view(bigtable, people), people_view(bigtable, people)
    done = admin.update_feature_view(
        feature_view={"name": view.resource_name, "sync_config": {"cron": "0 6 * * *"}},
        update_mask={"paths": ["sync_config.cron"]},
    ).result()
    assert done.sync_config.cron == "0 6 * * *"
    assert done.feature_registry_source.feature_groups
    assert view.resource_name in [each.resource_name for each in bigtable.list_feature_views()]
    listed = admin.list_feature_views(
        request={"parent": bigtable.resource_name, "order_by": "feature_view_id desc"}
    )
    names = [each.name for each in listed]
    assert {view.resource_name, other.resource_name} <= set(names)
    assert names == sorted(names, reverse=True)
    view.delete()
    with refuses(NotFound):
        FeatureView(view.resource_name)


def test_a_view_may_be_synced_at_once(
    people: str, admin: Any, bigtable: FeatureOnlineStore
) -> None:
    source = {"uri": f"bq://{people}", "entity_id_columns": ["entity_id"]}
    view = admin.create_feature_view(
        request={
            "parent": bigtable.resource_name,
            "feature_view": {"big_query_source": source},
            "feature_view_id": unique(),
            "run_sync_immediately": True,
        }
    ).result()
    assert len([*admin.list_feature_view_syncs(parent=view.name)]) == 1


def test_a_view_takes_each_name_once(people: str, bigtable: FeatureOnlineStore) -> None:
    first, second = group(people, "age"), group(people, "age")
    with refuses(InvalidArgument, "Feature age is there twice"):
        registry_view(bigtable, f"{first.name}.age", f"{second.name}.age")
    with refuses(InvalidArgument, "has no column weight"):
        table_view(bigtable, people, "weight")
