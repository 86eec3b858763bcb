"""How far two distributions of a feature are apart, as TensorFlow Data Validation measures it.

Both distances lie between 0 (alike) and 1 (nothing in common). The source of both formulas is
`tensorflow_data_validation/anomalies/metrics.cc`, which is what Vertex AI runs.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from math import log2

from localcloud.monitoring.statistics import (
    Histogram,
    Statistics,
    counts,
    is_categorical,
    standard_histogram,
    value_count,
)


def distance(baseline: Statistics, statistics: Statistics) -> float:
    """L-infinity for a categorical feature, Jensen-Shannon divergence for a numerical one.

    A feature that one side lacks altogether has distance 1, one that both lack has distance 0.
    """
    sizes = value_count(baseline), value_count(statistics)
    if 0 in sizes:
        return 0.0 if sizes == (0, 0) else 1.0
    if is_categorical(statistics):
        return l_infinity(counts(baseline), counts(statistics))
    return jensen_shannon_divergence(standard_histogram(baseline), standard_histogram(statistics))


def l_infinity(baseline: Mapping[str, float], counts: Mapping[str, float]) -> float:
    """The largest difference between the shares of one value on both sides.

    Args:
        baseline: how often each value is there; at least one.
        counts: the same, of the other side.
    """
    ours, theirs = sum(baseline.values()), sum(counts.values())
    return max(
        abs(baseline.get(value, 0) / ours - counts.get(value, 0) / theirs)
        for value in {**baseline, **counts}
    )


def jensen_shannon_divergence(baseline: Histogram, histogram: Histogram) -> float:
    """JSD(P||Q) = (KL(P||M) + KL(Q||M)) / 2 with M = (P + Q) / 2 and logarithms to base 2.

    Buckets of both are first cut at the edges of both; values are taken to be spread evenly over
    a bucket. A bucket without width is a value of its own.

    Args:
        baseline: with at least one value.
        histogram: the same, of the other side.
    """
    segments = _segments(baseline, histogram)
    p, q = _shares(baseline, *segments), _shares(histogram, *segments)
    return min((_divergence(p, q) + _divergence(q, p)) / 2, 1.0)


def _segments(*histograms: Histogram) -> tuple[Sequence[float], Sequence[float]]:
    """The edges of all buckets that have a width, and the places of those that have none."""
    buckets = [bucket for histogram in histograms for bucket in histogram.buckets]
    wide = [bucket for bucket in buckets if bucket.low_value < bucket.high_value]
    edges = {edge for bucket in wide for edge in (bucket.low_value, bucket.high_value)}
    points = {bucket.low_value for bucket in buckets if bucket.low_value == bucket.high_value}
    return sorted(edges), sorted(points)


def _shares(
    histogram: Histogram, edges: Sequence[float], points: Sequence[float]
) -> Sequence[float]:
    """The share of a histogram's values in each segment between two edges, and at each point."""
    between = [0.0] * len(edges)
    at = dict.fromkeys(points, 0.0)
    for bucket in histogram.buckets:
        low, high = bucket.low_value, bucket.high_value
        if low == high:
            at[low] += bucket.sample_count
        for index in range(bisect_left(edges, low), bisect_left(edges, high)):
            width = edges[index + 1] - edges[index]
            between[index] += bucket.sample_count * width / (high - low)
    masses = [*between, *at.values()]
    return [mass / sum(masses) for mass in masses]


def _divergence(p: Sequence[float], q: Sequence[float]) -> float:
    """KL(P||M) with M = (P + Q) / 2, in bits."""
    return sum(
        ours * log2(2 * ours / (ours + theirs)) for ours, theirs in zip(p, q, strict=True) if ours
    )
