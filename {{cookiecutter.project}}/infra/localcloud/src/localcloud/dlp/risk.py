"""Risk analysis: k-anonymity of a table, counted by BigQuery."""

from collections.abc import Iterable, Mapping
from contextlib import closing
from typing import Any

from google.api_core.exceptions import FailedPrecondition, InvalidArgument, MethodNotImplemented
from google.cloud.dlp_v2 import AnalyzeDataSourceRiskDetails

from localcloud.bigquery.client import BigQuery
from localcloud.cloud import Cloud
from localcloud.dlp.sources import table_of
from localcloud.dlp.values import cell
from localcloud.rpc import raw

_SHOWN = 20  # classes of a bucket


def check(config: Any) -> None:
    """Refuse a RiskAnalysisJobConfig (as protobuf) that asks for what is not measured here.

    Raises:
        InvalidArgument: it is malformed.
        MethodNotImplemented: it asks for another metric than k-anonymity, or for actions.
    """
    metric = config.privacy_metric.WhichOneof("type")
    if metric != "k_anonymity_config":
        raise MethodNotImplemented(
            f"localcloud does not measure {metric or 'nothing'}; use k_anonymity_config."
        )
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
    entity = metric.entity_id.field.name
    with closing(BigQuery(cloud.environment)) as bigquery:
        known = {field["name"] for field in bigquery.schema(table)}
        for name in [*names, *filter(None, [entity])]:
            if name not in known:
                raise FailedPrecondition(f"{table} has no column {name}; name one that it has.")
        size = f"COUNT(DISTINCT `{entity}`)" if entity else "COUNT(*)"
        columns = ", ".join(f"`{name}`" for name in names)
        statement = f"SELECT {columns}, {size} AS _size FROM `{table}` GROUP BY {columns}"  # noqa: S608
        rows = list(bigquery.query(table.project, statement))
    details = AnalyzeDataSourceRiskDetails()
    raw(details).requested_privacy_metric.CopyFrom(config.privacy_metric)
    raw(details).requested_source_table.CopyFrom(config.source_table)
    raw(details).k_anonymity_result.SetInParent()
    _fill(raw(details).k_anonymity_result, names, rows)
    return details


def _fill(result: Any, names: Iterable[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Classes by size, in buckets that double: 1, 2 to 3, 4 to 7 and so on."""
    buckets: dict[int, list[Mapping[str, Any]]] = {}
    for row in sorted(rows, key=lambda row: int(row["_size"])):
        if row["_size"]:
            buckets.setdefault(int(row["_size"]).bit_length(), []).append(row)
    for bits, classes in sorted(buckets.items()):
        bucket = result.equivalence_class_histogram_buckets.add(
            equivalence_class_size_lower_bound=2 ** (bits - 1),
            equivalence_class_size_upper_bound=2**bits - 1,
            bucket_size=len(classes),
            bucket_value_count=len(classes),
        )
        for row in classes[:_SHOWN]:
            shown = bucket.bucket_values.add(equivalence_class_size=int(row["_size"]))
            shown.quasi_ids_values.extend(cell(row[name]) for name in names)
