"""Two versions side by side: on which data, and how far their metrics lie apart."""

from __future__ import annotations

from mlops.registry.comparison import Side, describe_comparison


def test_other_data_and_each_common_metric_are_told() -> None:
    first = Side("1", "a" * 64, {"auc": 0.65, "accuracy": 0.7, "lost": 1})
    second = Side("2", "b" * 64, {"auc": 0.66, "accuracy": 0.7, "new": 1})
    told = [line.split() for line in describe_comparison(first, second)]
    assert told == [
        ["version", "1", "2"],
        ["data", "hash", "a" * 12, "b" * 12, "other", "data"],
        ["accuracy", "0.7000", "0.7000", "+0.0000"],
        ["auc", "0.6500", "0.6600", "+0.0100"],
    ]


def test_the_same_data_is_called_so() -> None:
    side = Side("1", "a" * 64, {})
    assert list(describe_comparison(side, side))[1].endswith("the same data")
