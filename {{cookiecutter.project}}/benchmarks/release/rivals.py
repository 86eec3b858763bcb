"""How other tools decide, in their usual form, for comparison on the same simulated traffic.

Each watches one kind of bad answer, looks once a minute, and climbs the same shares of the traffic.
A bound on the error rate is twice the champion's rate, which none of them knows by itself.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mlops.release.decision import Decision, Integers
from mlops.release.rule import Array, Counts

Booleans = npt.NDArray[np.bool_]

SHARES = (0.05, 0.25, 0.5)
BOUND = 0.02
STEP = 10  # minutes a step


class _Checks:
    """Counts the minutes in which the canary's error rate is above the bound."""

    shares = SHARES

    def start(self, history: list[Array], rollouts: int) -> None:
        """Forgets everything; the history is not used."""
        self._failed = np.zeros(rollouts)

    def look(self, counts: list[Counts], step: Integers, minutes: Array) -> Integers:
        """Rolls back after too many failed checks; else the next step after some minutes."""
        one = counts[0]
        self._failed = self._carry(minutes) + (one.canary_bad > BOUND * one.canary)
        down = self._is_too_bad(self._failed)
        return np.where(down, Decision.ROLL_BACK, np.where(minutes >= STEP, Decision.PROMOTE, 0))

    def _carry(self, minutes: Array) -> Array:
        return self._failed

    def _is_too_bad(self, failed: Array) -> Booleans:
        raise NotImplementedError


class AbsoluteThreshold(_Checks):
    """Rolls back at the first minute above the bound, as an alarm on one metric does."""

    def _is_too_bad(self, failed: Array) -> Booleans:
        return failed >= 1


class ArgoLike(_Checks):
    """An AnalysisTemplate for each step: ten measurements, of which three may fail."""

    def _carry(self, minutes: Array) -> Array:
        return np.where(minutes == 1, 0, self._failed)

    def _is_too_bad(self, failed: Array) -> Booleans:
        return failed > 3


class FlaggerLike(_Checks):
    """Five failed checks in all roll back."""

    def _is_too_bad(self, failed: Array) -> Booleans:
        return failed >= 5


class KayentaLike:
    """Mann-Whitney's test of the minutes' error rates, at 98 %, every five minutes of a step."""

    shares = SHARES
    minutes = 15
    every = 5
    z = 2.326

    def start(self, history: list[Array], rollouts: int) -> None:
        """Forgets everything; the history is not used."""
        self._canary = np.zeros((self.minutes, rollouts))
        self._champion = np.zeros((self.minutes, rollouts))

    def look(self, counts: list[Counts], step: Integers, minutes: Array) -> Integers:
        """Rolls back when the canary's rates rank higher; else the next step after 15 minutes."""
        one = counts[0]
        for rates, bad, total in (
            (self._canary, one.canary_bad, one.canary),
            (self._champion, one.champion_bad, one.champion),
        ):
            rates[:-1] = rates[1:]
            rates[-1] = bad / np.maximum(total, 1)
        decision = np.where(minutes >= self.minutes, Decision.PROMOTE, Decision.HOLD)
        for length in range(self.every, self.minutes + 1, self.every):
            due = np.flatnonzero(minutes == length)
            higher = self._ranks_higher(self._canary[-length:, due], self._champion[-length:, due])
            decision[due[higher]] = Decision.ROLL_BACK
        return decision

    def _ranks_higher(self, canary: Array, champion: Array) -> Booleans:
        """Of each column: the normal approximation with ties."""
        size = len(canary)
        difference = canary[:, None] - champion[None, :]
        above = ((difference > 0) + 0.5 * (difference == 0)).sum((0, 1))
        pooled = np.concatenate([canary, champion])
        ties = ((pooled[:, None] == pooled[None, :]).sum(1) ** 2 - 1).sum(0)
        total = 2 * size
        variance = size * size / 12 * (total + 1 - ties / (total * (total - 1)))
        higher: Booleans = above - size * size / 2 > self.z * np.sqrt(variance) + 0.5
        return higher
