"""Searching the entities whose embeddings are nearest, by comparing all of them."""

import math
import operator
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from google.api_core.exceptions import InvalidArgument, NotFound
from google.cloud.aiplatform_v1.types import (
    FeatureView,
    FetchFeatureValuesResponse,
    NearestNeighborQuery,
    NearestNeighbors,
)

from localcloud.cloud import Cloud
from localcloud.feature_store.rows import Id, Row
from localcloud.feature_store.sync import value_of
from localcloud.feature_store.values import plain_value

_NEIGHBORS = 10
_Measure = FeatureView.IndexConfig.DistanceMeasureType
_Vector = Sequence[float]
_Operator = NearestNeighborQuery.NumericFilter.Operator
_COMPARE: Mapping[Any, Callable[[Any, Any], bool]] = {
    _Operator.LESS: operator.lt,
    _Operator.LESS_EQUAL: operator.le,
    _Operator.EQUAL: operator.eq,
    _Operator.GREATER_EQUAL: operator.ge,
    _Operator.GREATER: operator.gt,
    _Operator.NOT_EQUAL: operator.ne,
}


def search(cloud: Cloud, view: Any, query: Any, full: bool) -> NearestNeighbors:
    """The entities of a feature view that are nearest to a query, nearest first.

    Vertex searches approximately, so it may miss one; here none is.

    Raises:
        InvalidArgument: the view has no embeddings, or the query does not suit them.
        NotFound: the entity that the query names has no embedding.
    """
    config = view.index_config
    if not config.embedding_column:
        raise InvalidArgument(f"{view.name} has no index_config; make it with one to search it.")
    rows = cloud.feature_rows.all(view.name)
    vector = _vector(config, query, rows)
    distance = _DISTANCES[_Measure(config.distance_measure_type)]
    matches = _filter(config, query)
    found = [
        (distance(vector, embedding), entity, row)
        for entity, row in rows
        if (embedding := _embedding(config, row)) and matches(row)
    ]
    found.sort(key=lambda each: each[:2])
    nearest = _spread(config, query, found)
    return NearestNeighbors(
        neighbors=[
            NearestNeighbors.Neighbor(
                entity_id="/".join(entity),
                distance=far,
                entity_key_values=FetchFeatureValuesResponse(key_values=row) if full else None,
            )
            for far, entity, row in nearest[: query.neighbor_count or _NEIGHBORS]
        ]
    )


def _vector(config: Any, query: Any, rows: Sequence[tuple[Id, Row]]) -> _Vector:
    if query.neighbor_count < 0:
        raise InvalidArgument("query.neighbor_count is negative; give a positive number.")
    vector = list(query.embedding.value)
    if vector:
        if len(vector) != config.embedding_dimension:
            raise InvalidArgument(
                f"query.embedding has {len(vector)} numbers, and the embeddings of the feature view"
                f" have {config.embedding_dimension}."
            )
        return vector
    if not query.entity_id:
        raise InvalidArgument("query.embedding or query.entity_id is required; give one.")
    for entity, row in rows:
        embedding = _embedding(config, row)
        if "/".join(entity) == query.entity_id and embedding:
            return embedding
    raise NotFound(f"Entity {query.entity_id!r} has no embedding; was the feature view synced?")


def _embedding(config: Any, row: Row) -> _Vector:
    value = value_of(row, config.embedding_column)
    return list(value.double_array_value.values) if value is not None else []


def _squared_l2(left: _Vector, right: _Vector) -> float:
    return sum((a - b) ** 2 for a, b in zip(left, right, strict=True))


def _negative_dot(left: _Vector, right: _Vector) -> float:
    return -sum(a * b for a, b in zip(left, right, strict=True))


def _cosine(left: _Vector, right: _Vector) -> float:
    """1 - cosine similarity; a vector of zeros is as far from all others as can be."""
    length = math.hypot(*left) * math.hypot(*right)
    return 1 + _negative_dot(left, right) / length if length else 2.0


_DISTANCES: Mapping[Any, Callable[[_Vector, _Vector], float]] = {
    _Measure.DISTANCE_MEASURE_TYPE_UNSPECIFIED: _negative_dot,  # as in Vector Search
    _Measure.SQUARED_L2_DISTANCE: _squared_l2,
    _Measure.COSINE_DISTANCE: _cosine,
    _Measure.DOT_PRODUCT_DISTANCE: _negative_dot,
}


def _filter(config: Any, query: Any) -> Callable[[Row], bool]:
    for each in (*query.string_filters, *query.numeric_filters):
        if each.name not in config.filter_columns:
            raise InvalidArgument(
                f"A filter names {each.name!r}, which is not one of index_config.filter_columns:"
                f" {', '.join(config.filter_columns) or 'there are none'}."
            )
    for each in query.numeric_filters:
        if each.op not in _COMPARE or _number(each) is None:
            raise InvalidArgument(f"The filter of {each.name!r} needs op and a value; give both.")

    def matches(row: Row) -> bool:
        return all(_has_tokens(row, each) for each in query.string_filters) and all(
            _compares(row, each) for each in query.numeric_filters
        )

    return matches


def _has_tokens(row: Row, wanted: Any) -> bool:
    value = plain_value(value_of(row, wanted.name))
    tokens = {str(each) for each in (value if isinstance(value, list) else [value])}
    allowed = not wanted.allow_tokens or tokens & set(wanted.allow_tokens)
    return bool(allowed) and not tokens & set(wanted.deny_tokens)


def _compares(row: Row, wanted: Any) -> bool:
    value = plain_value(value_of(row, wanted.name))
    return isinstance(value, int | float) and _COMPARE[wanted.op](value, _number(wanted))


def _number(wanted: Any) -> float | None:
    kind = NearestNeighborQuery.NumericFilter.pb(wanted).WhichOneof("Value")
    return getattr(wanted, kind) if kind else None


def _spread(config: Any, query: Any, found: list[Any]) -> list[Any]:
    """Leave out those of a crowding attribute that enough nearer ones have."""
    limit = query.per_crowding_attribute_neighbor_count
    if not limit:
        return found
    if not config.crowding_column:
        raise InvalidArgument(
            "per_crowding_attribute_neighbor_count needs index_config.crowding_column."
        )
    return list(_uncrowded(config.crowding_column, limit, found))


def _uncrowded(column: str, limit: int, found: list[Any]) -> Iterator[Any]:
    seen: Counter[str] = Counter()
    for each in found:
        attribute = str(plain_value(value_of(each[2], column)))
        seen[attribute] += 1
        if seen[attribute] <= limit:
            yield each
