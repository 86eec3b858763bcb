"""Distributions of values: gathered, merged, and asked for their percentiles."""

import bisect
import math
from collections.abc import Iterable, Sequence
from itertools import pairwise

from google.api.distribution_pb2 import Distribution

_GROWTH, _SCALE, _FINITE = 1.2, 0.1, 100  # from 0.1 ms to two hours, each 20 % wider


def latency_options() -> Distribution.BucketOptions:
    """Exponential buckets for latencies in milliseconds."""
    options = Distribution.BucketOptions()
    exponential = options.exponential_buckets
    exponential.num_finite_buckets = _FINITE
    exponential.growth_factor = _GROWTH
    exponential.scale = _SCALE
    return options


def bounds(options: Distribution.BucketOptions) -> list[float]:
    """The inner bounds of the buckets: one less than there are buckets."""
    match options.WhichOneof("options"):
        case "linear_buckets":
            linear = options.linear_buckets
            count = linear.num_finite_buckets + 1
            return [linear.offset + linear.width * each for each in range(count)]
        case "exponential_buckets":
            shape = options.exponential_buckets
            count = shape.num_finite_buckets + 1
            return [shape.scale * shape.growth_factor**each for each in range(count)]
        case _:
            return list(options.explicit_buckets.bounds)


def gather(values: Sequence[float], options: Distribution.BucketOptions) -> Distribution:
    """The distribution of some values, of which there is at least one."""
    edges = bounds(options)
    counts = [0] * (len(edges) + 1)
    for value in values:
        counts[bisect.bisect_right(edges, value)] += 1
    mean = math.fsum(values) / len(values)
    return Distribution(
        count=len(values),
        mean=mean,
        sum_of_squared_deviation=math.fsum((value - mean) ** 2 for value in values),
        bucket_options=options,
        bucket_counts=_trimmed(counts),
    )


def merge(parts: Iterable[Distribution]) -> Distribution:
    """The distribution of all values together; without buckets if those differ.

    Deviations are merged as by Chan, Golub and LeVeque (1979).
    """
    merged = Distribution()
    for part in parts:
        if not part.count:
            continue
        if not merged.count:
            merged.CopyFrom(part)
            continue
        total = merged.count + part.count
        step = part.mean - merged.mean
        merged.sum_of_squared_deviation += (
            part.sum_of_squared_deviation + step**2 * merged.count * part.count / total
        )
        merged.mean += step * part.count / total
        merged.count = total
        _add_counts(merged, part)
    return merged


def percentile(distribution: Distribution, share: float) -> float:
    """The value below which a share of the values lies, interpolated within its bucket."""
    wanted = share * distribution.count
    edges = bounds(distribution.bucket_options)
    limits = [edges[0] if edges else 0.0, *edges, edges[-1] if edges else 0.0]
    if edges and edges[0] > 0:
        limits[0] = 0.0
    seen = 0
    for count, (low, high) in zip(distribution.bucket_counts, pairwise(limits), strict=False):
        if count and seen + count >= wanted:
            return low + (high - low) * float(max(wanted - seen, 0) / count)
        seen += count
    return float(distribution.mean)


def _add_counts(merged: Distribution, part: Distribution) -> None:
    if merged.bucket_options != part.bucket_options:
        merged.ClearField("bucket_options")
        del merged.bucket_counts[:]
        return
    ours, theirs = list(merged.bucket_counts), list(part.bucket_counts)
    ours += [0] * (len(theirs) - len(ours))
    for position, count in enumerate(theirs):
        ours[position] += count
    del merged.bucket_counts[:]
    merged.bucket_counts.extend(ours)


def _trimmed(counts: list[int]) -> list[int]:
    """Without the zeros at the end, which are understood."""
    last = max(position for position, count in enumerate(counts) if count)
    return counts[: last + 1]
