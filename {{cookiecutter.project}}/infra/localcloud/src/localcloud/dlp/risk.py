"""Risk analysis: k-anonymity of a table, counted by BigQuery."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from operator import itemgetter
from typing import Any, TypeAlias

from google.api_core.exceptions import InvalidArgument, MethodNotImplemented
from google.cloud.dlp_v2 import AnalyzeDataSourceRiskDetails

from localcloud.bigquery.client import BigQuery, Table
from localcloud.cloud import Cloud
from localcloud.dlp.sources import check_columns, table_of
from localcloud.dlp.values import cell
from localcloud.rpc import raw

_SHOWN = 20  # classes of a bucket

_Values: TypeAlias = tuple[Any, ...]  # of the quasi-identifiers


def check(config: Any) -> None:
    """Refuse a RiskAnalysisJobConfig (as protobuf) that asks for what is not measured here.

    Raises:
        InvalidArgument: it is malformed.
        MethodNotImplemented: it asks for another metric than k-anonymity, or for actions.
    """
    metric = config.privacy_metric.WhichOneof("type")
    if metric is None:
        raise InvalidArgument("privacy_metric has no metric; give it k_anonymity_config.")
    if metric != "k_anonymity_config":
        raise MethodNotImplemented(f"localcloud does not measure {metric}; use k_anonymity_config.")
    if config.actions:
        raise MethodNotImplemented("localcloud's risk jobs have no actions; read the job instead.")
    if not config.privacy_metric.k_anonymity_config.quasi_ids:
        raise InvalidArgument("k_anonymity_config.quasi_ids is required; name columns.")
    table_of(config.source_table)


def analyse(cloud: Cloud, config: Any) -> AnalyzeDataSourceRiskDetails:
    """How many rows, or entities, share each combination of the quasi-identifiers' values.

    Raises:
        FailedPrecondition: there is no such table or column.
    """
    metric, table = config.privacy_metric.k_anonymity_config, table_of(config.source_table)
    names = [each.name for each in metric.quasi_ids]
    with closing(BigQuery(cloud.environment)) as bigquery:
        classes = _classes(bigquery, table, names, metric.entity_id.field.name)
    details = AnalyzeDataSourceRiskDetails()
    raw(details).requested_privacy_metric.CopyFrom(config.privacy_metric)
    raw(details).requested_source_table.CopyFrom(config.source_table)
    raw(details).k_anonymity_result.SetInParent()
    _fill(raw(details).k_anonymity_result, classes)
    return details


def _classes(
    bigquery: BigQuery, table: Table, names: Sequence[str], entity: str
) -> Iterable[tuple[_Values, int]]:
    """The values of each equivalence class, and how many rows or entities it has.

    Entities are alike if all their rows are, as often each; the values are those of one row then.
    Rows without an entity do not count.
    """
    if not entity:
        return list(_counted(bigquery, table, names))
    rows: dict[Any, list[tuple[_Values, int]]] = {}
    for (*values, owner), count in _counted(bigquery, table, [*names, entity]):
        if owner is not None:
            rows.setdefault(owner, []).append((tuple(values), count))
    alike = Counter(tuple(sorted(each, key=repr)) for each in rows.values())
    return [(each[0][0], count) for each, count in alike.items()]


def _counted(
    bigquery: BigQuery, table: Table, columns: Sequence[str]
) -> Iterator[tuple[_Values, int]]:
    """How many rows there are of each combination of the columns' values."""
    known = {field["name"] for field in bigquery.schema(table)}
    check_columns(table, known, columns)
    quoted = ", ".join(f"`{name}`" for name in dict.fromkeys(columns))
    statement = f"SELECT {quoted}, COUNT(*) AS _size FROM `{table}` GROUP BY {quoted}"  # noqa: S608
    for row in bigquery.query(table.project, statement):
        yield tuple(row[name] for name in columns), int(row["_size"])


def _fill(result: Any, classes: Iterable[tuple[_Values, int]]) -> None:
    """Classes by size, in buckets that double: 1, 2 to 3, 4 to 7 and so on."""
    buckets: dict[int, list[tuple[_Values, int]]] = {}
    for values, size in sorted(classes, key=itemgetter(1)):
        buckets.setdefault(size.bit_length(), []).append((values, size))
    for bits, members in sorted(buckets.items()):
        bucket = result.equivalence_class_histogram_buckets.add(
            equivalence_class_size_lower_bound=2 ** (bits - 1),
            equivalence_class_size_upper_bound=2**bits - 1,
            bucket_size=len(members),
            bucket_value_count=len(members),
        )
        for values, size in members[:_SHOWN]:
            shown = bucket.bucket_values.add(equivalence_class_size=size)
            shown.quasi_ids_values.extend(map(cell, values))
