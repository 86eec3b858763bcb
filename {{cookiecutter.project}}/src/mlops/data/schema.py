"""The TensorFlow Data Validation schema, derived from the declaration of the data."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from tensorflow_metadata.proto.v0 import schema_pb2

if TYPE_CHECKING:
    from mlops.features import Column, Features


class Environment(StrEnum):
    """Where data is seen: with its label, or without."""

    TRAINING = "TRAINING"
    SERVING = "SERVING"


TYPES = {
    "INTEGER": schema_pb2.INT,
    "BOOLEAN": schema_pb2.INT,
    "FLOAT": schema_pb2.FLOAT,
    "STRING": schema_pb2.BYTES,
}


def build_schema(features: Features) -> schema_pb2.Schema:
    """What the extracted columns may hold, in both environments; SERVING has inputs alone."""
    return schema_pb2.Schema(
        default_environment=list(Environment),
        feature=[_feature(column) for column in features.extracted],
    )


def _feature(column: Column) -> schema_pb2.Feature:
    feature = schema_pb2.Feature(
        name=column.name,
        type=TYPES[column.type],
        presence=_presence(column),
        value_count=schema_pb2.ValueCount(min=1, max=1),
        not_in_environment=[] if column.is_input else [Environment.SERVING],
    )
    _set_domain(feature, column)
    _set_comparators(feature, column)
    return feature


def _presence(column: Column) -> schema_pb2.FeaturePresence:
    """The column must be there; each of its values too, unless a default stands in for it."""
    return schema_pb2.FeaturePresence(min_count=1, min_fraction=1 if column.default is None else 0)


def _set_domain(feature: schema_pb2.Feature, column: Column) -> None:
    if column.values:
        feature.string_domain.CopyFrom(
            schema_pb2.StringDomain(name=column.name, value=column.values)
        )
    elif column.type == "FLOAT":
        feature.float_domain.CopyFrom(
            schema_pb2.FloatDomain(min=column.min, max=column.max, disallow_nan=True)
        )
    elif column.min is not None or column.max is not None:
        feature.int_domain.CopyFrom(
            schema_pb2.IntDomain(min=_whole(column.min), max=_whole(column.max))
        )


def _set_comparators(feature: schema_pb2.Feature, column: Column) -> None:
    """Distances: L-infinity between categories, Jensen-Shannon divergence between numbers."""
    measure = "infinity_norm" if column.type == "STRING" else "jensen_shannon_divergence"
    if column.drift_threshold is not None:
        getattr(feature.drift_comparator, measure).threshold = column.drift_threshold
    if column.skew_threshold is not None:
        getattr(feature.skew_comparator, measure).threshold = column.skew_threshold


def _whole(bound: float | None) -> int | None:
    return None if bound is None else int(bound)
