"""Makes tables, feature groups and feature views as a user does."""

from typing import Any

from google.cloud import bigquery
from vertexai.resources.preview import FeatureGroup, FeatureOnlineStore, FeatureView
from vertexai.resources.preview.feature_store.utils import (
    FeatureGroupBigQuerySource,
    FeatureViewBigQuerySource,
    FeatureViewRegistrySource,
)

from tests.vertex import PROJECT, eventually, unique

COLUMNS = {
    "entity_id": "STRING",
    "feature_timestamp": "TIMESTAMP",
    "age": "INT64",
    "score": "FLOAT64",
    "city": "STRING",
    "member": "BOOL",
}
ROWS = [
    "'a', '2024-01-01 10:00:00', 30, 0.5, 'Ürümqi', TRUE",
    "'a', '2024-02-01 10:00:00.123456', 31, NULL, NULL, FALSE",
    "'b', '2024-01-15 00:00:00', 7, 1.25, 'Oslo', NULL",
]
FEATURES = ("age", "score", "city", "member")
PATIENCE = 60.0


class Tables:
    """Tables and views in a dataset of its own."""

    def __init__(self, client: bigquery.Client) -> None:
        self._client = client
        self._dataset = unique()
        client.create_dataset(self._dataset)

    def create(self, columns: dict[str, str], *rows: str) -> str:
        """A table's full name."""
        name = self._name()
        self._run(f"CREATE TABLE `{name}` ({', '.join(map(' '.join, columns.items()))})")
        if rows:
            self.add(name, *rows)
        return name

    def create_view(self, columns: str, table: str) -> str:
        """A view's full name; its columns are grouped by the first one."""
        name = self._name()
        self._run(f"CREATE VIEW `{name}` AS SELECT {columns} FROM `{table}` GROUP BY 1")  # noqa: S608 - ours
        return name

    def add(self, table: str, *rows: str) -> None:
        values = ", ".join(f"({row})" for row in rows)
        self._run(f"INSERT INTO `{table}` VALUES {values}")  # noqa: S608 - ours

    def delete(self, table: str, condition: str) -> None:
        self._run(f"DELETE FROM `{table}` WHERE {condition}")  # noqa: S608 - ours

    def drop(self, table: str) -> None:
        self._run(f"DROP TABLE `{table}`")

    def _run(self, statement: str) -> None:
        self._client.query_and_wait(statement)

    def _name(self) -> str:
        return f"{PROJECT}.{self._dataset}.{unique()}"


def group(table: str, *features: str, ids: tuple[str, ...] = ("entity_id",)) -> FeatureGroup:
    """A feature group with features that are named as their columns."""
    source = FeatureGroupBigQuerySource(uri=f"bq://{table}", entity_id_columns=[*ids])
    made = FeatureGroup.create(unique(), source)
    for feature in features:
        made.create_feature(feature)
    return made


def registry_view(store: FeatureOnlineStore, *features: str) -> FeatureView:
    """A feature view of features that are written `group.feature`."""
    return store.create_feature_view(unique(), FeatureViewRegistrySource([*features]))


def people_view(store: FeatureOnlineStore, table: str) -> FeatureView:
    made = group(table, *FEATURES)
    return registry_view(store, *(f"{made.name}.{feature}" for feature in FEATURES))


def table_view(store: FeatureOnlineStore, table: str, *ids: str, **arguments: Any) -> FeatureView:
    """A feature view of a whole table."""
    source = FeatureViewBigQuerySource(uri=f"bq://{table}", entity_id_columns=[*ids])
    return store.create_feature_view(unique(), source, **arguments)


def sync(view: FeatureView) -> Any:
    """Sync to the end; the FeatureViewSync message."""
    name = view.sync().name

    def has_ended() -> bool:
        return bool(view.get_sync(name).gca_resource.run_time.end_time.seconds)

    assert eventually(has_ended, PATIENCE)
    return view.get_sync(name).gca_resource


def synced(view: FeatureView) -> FeatureView:
    ended = sync(view)
    assert ended.final_status.code == 0, ended.final_status.message
    return view


def read(view: FeatureView, *key: str) -> dict[str, Any]:
    """The values of an entity's features as plain Python; a null is None."""
    features = view.read(key=[*key]).to_proto().key_values.features
    return {each.name: _plain(each.value) for each in features}


def _plain(value: Any) -> Any:
    kind = type(value).pb(value).WhichOneof("value")
    content = getattr(value, kind) if kind else None
    if kind == "struct_value":
        return {field.name: _plain(field.value) for field in content.values}
    return [*content.values] if kind and kind.endswith("_array_value") else content
