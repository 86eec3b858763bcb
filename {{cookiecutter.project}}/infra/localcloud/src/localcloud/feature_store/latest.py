"""Taking the values to be served out of the rows of a source."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from google.api_core.exceptions import InvalidArgument

from localcloud.feature_store.rows import Id
from localcloud.feature_store.sources import Source
from localcloud.feature_store.values import parse_time

Json = Any


@dataclass
class Latest:
    """What is known of an entity: when it was last seen, and its values with their times."""

    time: datetime | None = None
    values: dict[str, Json] = field(default_factory=dict)
    times: dict[str, datetime] = field(default_factory=dict)


def latest(
    source: Source, columns: Mapping[str, str], rows: Iterable[Mapping[str, Json]]
) -> dict[Id, Latest]:
    """The latest values of each entity, by its id.

    With a time column, a value is the latest that is not null; of a dense source it is that of
    the latest row. Rows without an id or a time are left out.

    Args:
        source: says which columns are the id and the time.
        columns: the column of each feature.
        rows: of the source.

    Raises:
        InvalidArgument: an entity has several rows, and there is no time to choose one by.
    """
    found: dict[Id, Latest] = {}
    for row in rows:
        entity = _entity(source, row)
        if entity is None:
            continue
        values = {feature: row[column] for feature, column in columns.items()}
        if source.timestamp is None:
            if entity in found:
                raise InvalidArgument(
                    f"{source.table} has several rows of one entity; make its ids unique, or serve"
                    " it by a feature group with a time column."
                )
            found[entity] = Latest(values=values)
        elif row[source.timestamp] is not None:
            _update(
                found.setdefault(entity, Latest()),
                source,
                parse_time(row[source.timestamp]),
                values,
            )
    return found


def _entity(source: Source, row: Mapping[str, Json]) -> Id | None:
    parts = [row[column] for column in source.ids]
    return None if None in parts else tuple(str(part) for part in parts)


def _update(known: Latest, source: Source, time: datetime, values: Mapping[str, Json]) -> None:
    newer = known.time is None or time >= known.time
    if source.dense:
        if newer:
            known.values = dict(values)
    else:
        for feature, value in values.items():
            last = known.times.get(feature)
            if value is not None and (last is None or time >= last):
                known.values[feature], known.times[feature] = value, time
    if newer:
        known.time = time
