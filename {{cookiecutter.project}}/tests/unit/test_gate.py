"""The gate says why, and lets no losing challenger pass."""

from __future__ import annotations

import math
import random

import pytest

from mlops.evaluation.fairness import find_gaps
from mlops.evaluation.gate import judge, list_failures
from mlops.evaluation.measures import Measures, SliceMetrics
from mlops.settings import Card, Evaluation, Threshold

CARD = Card(owner="a@b.example", intended_use="tests")


def bounds(**sections: dict[str, Threshold]) -> Evaluation:
    thresholds = sections.pop("thresholds", {"auc": Threshold(min=0.6)})
    return Evaluation(thresholds=thresholds, card=CARD, minimum_support=50, **sections)


def measured(auc: float, *days: float, rows: float = 100, **others: float) -> Measures:
    """Metrics over all rows, and an area under the curve for each day."""
    slices = (
        SliceMetrics("day", str(day), {"auc": value, "example_count": rows, **others})
        for day, value in enumerate(days, start=1)
    )
    return Measures({"auc": auc, "example_count": 500.0}, tuple(slices))


def failures(
    evaluation: Evaluation, model: Measures, champion: Measures | None = None, **baselines: Measures
) -> tuple[str, ...]:
    return list_failures(judge(evaluation, model, champion, baselines))


def test_a_model_within_all_bounds_passes() -> None:
    evaluation = bounds(thresholds={"auc": Threshold(min=0.6), "error": Threshold(max=3)})
    model = Measures({"auc": 0.6, "error": 3.0, "other": 0.0})
    assert failures(evaluation, model) == ()
    assert [check.value for check in judge(evaluation, model, None, {})] == [0.6, 3.0]


def test_each_broken_bound_is_a_sentence() -> None:
    evaluation = bounds(thresholds={"auc": Threshold(min=0.6), "error": Threshold(max=3)})
    assert failures(evaluation, Measures({"auc": 0.5, "error": 3.25})) == (
        "auc is 0.5000, below the minimum of 0.6.",
        "error is 3.2500, above the maximum of 3.",
    )


def test_what_is_not_a_number_or_not_measured_fails() -> None:
    evaluation = bounds(thresholds={"auc": Threshold(min=0.6), "error": Threshold(max=3)})
    assert failures(evaluation, Measures({"auc": math.nan})) == (
        "auc is not a number.",
        "error has a threshold but was not measured.",
    )


def test_a_first_model_is_not_compared_and_a_second_is() -> None:
    evaluation = bounds(champion_change={"auc": Threshold(min=-0.01)})
    assert failures(evaluation, measured(0.7)) == ()
    assert failures(evaluation, measured(0.7), measured(0.705)) == ()
    assert failures(evaluation, measured(0.7), measured(0.75)) == (
        "auc minus the champion's is -0.0500, below the minimum of -0.01.",
    )


def test_a_slice_that_gets_worse_is_named() -> None:
    evaluation = bounds(champion_slice_change={"auc": Threshold(min=-0.05)})
    champion = measured(0.7, 0.7, 0.7)
    assert failures(evaluation, measured(0.8, 0.9, 0.64), champion) == (
        "auc minus the champion's where day=2 is -0.0600, below the minimum of -0.05.",
    )
    assert failures(evaluation, measured(0.8, 0.9, 0.66), champion) == ()


def test_a_slice_has_a_bound_of_its_own() -> None:
    evaluation = bounds(slice_thresholds={"auc": Threshold(min=0.5)})
    assert failures(evaluation, measured(0.7, 0.4, 0.5, math.nan)) == (
        "auc where day=1 is 0.4000, below the minimum of 0.5.",
        "auc where day=3 is not a number.",
    )


def test_a_slice_of_few_rows_decides_nothing() -> None:
    evaluation = bounds(
        slice_thresholds={"auc": Threshold(min=0.5)},
        champion_slice_change={"auc": Threshold(min=0)},
        fairness_gap={"auc": Threshold(max=0.1)},
    )
    model, champion = (measured(0.7, *days, rows=49) for days in ((0.1, 0.9), (0.8, 0.8)))
    assert failures(evaluation, model, champion) == ()
    assert len(failures(evaluation, measured(0.7, 0.1, 0.9, rows=50), champion)) == 3


def test_the_best_baseline_must_be_beaten() -> None:
    evaluation = bounds(baseline_change={"auc": Threshold(min=0.02)})
    baselines = {"mean": measured(0.5), "heuristic": measured(0.69)}
    assert failures(evaluation, measured(0.7), **baselines) == (
        "auc minus the baseline's (heuristic) is 0.0100, below the minimum of 0.02.",
    )
    assert failures(evaluation, measured(0.72), **baselines) == ()


def test_a_gap_between_groups_names_them() -> None:
    evaluation = bounds(fairness_gap={"auc": Threshold(max=0.1)})
    assert failures(evaluation, measured(0.7, 0.7, 0.75, 0.62)) == (
        "auc gap between day=3 and day=2 is 0.1300, above the maximum of 0.1.",
    )
    assert failures(evaluation, measured(0.7, 0.7, 0.75, 0.66)) == ()
    assert failures(evaluation, measured(0.7, 0.7, math.nan)) == (
        "auc gap between day=2 and day=2 is not a number.",
    )


def test_a_gap_is_between_two_groups_even_if_there_is_none() -> None:
    (gap,) = find_gaps(measured(0.7, 0.7, 0.7, 0.7).slices, "auc", 50)
    assert (gap.lowest, gap.highest, gap.size) == ("1", "3", 0.0)


@pytest.mark.parametrize(("negatives", "gaps"), [(49, 0), (50, 1)])
def test_a_false_positive_rate_is_supported_by_negatives(negatives: int, gaps: int) -> None:
    rates = {"false_positive_rate": 0.2, "negatives": float(negatives)}
    slices = measured(0.7, 0.7, 0.8, **rates).slices
    assert len(find_gaps(slices, "false_positive_rate", 50)) == gaps


def test_a_losing_challenger_never_passes() -> None:
    """Whatever it reaches: worse than the champion beyond a margin, over all or in one slice."""
    evaluation = bounds(
        thresholds={"auc": Threshold(min=0.1)},
        champion_change={"auc": Threshold(min=-0.05)},
        champion_slice_change={"auc": Threshold(min=-0.1)},
    )
    draw = random.Random(11)  # noqa: S311 - a test's cases
    verdicts = {True: 0, False: 0}
    for _ in range(2000):
        base = [draw.uniform(0.3, 0.9) for _ in range(4)]
        champion = measured(*base)
        model = measured(*(value + draw.uniform(-0.12, 0.3) for value in base))
        loses = model.metrics["auc"] < champion.metrics["auc"] - 0.05 or any(
            mine.metrics["auc"] < theirs.metrics["auc"] - 0.1
            for mine, theirs in zip(model.slices, champion.slices, strict=True)
        )
        assert bool(failures(evaluation, model, champion)) == loses
        verdicts[loses] += 1
    assert min(verdicts.values()) > 100
