"""Simulated traffic of a champion and a canary, a minute at a time, many rollouts at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mlops.release.rule import Array, Counts


@dataclass(frozen=True)
class Traffic:
    """How the models answer.

    Attributes:
        name: what the case is called.
        ratio: how often the canary errs for each time that the champion does.
        rate: the share of the champion's answers that are bad.
        requests: a minute, on average.
        variation: coefficient of variation of each model's own error rate from minute to minute.
        incident: first minute, last minute and factor of an incident that both models share.
    """

    name: str
    ratio: float = 1.0
    rate: float = 0.01
    requests: float = 300.0
    variation: float = 0.0
    incident: tuple[int, int, float] | None = None

    def minute(self, random: np.random.Generator, minute: int, share: Array) -> Counts:
        """Counts of one minute, in which the canary of each rollout gets its share of traffic."""
        total = random.poisson(self.requests, share.shape)
        canary = random.binomial(total, share)
        champion = total - canary
        rate = self.rate * self._incident(minute)
        return Counts(
            canary.astype(float),
            self._bad(random, canary, rate * self.ratio),
            champion.astype(float),
            self._bad(random, champion, rate),
        )

    def history(self, random: np.random.Generator, minutes: int, rollouts: int) -> Array:
        """The champion's bad answers in the minutes before the release, along axis 0."""
        total = random.poisson(self.requests, (minutes, rollouts))
        return self._bad(random, total, self.rate)

    def _bad(self, random: np.random.Generator, requests: Array, rate: float) -> Array:
        hiccups = np.ones(requests.shape)
        if self.variation:
            shape = 1 / self.variation**2
            hiccups = random.gamma(shape, 1 / shape, requests.shape)
        return random.binomial(requests, np.minimum(rate * hiccups, 1)).astype(float)

    def _incident(self, minute: int) -> float:
        if self.incident is None:
            return 1.0
        first, last, factor = self.incident
        return factor if first <= minute <= last else 1.0
