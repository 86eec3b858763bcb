"""What a release reads of the cloud's records, number by number."""

from __future__ import annotations

import pytest
from google.api.distribution_pb2 import Distribution

from mlops.features import Problem
from mlops.release.request_log import canonical, read_prediction
from mlops.release.time_series import count_above

EXPLICIT = Distribution.BucketOptions(
    explicit_buckets=Distribution.BucketOptions.Explicit(bounds=[100, 500, 1000])
)
EXPONENTIAL = Distribution.BucketOptions(
    exponential_buckets=Distribution.BucketOptions.Exponential(
        num_finite_buckets=2, growth_factor=10, scale=10
    )
)
LINEAR = Distribution.BucketOptions(
    linear_buckets=Distribution.BucketOptions.Linear(num_finite_buckets=2, width=250, offset=0)
)


@pytest.mark.parametrize(
    ("options", "counts", "slow"),
    [
        (EXPLICIT, [1, 2, 4, 8], 12),  # from 500 on
        (EXPLICIT, [1, 2], 0),  # trailing empty buckets may be left out
        (EXPONENTIAL, [1, 2, 4, 8], 8),  # bounds are 10, 100 and 1,000
        (LINEAR, [1, 2, 4, 8], 8),  # bounds are 0, 250 and 500
    ],
)
def test_slow_answers_are_those_in_buckets_above_the_limit(
    options: Distribution.BucketOptions, counts: list[int], slow: int
) -> None:
    distribution = Distribution(count=sum(counts), bucket_options=options, bucket_counts=counts)
    assert count_above(distribution, 500) == slow


@pytest.mark.parametrize(
    ("answer", "classification", "regression"),
    [
        ("0.25", 0.25, 0.25),
        ("[0.25]", 0.25, 0.25),
        ("17", None, 17.0),
        ("-0.1", None, -0.1),
        ("NaN", None, None),
        ("Infinity", None, None),
        ("null", None, None),
        ("true", None, None),
        ('"0.25"', None, None),
        ("[0.25, 0.75]", None, None),
        ("{}", None, None),
        ('{"classes": ["0", "1"], "scores": [0.75, 0.25]}', 0.25, 0.25),
        ('{"value": 17, "lower_bound": 10, "upper_bound": 20}', None, 17.0),
        ('{"value": null}', None, None),
        ('{"classes": ["0"], "scores": [1]}', None, None),
        ("no JSON", None, None),
        (None, None, None),
    ],
)
def test_only_a_number_that_can_be_one_is_a_valid_prediction(
    answer: str | None, classification: float | None, regression: float | None
) -> None:
    assert read_prediction(answer, Problem.CLASSIFICATION) == classification
    assert read_prediction(answer, Problem.REGRESSION) == regression


def test_an_instance_is_recognised_however_it_is_written() -> None:
    assert canonical('{"b": 1, "a": [2]}') == canonical('{"a":[2],\n"b":1}')
    assert canonical('{"a": 3}') == canonical('{"a": 3.0}')  # Vertex AI logs either as 3
    assert canonical("no JSON") == "no JSON"
