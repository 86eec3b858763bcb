"""Feature values from BigQuery to online serving."""

from datetime import UTC, datetime
from typing import Any

import pytest
from google.api_core.exceptions import InvalidArgument, MethodNotImplemented, NotFound
from google.cloud.aiplatform_v1 import FeatureOnlineStoreServiceClient
from vertexai.resources.preview import FeatureOnlineStore
from vertexai.resources.preview.feature_store.utils import PublicEndpointNotFoundError

from tests.feature_store.feature_client import (
    COLUMNS,
    FEATURES,
    ROWS,
    Tables,
    group,
    people_view,
    read,
    registry_view,
    sync,
    synced,
    table_view,
)
from tests.vertex import LOCATION, OPTIONS, refuses


def micros(*time: int) -> int:
    return int(datetime(*time, tzinfo=UTC).timestamp()) * 10**6  # type: ignore[misc]


@pytest.fixture(scope="module", params=["grpc", "rest"])
def api(request: pytest.FixtureRequest, cloud_environment: Any) -> FeatureOnlineStoreServiceClient:
    return FeatureOnlineStoreServiceClient(transport=request.param, client_options=OPTIONS)


def test_the_latest_values_that_are_not_null_are_served(
    people: str, bigtable: FeatureOnlineStore
) -> None:
    view = people_view(bigtable, people)
    ended = sync(view)
    assert ended.final_status.code == 0
    assert ended.sync_summary.row_synced == 2
    assert read(view, "a") == {
        "age": 31,
        "score": 0.5,
        "city": "Ürümqi",
        "member": False,
        "feature_timestamp": micros(2024, 2, 1, 10) + 123456,
    }
    assert read(view, "b")["member"] is None
    assert [each.resource_name for each in view.list_syncs()] == [ended.name]


def test_of_a_dense_source_the_latest_row_is_served(
    people: str, bigtable: FeatureOnlineStore
) -> None:
    made = group(people, *FEATURES)
    wanted = made.gca_resource
    wanted.big_query.dense = True
    made.api_client.update_feature_group(
        feature_group=wanted, update_mask={"paths": ["big_query"]}
    ).result()
    view = synced(registry_view(bigtable, *(f"{made.name}.{each}" for each in FEATURES)))
    served = read(view, "a")
    assert (served["age"], served["score"], served["city"]) == (31, None, None)


def test_what_is_served_changes_with_a_sync_only(
    tables: Tables, bigtable: FeatureOnlineStore
) -> None:
    people = tables.create(COLUMNS, *ROWS)
    view = people_view(bigtable, people)
    with refuses(NotFound, "sync the view"):
        read(view, "a")
    synced(view)
    tables.add(people, "'c', '2024-03-01', 1, NULL, NULL, NULL")
    tables.delete(people, "entity_id = 'b'")
    assert read(view, "b")["age"] == 7
    with refuses(NotFound, "no entity 'c'"):
        read(view, "c")
    synced(view)
    assert read(view, "c")["age"] == 1
    with refuses(NotFound, "no entity 'b'"):
        read(view, "b")


def test_values_of_all_types_are_served(tables: Tables, bigtable: FeatureOnlineStore) -> None:
    columns = {
        "id": "INT64",
        "whole": "INT64",
        "real": "FLOAT64",
        "text": "STRING",
        "truth": "BOOL",
        "raw": "BYTES",
        "moment": "TIMESTAMP",
        "day": "DATE",
        "amount": "NUMERIC",
        "wholes": "ARRAY<INT64>",
        "reals": "ARRAY<FLOAT64>",
        "texts": "ARRAY<STRING>",
        "truths": "ARRAY<BOOL>",
        "pair": "STRUCT<x INT64, y STRING>",
    }
    row = (
        "1, 9007199254740993, 0.1, 'é', FALSE, FROM_BASE64('AP8='),"
        " TIMESTAMP '2024-01-02 03:04:05', DATE '2024-01-02', NUMERIC '1.50',"
        " [1, 2], [0.5], ['a', ''], [TRUE, FALSE], STRUCT(3 AS x, 'z' AS y)"
    )
    nulls = f"2{', NULL' * 8}, [], [], [], [], NULL"
    view = synced(table_view(bigtable, tables.create(columns, row, nulls), "id"))
    served = read(view, "1")
    assert float(served.pop("amount")) == 1.5
    assert served == {
        "whole": 9007199254740993,
        "real": 0.1,
        "text": "é",
        "truth": False,
        "raw": b"\x00\xff",
        "moment": micros(2024, 1, 2, 3, 4, 5),
        "day": "2024-01-02",
        "wholes": [1, 2],
        "reals": [0.5],
        "texts": ["a", ""],
        "truths": [True, False],
        "pair": {"x": 3, "y": "z"},
    }
    empty = read(view, "2")
    assert {empty[name] for name in ("whole", "raw", "day", "pair")} == {None}
    assert empty["wholes"] in ([], None)


