"""Values of BigQuery columns as feature values.

INT64, FLOAT64, BOOL, STRING, BYTES and STRUCT have kinds of their own; a TIMESTAMP is the number of
microseconds since 1970; all others (dates, decimals, JSON, ...) are texts as BigQuery writes them.
"""

import base64
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from google.api_core.exceptions import InvalidArgument
from google.cloud.aiplatform_v1.types import FeatureValue, StructFieldValue, StructValue

from localcloud.bigquery.client import Field

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
_KINDS = {
    "INTEGER": "int64",
    "INT64": "int64",
    "TIMESTAMP": "int64",
    "FLOAT": "double",
    "FLOAT64": "double",
    "BOOLEAN": "bool",
    "BOOL": "bool",
    "BYTES": "bytes",
    "RECORD": "struct",
    "STRUCT": "struct",
}
_ARRAYS = ("int64", "double", "bool", "string")


def feature_value(field: Field, value: Any) -> FeatureValue:
    """One value of a column; a null has no value.

    Raises:
        InvalidArgument: features cannot have the column's type.
    """
    if value is None:
        return FeatureValue()
    kind = _KINDS.get(field["type"], "string")
    if field.get("mode") == "REPEATED":
        return _array(field, kind, value)
    return FeatureValue({f"{kind}_value": _single(field, kind, value)})


def plain_value(value: Any) -> Any:
    """A feature value as JSON can have it; bytes are base64."""
    kind = FeatureValue.pb(value).WhichOneof("value")
    if kind is None:
        return None
    content = getattr(value, kind)
    if kind == "struct_value":
        return {field.name: plain_value(field.value) for field in content.values}
    if kind == "bytes_value":
        return base64.b64encode(content).decode()
    return list(content.values) if kind.endswith("_array_value") else content


def parse_time(text: str) -> datetime:
    """A TIMESTAMP as localcloud's BigQuery client gives it."""
    return datetime.fromisoformat(text)


def _array(field: Field, kind: str, values: list[Any]) -> FeatureValue:
    if kind not in _ARRAYS:
        raise InvalidArgument(
            f"Column {field['name']} is an array of {field['type']}, which no feature can be;"
            " leave it out of the source, in a view for example."
        )
    single = [_single(field, kind, value) for value in values]
    return FeatureValue({f"{kind}_array_value": {"values": single}})


def _single(field: Field, kind: str, value: Any) -> Any:
    if field["type"] == "TIMESTAMP":
        return (parse_time(value) - EPOCH) // MICROSECOND
    if kind == "bytes":
        return base64.b64decode(value)
    if kind == "struct":
        return _struct(field, value)
    return value


def _struct(field: Field, value: Mapping[str, Any]) -> StructValue:
    values = [
        StructFieldValue(name=inner["name"], value=feature_value(inner, value[inner["name"]]))
        for inner in field["fields"]
    ]
    return StructValue(values=values)
