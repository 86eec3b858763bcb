"""Where the features of a feature view lie in BigQuery."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from google.api_core.exceptions import InvalidArgument
from google.cloud.aiplatform_v1.types import Feature, FeatureGroup

from localcloud.bigquery.client import BigQuery, Field, Table
from localcloud.cloud import Cloud
from localcloud.resource_manager.projects import project_number
from localcloud.rpc import raw

TIMESTAMP = "feature_timestamp"  # Vertex's default name of the time column
_ENTITY_ID = "entity_id"  # and of the column with the entities' ids


@dataclass(frozen=True)
class Source:
    """A table or view, and what a feature view takes from it.

    Args:
        table: where the rows are.
        ids: columns that make up an entity's id.
        columns: the column of each feature; None stands for all columns, by their own names.
        timestamp: column with the time of each row; None where an entity has one row.
        dense: whether an entity's values are those of its latest row, nulls as well.
    """

    table: Table
    ids: tuple[str, ...]
    columns: Mapping[str, str] | None = None
    timestamp: str | None = None
    dense: bool = False

    def features(self, schema: Iterable[Field]) -> dict[str, Field]:
        """The columns of the features, by the features' names.

        Raises:
            InvalidArgument: a column that is needed does not exist, or is no TIMESTAMP.
        """
        fields = {str(field["name"]): field for field in schema}
        self._check(fields)
        if self.columns is None:
            return {name: field for name, field in fields.items() if name not in self.ids}
        return {feature: fields[column] for feature, column in self.columns.items()}

    def _check(self, fields: Mapping[str, Field]) -> None:
        needed = [*self.ids, *(self.columns or {}).values()]
        if self.timestamp:
            needed.append(self.timestamp)
        for column in needed:
            if column not in fields:
                raise InvalidArgument(
                    f"{self.table} has no column {column}; it has {', '.join(fields)}."
                )
        if self.timestamp and fields[self.timestamp]["type"] != "TIMESTAMP":
            raise InvalidArgument(
                f"Column {self.timestamp} of {self.table} is {fields[self.timestamp]['type']};"
                " the time of a feature has to be a TIMESTAMP."
            )


def of_group(group: FeatureGroup, columns: Mapping[str, str]) -> Source:
    """The source of a feature group, with the columns of some of its features.

    Raises:
        InvalidArgument: the group has no BigQuery source.
    """
    big_query = group.big_query
    if not big_query.big_query_source.input_uri:
        raise InvalidArgument(f"{group.name} has no BigQuery source; give it one first.")
    time = big_query.time_series.timestamp_column or TIMESTAMP
    return Source(
        Table.parse(big_query.big_query_source.input_uri),
        tuple(big_query.entity_id_columns) or (_ENTITY_ID,),
        columns,
        None if big_query.static_data_source else time,
        big_query.dense,
    )


def of_view(cloud: Cloud, view: Any) -> list[Source]:
    """The sources of a feature view; those of a registry source are its feature groups.

    Raises:
        InvalidArgument: the source is incomplete, or groups do not have ids alike.
        NotFound: there is no such feature group or feature.
    """
    if raw(view).WhichOneof("source") == "big_query_source":
        source = view.big_query_source
        if not source.entity_id_columns:
            raise InvalidArgument(
                "big_query_source.entity_id_columns is required; name the columns of the id."
            )
        return [Source(Table.parse(source.uri), tuple(source.entity_id_columns))]
    registry = view.feature_registry_source
    if not registry.feature_groups:
        raise InvalidArgument("feature_registry_source.feature_groups is required; name some.")
    sources = [_of_registry(cloud, view.name, registry, group) for group in registry.feature_groups]
    _check_alike(sources)
    return sources


def id_columns(cloud: Cloud, view: Any) -> tuple[str, ...]:
    """The columns that make up the id of a feature view's entities."""
    return of_view(cloud, view)[0].ids


def check(cloud: Cloud, sources: Sequence[Source]) -> dict[str, Field]:
    """The columns of all features, by the features' names.

    Raises:
        FailedPrecondition: a table does not exist.
        InvalidArgument: a column does not exist, or two features have one name.
    """
    found: dict[str, Field] = {}
    with closing(BigQuery(cloud.environment)) as bigquery:
        for source in sources:
            for feature, field in source.features(bigquery.schema(source.table)).items():
                if feature in found:
                    raise InvalidArgument(f"Feature {feature} is there twice; take it once.")
                found[feature] = field
    return found


def _of_registry(cloud: Cloud, view_name: str, registry: Any, chosen: Any) -> Source:
    _, project, _, region = view_name.split("/")[:4]
    if registry.project_number not in (0, project_number(project)):
        project = str(registry.project_number)
    name = f"projects/{project}/locations/{region}/featureGroups/{chosen.feature_group_id}"
    group = cloud.store.get(name, FeatureGroup)
    if not chosen.feature_ids:
        raise InvalidArgument(f"feature_ids of {chosen.feature_group_id} is required; name some.")
    features = [cloud.store.get(f"{name}/features/{each}", Feature) for each in chosen.feature_ids]
    columns = {each.name.rpartition("/")[2]: each.version_column_name for each in features}
    return of_group(group, columns)


def _check_alike(sources: Sequence[Source]) -> None:
    sizes = {len(source.ids) for source in sources}
    if len(sizes) > 1:
        raise InvalidArgument(
            "The feature groups have different numbers of entity_id_columns; take groups whose"
            " entities have the same ids."
        )
