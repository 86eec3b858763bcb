"""One sync of a feature view: reading its sources, making the rows that are served."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import datetime
from typing import Any

from google.api_core.exceptions import InvalidArgument
from google.cloud.aiplatform_v1.types import FeatureValue

from localcloud.bigquery.client import BigQuery, Field
from localcloud.cloud import Cloud
from localcloud.feature_store.latest import Latest, latest
from localcloud.feature_store.rows import Id, Row
from localcloud.feature_store.sources import TIMESTAMP, Source, of_view
from localcloud.feature_store.values import EPOCH, MICROSECOND, feature_value

_Part = tuple[Mapping[str, Field], Mapping[Id, Latest]]  # of one source: its features, its entities


def read_rows(cloud: Cloud, view: Any) -> dict[Id, Row]:
    """What is to be served of a feature view, as its sources stand now.

    An entity of several feature groups has the features of all, with nulls where one does not
    know it.

    Raises:
        FailedPrecondition: a source cannot be read.
        InvalidArgument: its columns or rows do not suit the view.
        NotFound: a feature group or feature is gone.
    """
    with closing(BigQuery(cloud.environment)) as bigquery:
        parts = [_read(bigquery, source) for source in of_view(cloud, view)]
    entities = dict.fromkeys(entity for _, found in parts for entity in found)
    rows = {entity: _row(parts, entity) for entity in entities}
    if view.index_config.embedding_column:
        _check_embeddings(view.index_config, rows)
    return rows


def value_of(row: Any, feature: str) -> Any:
    """The FeatureValue of a feature in a row, or None."""
    return next((each.value for each in row.features if each.name == feature), None)


def _read(bigquery: BigQuery, source: Source) -> _Part:
    fields = source.features(bigquery.schema(source.table))
    columns = {feature: str(field["name"]) for feature, field in fields.items()}
    needed = dict.fromkeys([*source.ids, *columns.values()])
    if source.timestamp:
        needed[source.timestamp] = None
    selected = ", ".join(f"`{column}`" for column in needed)
    rows = bigquery.query(source.table.project, f"SELECT {selected} FROM `{source.table}`")  # noqa: S608 - names of columns that exist
    return fields, latest(source, columns, rows)


def _row(parts: Sequence[_Part], entity: Id) -> Row:
    features = []
    for fields, entities in parts:
        values = entities[entity].values if entity in entities else {}
        for feature, field in fields.items():
            value = feature_value(field, values.get(feature))
            features.append(Row.FeatureNameValuePair(name=feature, value=value))
    times = [entities[entity].time for _, entities in parts if entity in entities]
    known = [time for time in times if time is not None]
    if known and all(TIMESTAMP not in fields for fields, _ in parts):
        features.append(Row.FeatureNameValuePair(name=TIMESTAMP, value=_time(max(known))))
    return Row(features=features)


def _time(time: datetime) -> FeatureValue:
    return FeatureValue(int64_value=(time - EPOCH) // MICROSECOND)


def _check_embeddings(config: Any, rows: Mapping[Id, Row]) -> None:
    for entity, row in rows.items():
        value = value_of(row, config.embedding_column)
        size = len(value.double_array_value.values)
        if size not in (0, config.embedding_dimension):
            raise InvalidArgument(
                f"The embedding of entity {'/'.join(entity)} has {size} numbers, and"
                f" index_config.embedding_dimension is {config.embedding_dimension}."
            )
