"""Values of points as Python's numbers and distributions, and back."""

from typing import Any, TypeAlias

from google.api.distribution_pb2 import Distribution
from google.api.metric_pb2 import MetricDescriptor
from google.cloud.monitoring_v3.types import TypedValue

Plain: TypeAlias = bool | int | float | str | Distribution
Kind, Type = MetricDescriptor.MetricKind, MetricDescriptor.ValueType
FIELDS = {
    Type.BOOL: "bool_value",
    Type.INT64: "int64_value",
    Type.DOUBLE: "double_value",
    Type.STRING: "string_value",
    Type.DISTRIBUTION: "distribution_value",
}


def plain(value: Any) -> Plain:
    """What a TypedValue (as plain protobuf) holds."""
    held: Plain = getattr(value, value.WhichOneof("value"))
    return held


def typed(value: Plain, value_type: int) -> Any:
    """The TypedValue (as plain protobuf) that holds a value of this type."""
    made = TypedValue.pb()()
    if isinstance(value, Distribution):
        made.distribution_value.CopyFrom(value)
    elif value_type == Type.INT64:
        made.int64_value = round(value)  # type: ignore[arg-type]  # a number, by its type
    else:
        setattr(made, FIELDS[value_type], value)
    return made
