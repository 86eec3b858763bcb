"""The decision about a canary: promote it, hold it where it is, or roll it back.

Each minute counts the requests and the bad answers of canary and champion, measured at the same
time. Whatever befalls both at once (load, an incident, a slow dependency) cancels: given that a
minute has k bad answers in all, the canary's share of them is binomial, with success probability

    q(ratio) = n_canary ratio / (n_canary ratio + n_champion),

where `ratio` is how often the canary errs for each time that the champion does. That is exact for
Poisson counts, and conservative when bad answers are frequent.

**Harm.** The likelihood ratio of a larger ratio against the one that is tolerated, multiplied over
the minutes and averaged over some larger ratios, is a non-negative supermartingale of mean 1 at
most while there is no harm. By Ville's inequality it ever exceeds 1 / risk with probability `risk`
at most, however often one looks. Several guardrails share the risk evenly (union bound).

**No harm.** The same with the roles exchanged: a model that really errs `ratio` times as often as
the champion, or more, ever reaches 1 / risk of a step with probability `risk` at most. All
guardrails must reach it. Bad answers that are very rare never tell two models apart; a second
likelihood ratio, of the canary's own rate against the rate that nobody minds, is averaged in.

**Minutes that vary more than chance.** Hiccups that hit one model at a time spread the counts by a
squared coefficient of variation v, which multiplies the variance of the canary's share, given m bad
answers a minute, by 1 + 2 m q (1 - q) v. The logarithm of a minute's likelihood ratio is divided by
that (a quasi-likelihood), with v estimated from the champion's minutes before the release (squared
successive differences, so that trends do not count) and from the pair's residuals since. The
divisor depends on earlier minutes alone: then a power below 1 of a likelihood ratio keeps a mean of
1 at most (Jensen), and the rule stays exact where there is no such variation. It must not depend on
the minute's own count, which would favour the canary's bad minutes.

Sources: Lindon and Malek, "Anytime-Valid Inference for Multinomial Count Data", NeurIPS 2022 (arXiv
2011.03567); Lindon, Sanden and Shirikian, "Rapid Regression Detection in Software Deployments
through Sequential Testing", KDD 2022 (2205.14762); Grünwald, de Heide and Koolen, "Safe Testing"
(1906.07801), for powers and averages; Wedderburn, Biometrika 61 (1974), for quasi-likelihood; von
Neumann, Annals of Mathematical Statistics 12 (1941), for successive differences.
`benchmarks/release` measures the rule.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from mlops.release_settings import ReleaseStep

Array = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]

# What harm may look like, as multiples of the tolerated ratio, with prior weights.
HARM = np.array([1.6, 4.0, 10.0])
HARM_WEIGHTS = np.array([0.3, 0.5, 0.2])
# How a good canary errs, as ratios, with prior weights.
GOOD = np.array([1.0, 0.7])
GOOD_WEIGHTS = np.array([0.9, 0.1])
# How seldom, as multiples of the rate that nobody minds, with prior weights.
RARE = np.array([0.0, 0.1, 0.3, 0.6])
RARE_WEIGHTS = np.array([0.4, 0.2, 0.2, 0.2])
RARE_SHARE = 0.03  # of the evidence of no harm that the absolute rate gets; the ratio gets the rest
HISTORY_WEIGHT = 30.0  # of the champion's history among residuals, in units of their expectation
HISTORY_MINUTES = 5.0  # that the history counts for in the mean of bad answers a minute
CAUTION = 1.75  # multiplies the variance estimate: hiccups have longer tails than a normal variable


class Counts(NamedTuple):
    """Requests and bad answers of one minute; all four have one shape."""

    canary: Array
    canary_bad: Array
    champion: Array
    champion_bad: Array


@dataclass(frozen=True)
class Guardrail:
    """One kind of bad answer.

    Attributes:
        name: what is counted.
        tolerance: how often the canary may err for each time that the champion does.
        rate: the share of bad answers that nobody minds before all traffic is moved; 0 if all are
            minded.
        proves: whether a step needs evidence of no harm; without it, a guardrail can only stop.
        bins: for a distribution in place of one kind of bad answer: into how many kinds.
    """

    name: str
    tolerance: float = 1.0
    rate: float = 0.0
    proves: bool = True
    bins: int = 1


class Evidence:
    """What a guardrail has seen so far, of one rollout or of many at once.

    Attributes:
        guardrail: what is counted.
        minutes: how many were added.
    """

    def __init__(
        self, guardrail: Guardrail, steps: tuple[ReleaseStep, ...], shape: tuple[int, ...] = ()
    ) -> None:
        """No evidence yet; `shape` is that of each count, without the bins of a distribution."""
        self.guardrail = guardrail
        self.minutes = 0
        self._shape = (*shape, guardrail.bins)
        self._ratios = np.array([step.ratio for step in steps])
        self._rates = guardrail.rate * self._ratios / self._ratios[-1]
        self._harm = np.zeros((*self._shape, len(HARM)))
        self._good = np.zeros((*self._shape, len(steps), len(GOOD)))
        self._rare = np.zeros((*self._shape, len(steps), len(RARE)))
        self._variation = np.zeros(self._shape)  # of the champion's history
        self._typical = np.zeros(self._shape)  # bad answers a minute, in the history
        self._bad = np.zeros(self._shape)
        self._canary_bad = np.zeros(self._shape)
        self._expected_bad = np.zeros(self._shape)
        self._excess = np.zeros(self._shape)
        self._information = np.zeros(self._shape)

    def learn(self, champion_bad: Array) -> None:
        """Takes the champion's bad answers of the minutes before the release, along axis 0."""
        bad = np.asarray(champion_bad, float).reshape(len(champion_bad), *self._shape)
        if len(bad) < 2:
            return
        mean = bad.mean(0)
        variance = (np.diff(bad, axis=0) ** 2).mean(0) / 2
        self._typical = mean
        self._variation = np.maximum(variance - mean, 0) / np.maximum(mean**2, 1e-9)

    def add(self, counts: Counts) -> None:
        """Takes one minute in; one without requests of either model says nothing."""
        canary, canary_bad, champion, champion_bad = (
            np.asarray(each, float).reshape(*self._shape[:-1], -1) for each in counts
        )
        used = (canary > 0) & (champion > 0)
        n, m = np.where(used, canary, 1.0), np.where(used, champion, 1.0)
        bad, other_bad = np.where(used, canary_bad, 0.0), np.where(used, champion_bad, 0.0)
        weight = np.where(used, 1 / self._spread(n, m), 0.0)[..., None]
        tolerance = self.guardrail.tolerance
        self._harm += weight * _compare(n, m, bad, other_bad, tolerance * HARM, tolerance)
        step_weight, ratios = weight[..., None], self._ratios[:, None]
        wide = [each[..., None] for each in (n, m, bad, other_bad)]
        self._good += step_weight * _compare(wide[0], wide[1], wide[2], wide[3], GOOD, ratios)
        if self.guardrail.rate:
            rates = self._rates[:, None]
            self._rare += step_weight * _compare_rates(wide[0], wide[2], RARE * rates, rates)
        self._observe(n, m, bad, other_bad, used)

    @property
    def harm(self) -> Array:
        """Logarithm of the evidence that the canary errs more often than is tolerated."""
        return _mean(_mean(self._harm, HARM_WEIGHTS), np.full(self.guardrail.bins, 1.0))

    @property
    def safety(self) -> Array:
        """Logarithms of the evidence that it is less harmful than each step's ratio says."""
        good = _mean(self._good, GOOD_WEIGHTS)
        if self.guardrail.rate:
            rare = _mean(self._rare, RARE_WEIGHTS) + math.log(RARE_SHARE)
            good = np.logaddexp(good + math.log(1 - RARE_SHARE), rare)
        safety: Array = good.min(-2)
        return safety

    def _spread(self, n: Array, m: Array) -> Array:
        """By how much the canary's share of a minute's bad answers varies more than binomially."""
        information = self._information + HISTORY_WEIGHT
        variation = np.maximum(self._excess + HISTORY_WEIGHT * self._variation, 0) / information
        bad = (self._bad + HISTORY_MINUTES * self._typical) / (self.minutes + HISTORY_MINUTES)
        q = n / (n + m)
        spread: Array = 1 + CAUTION * 2 * bad * q * (1 - q) * variation
        return spread

    def _observe(self, n: Array, m: Array, bad: Array, other_bad: Array, used: Booleans) -> None:
        """Takes a minute's residual, about the ratio that was seen so far, into the variation."""
        total = bad + other_bad
        self._canary_bad += bad
        self._expected_bad += other_bad * n / m
        ratio = (self._canary_bad + 2) / (self._expected_bad + 2)
        q = n * ratio / (n * ratio + m)
        self._excess += np.where(used, (bad - total * q) ** 2 - total * q * (1 - q), 0)
        self._information += np.where(
            used, 2 * total * np.maximum(total - 1, 0) * (q - q * q) ** 2, 0
        )
        self._bad += total
        self.minutes += 1


