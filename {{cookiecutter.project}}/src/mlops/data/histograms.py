"""Histograms by which numbers of two sets of data can be compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from tensorflow_metadata.proto.v0 import statistics_pb2

if TYPE_CHECKING:
    from collections.abc import Iterator

QUANTILES = 100  # of each number, which its statistics keep
BINS = 20  # of equal shares of the reference; more would tell a small sample from where it is taken


def align_histograms(
    statistics: statistics_pb2.DatasetFeatureStatisticsList,
    reference: statistics_pb2.DatasetFeatureStatisticsList,
) -> None:
    """Gives each number of both the same bins, cut where the reference has its quantiles.

    TFDV's own have equal width: a single far value makes one bin of all others, and the two halves
    of one table lie 0.7 apart. Bounds of the new bins are their numbers, since only the shares of
    rows in them are compared.
    """
    new = dict(_numbers(statistics))
    for name, before in _numbers(reference):
        if name not in new:
            continue
        bounds, _ = _distribution(before)
        edges = np.unique(bounds[:: max(1, len(bounds) // BINS)])
        for numbers in (before, new[name]):
            _bin(numbers, edges)


def _numbers(
    statistics: statistics_pb2.DatasetFeatureStatisticsList,
) -> Iterator[tuple[str, statistics_pb2.NumericStatistics]]:
    """The statistics of numbers that have quantiles, by column."""
    for feature in statistics.datasets[0].features:
        if feature.HasField("num_stats") and _quantiles(feature.num_stats).buckets:
            yield feature.path.step[0], feature.num_stats


def _quantiles(numbers: statistics_pb2.NumericStatistics) -> statistics_pb2.Histogram:
    kind = statistics_pb2.Histogram.QUANTILES
    found = (each for each in numbers.histograms if each.type == kind)
    return next(found, statistics_pb2.Histogram())


def _distribution(numbers: statistics_pb2.NumericStatistics) -> tuple[np.ndarray, np.ndarray]:
    """Bounds of quantiles, and the share of values up to each; both of shape [quantiles + 1]."""
    buckets = _quantiles(numbers).buckets
    counts = np.cumsum([0.0, *(bucket.sample_count for bucket in buckets)])
    values = np.array([buckets[0].low_value, *(bucket.high_value for bucket in buckets)])
    return values, counts / max(counts[-1], 1.0)


def _bin(numbers: statistics_pb2.NumericStatistics, edges: np.ndarray) -> None:
    """Replaces the histogram of equal width by one of the shares between edges."""
    values, shares = _distribution(numbers)
    last = np.append(values[1:] != values[:-1], True)  # a value that is frequent is several bounds
    up_to = np.interp(edges, values[last], shares[last], left=0.0)
    parts = np.diff([0.0, *up_to, 1.0])
    standard = statistics_pb2.Histogram.STANDARD
    kept = [each for each in numbers.histograms if each.type != standard]
    binned = statistics_pb2.Histogram(
        type=standard,
        buckets=[
            statistics_pb2.Histogram.Bucket(low_value=i, high_value=i + 1, sample_count=part)
            for i, part in enumerate(parts)
        ],
    )
    del numbers.histograms[:]
    numbers.histograms.extend([binned, *kept])
