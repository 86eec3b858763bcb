"""What config/features.yaml would have to allow for the data of now to be as declared."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops.features import Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tensorflow_metadata.proto.v0 import statistics_pb2

    from mlops.features import Column, Features


@dataclass(frozen=True)
class Proposal:
    """A change of one key of one column, for a person to review.

    Attributes:
        column: its name.
        key: what would change, as config/features.yaml calls it.
        value: what it would become; nothing when only a person can tell.
        reason: what was seen in the data.
    """

    column: str
    key: str
    value: Any
    reason: str


def propose_changes(
    features: Features, statistics: Iterable[statistics_pb2.DatasetFeatureStatisticsList]
) -> list[Proposal]:
    """Compares the declaration with the statistics of all parts of the data.

    A declaration only ever becomes wider: that a value is not seen today says nothing of tomorrow.
    """
    seen: dict[str, list[statistics_pb2.FeatureNameStatistics]] = {}
    for part in statistics:
        for each in part.datasets[0].features:
            seen.setdefault(each.path.step[0] if each.path.step else each.name, []).append(each)
    return [
        proposal
        for column in features.extracted
        for proposal in _compare(column, seen.get(column.name, []))
    ]


def _compare(
    column: Column, seen: list[statistics_pb2.FeatureNameStatistics]
) -> Iterator[Proposal]:
    if not seen:
        yield Proposal(column.name, "name", None, "the table has no such column")
        return
    texts = [each.string_stats for each in seen if each.HasField("string_stats")]
    numbers = [each.num_stats for each in seen if each.HasField("num_stats")]
    missing = sum(_common(each).num_missing for each in seen)
    if missing and column.default is None and column.role is not Role.LABEL:
        yield Proposal(column.name, "default", None, f"{missing} rows have no value")
    if column.values:
        yield from _compare_values(column, texts)
    if texts and column.role is Role.CATEGORICAL:
        yield from _compare_vocabulary(column, max(each.unique for each in texts))
    if numbers:
        lowest, highest = min(each.min for each in numbers), max(each.max for each in numbers)
        if column.min is not None and lowest < column.min:
            reason = f"the smallest value is {lowest:g}"
            yield Proposal(column.name, "min", math.floor(lowest), reason)
        if column.max is not None and highest > column.max:
            reason = f"the largest value is {highest:g}"
            yield Proposal(column.name, "max", math.ceil(highest), reason)


def _compare_values(
    column: Column, texts: list[statistics_pb2.StringStatistics]
) -> Iterator[Proposal]:
    counts: dict[str, float] = {}
    for each in texts:
        for bucket in each.rank_histogram.buckets:
            counts[bucket.label] = counts.get(bucket.label, 0) + bucket.sample_count
    new = sorted(counts.keys() - set(column.values))
    if new:
        rows = sum(counts[value] for value in new)
        reason = f"{rows:g} rows have one of {len(new)} values that are not allowed"
        yield Proposal(column.name, "values", [*column.values, *new], reason)


def _compare_vocabulary(column: Column, unique: int) -> Iterator[Proposal]:
    if column.vocabulary_size is not None and unique > column.vocabulary_size:
        reason = f"there are {unique} values"
        yield Proposal(column.name, "vocabulary_size", unique, reason)


def _common(
    statistics: statistics_pb2.FeatureNameStatistics,
) -> statistics_pb2.CommonStatistics:
    return getattr(statistics, str(statistics.WhichOneof("stats"))).common_stats
