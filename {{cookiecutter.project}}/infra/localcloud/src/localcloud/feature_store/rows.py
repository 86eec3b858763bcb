"""The rows of feature views that are served, kept beside the resources."""

import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from google.cloud.aiplatform_v1.types import FetchFeatureValuesResponse

from localcloud.store import Store

Row: TypeAlias = FetchFeatureValuesResponse.FeatureNameValuePairList
Id: TypeAlias = tuple[str, ...]  # an entity's id, of one part for each id column

_SCHEMA = (
    """create table if not exists feature_rows (
        view text not null, entity text not null, data blob not null, primary key (view, entity)
    ) without rowid""",
    """create trigger if not exists feature_rows_end after delete on resources begin
        delete from feature_rows where view = old.name;
    end""",
)


class Rows:
    """Feature values by feature view and entity, durable; they go when the view does."""

    def __init__(self, store: Store) -> None:
        self._store = store
        for statement in _SCHEMA:
            store.query(statement)

    def replace(self, view: str, rows: Mapping[Id, Row]) -> None:
        """Serve these rows of a view, and no others, from now on."""
        with self._store.transaction():
            self._store.query("delete from feature_rows where view = ?", view)
            for entity, row in rows.items():
                self._store.query(
                    "insert into feature_rows values (?, ?, ?)",
                    view,
                    json.dumps(entity),
                    Row.serialize(row),
                )

    def get(self, view: str, entity: Sequence[str]) -> Row | None:
        """The row of an entity, if there is one."""
        found = self._store.query(
            "select data from feature_rows where view = ? and entity = ?",
            view,
            json.dumps(list(entity)),
        )
        return Row.deserialize(found[0][0]) if found else None

    def all(self, view: str) -> list[tuple[Id, Row]]:
        """All rows of a view, by entity."""
        found = self._store.query(
            "select entity, data from feature_rows where view = ? order by entity", view
        )
        return [(tuple(json.loads(entity)), Row.deserialize(data)) for entity, data in found]
