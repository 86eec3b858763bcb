"""Findings of a job as rows of a table of BigQuery, as the `save_findings` action writes them."""

from collections.abc import Iterable, Mapping
from contextlib import closing
from datetime import UTC
from typing import Any

from google.cloud.dlp_v2 import Likelihood

from localcloud.bigquery.client import BigQuery, Field, Table
from localcloud.cloud import Cloud


def _field(name: str, kind: str = "STRING", mode: str = "NULLABLE") -> Field:
    return {"name": name, "type": kind, "mode": mode}


def _record(name: str, *fields: Field, repeated: bool = False) -> Field:
    mode = "REPEATED" if repeated else "NULLABLE"
    return {"name": name, "type": "RECORD", "mode": mode, "fields": list(fields)}


_SCHEMA = (
    _field("quote"),
    _record("info_type", _field("name")),
    _field("likelihood"),
    _record(
        "location",
        _record(
            "content_locations",
            _field("container_name"),
            _record(
                "record_location",
                _record("field_id", _field("name")),
                _record("record_key", _field("id_values", mode="REPEATED")),
                _record("table_location", _field("row_index", "INTEGER")),
            ),
            repeated=True,
        ),
    ),
    _field("create_time", "TIMESTAMP"),
    _field("resource_name"),
    _field("job_name"),
)


def save(cloud: Cloud, table: Table, job: str, findings: Iterable[Any]) -> None:
    """Append findings (as protobuf) to a table, which is made unless it is there.

    Raises:
        FailedPrecondition: its dataset is not there, or BigQuery refuses the rows.
    """
    with closing(BigQuery(cloud.environment)) as bigquery:
        if not bigquery.exists(table):
            bigquery.create(table, _SCHEMA)
        bigquery.insert(table, [_row(job, each) for each in findings])


def _row(job: str, finding: Any) -> Mapping[str, Any]:
    location = finding.location
    return {
        "quote": finding.quote or None,
        "info_type": {"name": finding.info_type.name},
        "likelihood": Likelihood(finding.likelihood).name,
        "location": {
            "content_locations": [_place(each) for each in location.content_locations],
        },
        "create_time": finding.create_time.ToDatetime(UTC).isoformat(),
        "resource_name": job,
        "job_name": job,
    }


def _place(place: Any) -> Mapping[str, Any]:
    record = place.record_location
    return {
        "container_name": place.container_name,
        "record_location": {
            "field_id": {"name": record.field_id.name},
            "record_key": {"id_values": list(record.record_key.id_values)},
            "table_location": {"row_index": record.table_location.row_index},
        },
    }
