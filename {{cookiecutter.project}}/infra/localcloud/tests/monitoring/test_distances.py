"""The two distances, against values worked out by hand and against TFDV's own."""

from math import log2

import pytest

from localcloud.monitoring.distances import distance
from localcloud.monitoring.statistics import Statistics, categorical, numeric, standard_histogram


def numbers(*values: float) -> Statistics:
    return numeric("x", [[value] for value in values])


def texts(values: str) -> Statistics:
    return categorical("x", [[value] for value in values])


@pytest.mark.parametrize(
    ("baseline", "other", "expected"),
    [
        ("aab", "baabaa", 0),  # the same shares
        ("aaab", "abbb", 0.5),  # a: 3/4 and 1/4
        ("aabb", "bbcc", 0.5),  # a: 1/2 and none, c: none and 1/2
        ("a", "b", 1),
        ("", "b", 1),
        ("", "", 0),
    ],
)
def test_l_infinity_is_the_largest_difference_of_a_share(
    baseline: str, other: str, expected: float
) -> None:
    assert distance(texts(baseline), texts(other)) == pytest.approx(expected)


def divergence(p: list[float], q: list[float]) -> float:
    """The definition: half the sum of both sides' Kullback-Leibler divergences from their mean."""
    pairs = [*zip(p, q, strict=True), *zip(q, p, strict=True)]
    return sum(ours * log2(ours / ((ours + theirs) / 2)) for ours, theirs in pairs if ours) / 2


TEN = list(range(10))


@pytest.mark.parametrize(
    ("baseline", "other", "expected"),
    [
        (TEN, TEN, 0),
        (TEN, [number + 100 for number in TEN], 1),  # nothing in common
        ([5, 5, 5], [5, 5], 0),  # one value
        ([5, 5, 5], [6, 6], 1),  # one other value
        ([0, 10], [0, 0, 0, 10], divergence([0.5, 0.5], [0.75, 0.25])),
        ([*TEN, 10], [2.5] * 3, 1),  # a bucket without width is apart from those with one
        ([], TEN, 1),
        ([], [], 0),
    ],
)
def test_jensen_shannon_divergence_of_histograms(
    baseline: list[float], other: list[float], expected: float
) -> None:
    assert distance(numbers(*baseline), numbers(*other)) == pytest.approx(expected)


def test_buckets_are_cut_where_the_other_side_has_an_edge() -> None:
    # 100 values in ten buckets from 0 to 10, and in ten from 0 to 5: the former have half their
    # values below 5, the latter all of them.
    wide = numbers(*[number / 10 for number in range(100)], 10)
    narrow = numbers(*[number / 20 for number in range(100)], 5)
    assert distance(wide, narrow) == pytest.approx(divergence([0.5, 0.5], [1, 0]), abs=0.02)


def test_it_is_symmetric() -> None:
    left, right = numbers(1, 2, 2, 3, 9), numbers(2, 2, 4, 7)
    assert distance(left, right) == pytest.approx(distance(right, left))
    assert 0 < distance(left, right) < 1


def test_it_is_what_tfdv_finds() -> None:
    """TFDV 1.16.1 finds 0.36076; its histograms come from sketches, so they are not exact."""
    left = numbers(*range(10), *range(5))
    right = numbers(*range(3, 13), *range(3, 8))
    assert [bucket.sample_count for bucket in standard_histogram(left).buckets] == [2] * 5 + [1] * 5
    assert distance(left, right) == pytest.approx(0.36076, abs=0.001)