def test_both_formats_over_both_transports(
    people: str, bigtable: FeatureOnlineStore, api: FeatureOnlineStoreServiceClient
) -> None:
    view = synced(people_view(bigtable, people)).resource_name
    pairs = api.fetch_feature_values(feature_view=view, data_key={"key": "b"})
    assert pairs.key_values.features[0].value.int64_value == 7
    struct = api.fetch_feature_values(
        request={"feature_view": view, "data_key": {"key": "b"}, "data_format": "PROTO_STRUCT"}
    ).proto_struct
    assert (struct["age"], struct["city"], struct["member"]) == (7, "Oslo", None)
    token = api.generate_fetch_access_token(request={"feature_view": view})
    assert token.access_token
    assert token.expire_time > datetime.now(UTC)


def test_ids_of_several_columns(tables: Tables, bigtable: FeatureOnlineStore) -> None:
    columns = {"country": "STRING", "plot": "INT64", "area": "FLOAT64"}
    table = tables.create(columns, "'no', 1, 2.5", "'no', 2, 3.5", "NULL, 3, 4.5")
    view = table_view(bigtable, table, "country", "plot")
    assert sync(view).sync_summary.row_synced == 2
    assert read(view, "no", "2") == {"area": 3.5}
    with refuses(InvalidArgument, "has 1 parts; the id of an entity has 2: country, plot"):
        read(view, "no")
    with refuses(NotFound, "no entity 'no/3'"):
        read(view, "no", "3")


def test_features_of_several_groups_are_joined(
    tables: Tables, people: str, bigtable: FeatureOnlineStore
) -> None:
    columns = {"person": "STRING", "feature_timestamp": "TIMESTAMP", "height": "INT64"}
    heights = tables.create(columns, "'b', '2024-05-01', 180", "'z', '2024-05-01', 170")
    first = group(people, "age")
    second = group(heights, ids=("person",))
    second.create_feature("tallness", version_column_name="height")
    view = synced(registry_view(bigtable, f"{first.name}.age", f"{second.name}.tallness"))
    time = micros(2024, 5, 1)
    assert read(view, "b") == {"age": 7, "tallness": 180, "feature_timestamp": time}
    assert read(view, "z") == {"age": None, "tallness": 170, "feature_timestamp": time}
    assert read(view, "a")["tallness"] is None


def test_a_bigquery_view_is_a_source(
    tables: Tables, people: str, bigtable: FeatureOnlineStore
) -> None:
    name = tables.create_view("entity_id, MAX(age) AS oldest", people)
    view = synced(table_view(bigtable, name, "entity_id"))
    assert read(view, "a") == {"oldest": 31}


def test_a_sync_that_fails_says_why_and_leaves_what_is_served(
    tables: Tables, bigtable: FeatureOnlineStore
) -> None:
    table = tables.create({"id": "STRING", "size": "INT64"}, "'a', 1")
    view = synced(table_view(bigtable, table, "id"))
    tables.add(table, "'a', 2")
    ended = sync(view)
    assert "several rows of one entity" in ended.final_status.message
    tables.drop(table)
    ended = sync(view)
    assert ended.final_status.code == 9
    assert table in ended.final_status.message
    assert read(view, "a") == {"size": 1}


def test_an_optimized_store_answers_at_its_endpoint(
    people: str, optimized: FeatureOnlineStore, api: FeatureOnlineStoreServiceClient
) -> None:
    view = people_view(optimized, people)
    with pytest.raises(PublicEndpointNotFoundError):
        read(view, "a")
    synced(view)
    assert read(view, "a")["age"] == 31
    endpoint = FeatureOnlineStore(optimized.name).gca_resource.dedicated_serving_endpoint
    domain = endpoint.public_endpoint_domain_name
    assert f".{LOCATION}-" in domain
    assert domain.endswith(".featurestore.vertexai.goog")
    with refuses(MethodNotImplemented, domain):
        api.fetch_feature_values(feature_view=view.resource_name, data_key={"key": "a"})
