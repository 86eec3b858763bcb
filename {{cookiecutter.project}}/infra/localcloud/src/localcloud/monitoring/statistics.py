"""Statistics of a feature's values, in TensorFlow Data Validation's own messages."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from tensorflow_metadata.proto.v0 import statistics_pb2

Statistics: TypeAlias = statistics_pb2.FeatureNameStatistics
Histogram: TypeAlias = statistics_pb2.Histogram
Examples: TypeAlias = Sequence[Sequence[float] | Sequence[str]]  # a feature's values, by example

_BUCKETS = 10  # of histograms, as TensorFlow Data Validation has by default
_RANKS = 1000  # most frequent texts that are kept with their counts
_TOP = 20


def numeric(name: str, examples: Sequence[Sequence[float]]) -> Statistics:
    """The statistics of numbers.

    Args:
        name: the feature's name.
        examples: the finite values of each example; none where the feature is missing.
    """
    statistics = Statistics(name=name, type=Statistics.FLOAT)
    numbers = statistics.num_stats
    numbers.common_stats.CopyFrom(_common(examples))
    values = np.array([value for example in examples for value in example], dtype=float)
    if values.size:
        numbers.mean, numbers.std_dev = float(values.mean()), float(values.std())
        numbers.min, numbers.max = float(values.min()), float(values.max())
        numbers.median = float(np.median(values))
        numbers.num_zeros = int((values == 0).sum())
        numbers.histograms.extend([_standard(values), _quantiles(values)])
    return statistics


def categorical(name: str, examples: Sequence[Sequence[str]]) -> Statistics:
    """The statistics of texts.

    Args:
        name: the feature's name.
        examples: the values of each example; none where the feature is missing.
    """
    statistics = Statistics(name=name, type=Statistics.STRING)
    texts = statistics.string_stats
    texts.common_stats.CopyFrom(_common(examples))
    values = [value for example in examples for value in example]
    counts = Counter(values)
    texts.unique = len(counts)
    texts.avg_length = sum(map(len, values)) / len(values) if values else 0
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    for rank, (value, count) in enumerate(ranked[:_RANKS]):
        texts.rank_histogram.buckets.add(
            low_rank=rank, high_rank=rank, label=value, sample_count=count
        )
        if rank < _TOP:
            texts.top_values.add(value=value, frequency=count)
    return statistics


def standard_histogram(statistics: Statistics) -> Histogram:
    """The histogram with buckets of equal width; one without buckets if there are no numbers."""
    for histogram in statistics.num_stats.histograms:
        if histogram.type == Histogram.STANDARD:
            return histogram
    return Histogram(type=Histogram.STANDARD)


def counts(statistics: Statistics) -> Mapping[str, float]:
    """How often each text is there."""
    buckets = statistics.string_stats.rank_histogram.buckets
    return {bucket.label: bucket.sample_count for bucket in buckets}


def value_count(statistics: Statistics) -> int:
    """How many values there are."""
    kind = statistics.string_stats if is_categorical(statistics) else statistics.num_stats
    return int(kind.common_stats.tot_num_values)


def is_categorical(statistics: Statistics) -> bool:
    """Whether the feature's values are texts."""
    return bool(statistics.type == Statistics.STRING)


def _common(examples: Examples) -> statistics_pb2.CommonStatistics:
    sizes = [len(example) for example in examples if len(example)]
    common = statistics_pb2.CommonStatistics(
        num_non_missing=len(sizes),
        num_missing=len(examples) - len(sizes),
        tot_num_values=sum(sizes),
    )
    if sizes:
        common.min_num_values, common.max_num_values = min(sizes), max(sizes)
        common.avg_num_values = sum(sizes) / len(sizes)
    return common


def _standard(values: "np.typing.NDArray[np.float64]") -> Histogram:
    """Ten buckets of equal width from the smallest to the largest value.

    All values alike make one bucket without width, as in TensorFlow Data Validation.
    """
    if values.min() == values.max():
        return _histogram(Histogram.STANDARD, [values[0], values[0]], [values.size])
    sizes, edges = np.histogram(values, bins=_BUCKETS)
    return _histogram(Histogram.STANDARD, edges.tolist(), sizes.tolist())


def _quantiles(values: "np.typing.NDArray[np.float64]") -> Histogram:
    edges = np.quantile(values, np.linspace(0, 1, _BUCKETS + 1))
    return _histogram(Histogram.QUANTILES, edges.tolist(), [values.size / _BUCKETS] * _BUCKETS)


def _histogram(kind: int, edges: Sequence[float], sizes: Sequence[float]) -> Histogram:
    histogram = Histogram(type=kind)
    for (low, high), size in zip(pairwise(edges), sizes, strict=True):
        histogram.buckets.add(low_value=low, high_value=high, sample_count=size)
    return histogram