def harm_threshold(risk: float, guardrails: int) -> float:
    """The logarithm of evidence at which one of several guardrails rolls back."""
    return math.log(guardrails / risk)


def safety_threshold(step: ReleaseStep) -> float:
    """The logarithm of evidence that each guardrail needs before the next step."""
    return -math.log(step.risk)


def _compare(
    n: Array, m: Array, bad: Array, other_bad: Array, ratios: Array, null: Array | float
) -> Array:
    """Log likelihood ratios of some ratios against one, along a new last axis."""
    n, m, bad, other_bad = (each[..., None] for each in (n, m, bad, other_bad))
    log_total, log_null_total = np.log(n * ratios + m), np.log(n * null + m)
    difference: Array = bad * np.log(ratios / null) - (bad + other_bad) * (
        log_total - log_null_total
    )
    return difference


def _compare_rates(n: Array, bad: Array, rates: Array, null: Array | float) -> Array:
    """Log likelihood ratios of some rates of bad answers against one, along a new last axis."""
    n, bad = n[..., None], bad[..., None]
    with np.errstate(divide="ignore", invalid="ignore"):  # rate 0: one bad answer refutes it
        of_bad = np.where(bad > 0, bad * np.log(rates / null), 0.0)
    difference: Array = of_bad + (n - bad) * np.log((1 - rates) / (1 - null))
    return difference


def _mean(logarithms: Array, weights: Array) -> Array:
    """The logarithm of a weighted mean, along the last axis."""
    highest = logarithms.max(-1, keepdims=True)
    total = (np.exp(logarithms - highest) * weights).sum(-1) / weights.sum()
    mean: Array = highest[..., 0] + np.log(total)
    return mean
