"""Entities whose embeddings are near."""

from typing import Any

import pytest
from google.api_core.exceptions import InvalidArgument, NotFound
from google.cloud.aiplatform_v1.types import NearestNeighborQuery
from vertexai.resources.preview import FeatureOnlineStore, FeatureView
from vertexai.resources.preview.feature_store.utils import (
    DistanceMeasureType,
    IndexConfig,
    TreeAhConfig,
)

from tests.feature_store.feature_client import Tables, sync, synced, table_view
from tests.vertex import refuses

COLUMNS = {"id": "STRING", "embedding": "ARRAY<FLOAT64>", "colour": "STRING", "price": "INT64"}
ROWS = [
    "'east', [1.0, 0.0], 'red', 1",
    "'north', [0.0, 2.0], 'blue', 2",
    "'far', [3.0, 4.0], 'red', 3",
    "'nowhere', [], 'red', 4",
]
Filter = NearestNeighborQuery.StringFilter


@pytest.fixture(scope="module")
def table(tables: Tables) -> str:
    return tables.create(COLUMNS, *ROWS)


def config(**fields: Any) -> IndexConfig:
    return IndexConfig(
        **{
            "embedding_column": "embedding",
            "dimensions": 2,
            "algorithm_config": TreeAhConfig(),
            "filter_columns": ["colour", "price"],
            "crowding_column": "colour",
            "distance_measure_type": DistanceMeasureType.SQUARED_L2_DISTANCE,
            **fields,
        }
    )


@pytest.fixture(scope="module")
def view(table: str, cloud_environment: Any) -> FeatureView:
    store = FeatureOnlineStore.create_optimized_store(f"search_{table.rpartition('.')[2]}")
    return synced(table_view(store, table, "id", index_config=config()))


def found(view: FeatureView, **query: Any) -> list[tuple[str, float]]:
    neighbors = view.search(**query).to_proto().nearest_neighbors.neighbors
    return [(each.entity_id, each.distance) for each in neighbors]


@pytest.mark.parametrize(
    ("measure", "expected"),
    [
        (DistanceMeasureType.SQUARED_L2_DISTANCE, [("east", 1), ("north", 4), ("far", 25)]),
        (DistanceMeasureType.DOT_PRODUCT_DISTANCE, [("far", 0), ("east", 0), ("north", 0)]),
    ],
)
def test_distances_from_the_origin(
    table: str,
    optimized: FeatureOnlineStore,
    measure: DistanceMeasureType,
    expected: list[tuple[str, float]],
) -> None:
    index = config(distance_measure_type=measure)
    view = synced(table_view(optimized, table, "id", index_config=index))
    assert sorted(found(view, embedding_value=[0.0, 0.0])) == sorted(expected)


def test_the_angle_counts_for_cosine(table: str, optimized: FeatureOnlineStore) -> None:
    index = config(distance_measure_type=DistanceMeasureType.COSINE_DISTANCE)
    view = synced(table_view(optimized, table, "id", index_config=index))
    names, distances = zip(*found(view, embedding_value=[0.0, 9.0]), strict=True)
    assert names == ("north", "far", "east")
    assert distances == pytest.approx((0, 0.2, 1))


def test_neighbours_of_an_entity(view: FeatureView) -> None:
    assert found(view, entity_id="east", neighbor_count=2) == [("east", 0), ("north", 5)]
    with refuses(NotFound, "'nowhere' has no embedding"):
        found(view, entity_id="nowhere")


def test_filters_and_crowding(view: FeatureView) -> None:
    def names(**query: Any) -> list[str]:
        return [name for name, _ in found(view, embedding_value=[0.0, 0.0], **query)]

    assert names(string_filters=[Filter(name="colour", allow_tokens=["red"])]) == ["east", "far"]
    assert names(string_filters=[Filter(name="colour", deny_tokens=["red"])]) == ["north"]
    assert names(per_crowding_attribute_neighbor_count=1) == ["east", "north"]
    with refuses(InvalidArgument, "not one of index_config.filter_columns"):
        names(string_filters=[Filter(name="size", allow_tokens=["1"])])
    client = view._get_online_store_client()
    query = {
        "embedding": {"value": [0.0, 0.0]},
        "numeric_filters": [{"name": "price", "value_int": 2, "op": "GREATER_EQUAL"}],
    }
    answer = client.search_nearest_entities(
        request={"feature_view": view.resource_name, "query": query}
    )
    assert [each.entity_id for each in answer.nearest_neighbors.neighbors] == ["north", "far"]


def test_full_entities(view: FeatureView) -> None:
    answer = view.search(embedding_value=[0.0, 0.0], neighbor_count=1, return_full_entity=True)
    (neighbor,) = answer.to_proto().nearest_neighbors.neighbors
    features = {each.name: each.value for each in neighbor.entity_key_values.key_values.features}
    assert features["colour"].string_value == "red"
    assert [*features["embedding"].double_array_value.values] == [1.0, 0.0]


def test_what_does_not_suit_the_index_is_refused(
    table: str, view: FeatureView, optimized: FeatureOnlineStore, bigtable: FeatureOnlineStore
) -> None:
    with refuses(InvalidArgument, "has 3 numbers"):
        found(view, embedding_value=[1.0, 2.0, 3.0])
    with refuses(InvalidArgument, "needs an optimized online store"):
        table_view(bigtable, table, "id", index_config=config())
    with refuses(InvalidArgument, "names weight, which is no feature"):
        table_view(optimized, table, "id", index_config=config(crowding_column="weight"))
    with refuses(InvalidArgument, "colour is no ARRAY<FLOAT64>"):
        table_view(optimized, table, "id", index_config=config(embedding_column="colour"))
    three = table_view(optimized, table, "id", index_config=config(dimensions=3))
    assert "has 2 numbers" in sync(three).final_status.message
