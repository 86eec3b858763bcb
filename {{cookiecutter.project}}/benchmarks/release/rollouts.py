"""Play many rollouts at once by a rule, and count how they end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from mlops.release.decision import Decision, Integers, decide
from mlops.release.rule import Array, Counts, Evidence, Guardrail

if TYPE_CHECKING:
    from benchmarks.release.traffic import Traffic
    from mlops.release_settings import Release

HISTORY = 240  # minutes of the champion before a release


class Rule(Protocol):
    """What decides about many rollouts."""

    shares: tuple[float, ...]

    def start(self, history: list[Array], rollouts: int) -> None:
        """Forgets everything; `history` is the champion's, of each kind of bad answer."""

    def look(self, counts: list[Counts], step: Integers, minutes: Array) -> Integers:
        """A `Decision` for each rollout, after one more minute of each kind of bad answer."""


class OwnRule:
    """The rule of `mlops.release`, by its own code."""

    def __init__(self, release: Release, guardrails: tuple[Guardrail, ...]) -> None:
        self.release = release
        self.guardrails = guardrails
        self.shares = tuple(step.percent / 100 for step in release.steps)

    def start(self, history: list[Array], rollouts: int) -> None:
        """Forgets everything but the history."""
        self._evidence = [Evidence(one, self.release.steps, (rollouts,)) for one in self.guardrails]
        for one, bad in zip(self._evidence, history, strict=True):
            one.learn(bad)
        self._requests = np.zeros(rollouts)

    def look(self, counts: list[Counts], step: Integers, minutes: Array) -> Integers:
        """Takes the minute in, and decides."""
        for one, minute in zip(self._evidence, counts, strict=True):
            one.add(minute)
        self._requests = np.where(minutes == 1, 0, self._requests) + counts[0].canary
        return decide(self.release, self._evidence, step, minutes, self._requests)


@dataclass(frozen=True)
class Outcome:
    """How rollouts ended.

    Attributes:
        promoted: the share of them that got all traffic.
        rolled_back: the share that lost it.
        minutes_to_promote: median of those; not a number when there are none.
        minutes_to_roll_back: the same.
        bad: bad answers beyond the champion's rate, a rollout.
        first_step: of those rolled back, the share that never left the first step.
    """

    promoted: float
    rolled_back: float
    minutes_to_promote: float
    minutes_to_roll_back: float
    bad: float
    first_step: float


def play(
    rule: Rule, kinds: list[Traffic], rollouts: int, minutes: int, seed: int, climbs: bool = True
) -> Outcome:
    """Plays rollouts, each up to a number of minutes, after which it is neither.

    Args:
        rule: what decides.
        kinds: the traffic, once for each kind of bad answer that is watched.
        rollouts: how many.
        minutes: how long the longest lasts.
        seed: of the random numbers.
        climbs: false keeps the canary on its first step: how long is harm there?
    """
    random = np.random.default_rng(seed)
    shares = np.array([*rule.shares, 1.0])
    step = np.zeros(rollouts, np.int64)
    on_step, ended, bad = np.zeros(rollouts), np.zeros(rollouts), np.zeros(rollouts)
    end = np.full(rollouts, minutes)
    rule.start([kind.history(random, HISTORY, rollouts) for kind in kinds], rollouts)
    last = len(rule.shares) - 1
    for minute in range(minutes):
        counts = [kind.minute(random, minute, shares[step]) for kind in kinds]
        on_step += 1
        decision = rule.look(counts, np.minimum(step, last), on_step)
        live = ended == 0
        for kind, count in zip(kinds, counts, strict=True):
            bad += live * (count.canary * kind.rate * max(kind.ratio - 1, 0))
        down = live & (decision == Decision.ROLL_BACK)
        up = live & (decision == Decision.PROMOTE) & climbs
        done = up & (step == last)
        ended[down], ended[done] = Decision.ROLL_BACK, Decision.PROMOTE
        end[down | done] = minute + 1
        step[up & ~done] += 1
        on_step[up] = 0
        if ended.all():
            break
    down, up = ended == Decision.ROLL_BACK, ended == Decision.PROMOTE
    return Outcome(
        promoted=float(up.mean()),
        rolled_back=float(down.mean()),
        minutes_to_promote=_median(end[up]),
        minutes_to_roll_back=_median(end[down]),
        bad=float(bad.mean()),
        first_step=float((step[down] == 0).mean()) if down.any() else float("nan"),
    )


def _median(minutes: Array) -> float:
    return float(np.median(minutes)) if len(minutes) else float("nan")
