"""The rule promotes what is as good, rolls back what is not, and else holds.

The bounds are those that the rule promises; `make benchmark-release` measures it with more rollouts
and beside other rules.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.release.rollouts import Outcome, OwnRule, play
from benchmarks.release.traffic import Traffic
from mlops.release.rule import Counts, Evidence, Guardrail
from mlops.settings import load_settings

ROLLOUTS = 600
NOISE = 0.015  # of a share of a few percent in that many rollouts, at three standard deviations


def play_case(
    config: Path, *kinds: Traffic, minutes: int = 240, rollouts: int = ROLLOUTS
) -> Outcome:
    release = load_settings("local", config).release
    watched = tuple(Guardrail(k.name, rate=release.tolerated_error_rate) for k in kinds)
    return play(OwnRule(release, watched), list(kinds), rollouts, minutes, seed=5)


def test_a_model_without_harm_is_promoted(config: Path) -> None:
    outcome = play_case(config, Traffic("errors"))
    assert outcome.promoted >= 0.97 - NOISE
    assert outcome.rolled_back <= 0.02 + NOISE
    assert outcome.minutes_to_promote <= 48


def test_harm_is_rolled_back_before_it_gets_all_traffic(config: Path) -> None:
    twice = play_case(config, Traffic("errors", 2))
    assert twice.promoted <= 0.004 + NOISE
    assert twice.rolled_back >= 0.98
    half_more = play_case(config, Traffic("errors", 1.5))
    assert half_more.promoted <= 0.05 + NOISE


def test_a_broken_model_is_rolled_back_at_once(config: Path) -> None:
    broken = play_case(config, Traffic("errors", 5))
    assert broken.rolled_back == 1
    assert broken.minutes_to_roll_back <= 4
    assert play_case(config, Traffic("errors", 50)).first_step >= 0.99


def test_what_befalls_both_models_is_no_harm(config: Path) -> None:
    incident = play_case(config, Traffic("errors", incident=(3, 12, 8)))
    assert incident.rolled_back <= 0.02 + NOISE
    assert incident.promoted >= 0.97 - NOISE


def test_hiccups_of_each_model_are_no_harm(config: Path) -> None:
    hiccups = play_case(config, Traffic("errors", variation=1))
    assert hiccups.rolled_back <= 0.02 + NOISE


def test_one_bad_guardrail_of_three_is_enough(config: Path) -> None:
    kinds = (Traffic("errors"), Traffic("slow", 5, rate=0.05), Traffic("invalid", rate=0.001))
    outcome = play_case(config, *kinds, rollouts=200)
    assert outcome.rolled_back == 1
    assert outcome.minutes_to_roll_back <= 4


@pytest.mark.parametrize("requests", [0, 0.2])
def test_little_traffic_holds(config: Path, requests: float) -> None:
    outcome = play_case(config, Traffic("errors", requests=requests), rollouts=100)
    assert outcome.promoted == outcome.rolled_back == 0


def test_rare_errors_need_requests_without_any(config: Path) -> None:
    none = play_case(config, Traffic("errors", rate=0), rollouts=100)
    assert none.promoted == 1
    soon = play_case(config, Traffic("errors", rate=0), rollouts=100, minutes=8)
    assert soon.promoted == 0  # 5 % of 0.5 % have not been ruled out yet


def test_a_shift_of_a_distribution_is_found_in_any_of_its_bins(config: Path) -> None:
    release = load_settings("local", config).release
    guardrail = Guardrail("drift", tolerance=2, proves=False, bins=10)
    same, constant = (Evidence(guardrail, release.steps) for _ in range(2))
    tenths, one = np.full(10, 3.0), np.eye(10)[4] * 30
    for _ in range(3):
        same.add(Counts(np.array(30.0), tenths, np.array(300.0), tenths * 10))
        constant.add(Counts(np.array(30.0), one, np.array(300.0), tenths * 10))
    assert same.harm < 0
    assert constant.harm > 10


def test_evidence_does_not_depend_on_a_scale_of_batches(config: Path) -> None:
    """One rollout alone is judged as it is among many."""
    release = load_settings("local", config).release
    random = np.random.default_rng(3)
    traffic = Traffic("errors", 2)
    many = Evidence(Guardrail("errors", rate=0.005), release.steps, (4,))
    alone = Evidence(Guardrail("errors", rate=0.005), release.steps)
    history = traffic.history(random, 50, 4)
    many.learn(history)
    alone.learn(history[:, 2])
    for minute in range(20):
        counts = traffic.minute(random, minute, np.full(4, 0.25))
        many.add(counts)
        alone.add(Counts(*(each[2] for each in counts)))
    assert alone.harm == pytest.approx(many.harm[2])
    assert alone.safety == pytest.approx(many.safety[2])
