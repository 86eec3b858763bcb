"""Counts of each minute, by Cloud Monitoring and the request-response log."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from mlops.release.measures import (
    DRIFT,
    DRIFT_BINS,
    ERRORS,
    HISTORY_MINUTES,
    INVALID,
    SLOW,
    WRONG,
    Minutes,
    count,
)
from mlops.release.time_series import MINUTE, Answers, EndpointMetrics

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mlops.release.request_log import Logged, RequestLog
    from mlops.release.rule import Array, Counts

_FEWEST_PREDICTIONS = 200  # of the champion, before drift from them is measured


@dataclass
class VertexMeasures:
    """Reads what Google Cloud has recorded of an endpoint.

    Attributes:
        metrics: of the endpoint.
        log: of its requests.
        wrong_by: a prediction is wrong that is further than this from its label.
    """

    metrics: EndpointMetrics
    log: RequestLog
    wrong_by: float
    _edges: Array | None = field(default=None, init=False)
    _asked: dict[str, list[Logged]] = field(default_factory=dict, init=False)

    def read(self, canary: str, champion: str, start: int, first: int, last: int) -> Minutes:
        """Counts of two deployed models; see `mlops.release.measures.Measures`."""
        history = self._learn(champion, start) if first == 0 else {}
        begin, minutes = start + first * MINUTE, last - first
        answers = self.metrics.read(begin, minutes)
        pair = answers[canary], answers[champion]
        logged = self.log.read(begin, minutes)
        counts = {
            ERRORS: _pair(pair, lambda a: a.count, lambda a: a.errors),
            SLOW: _pair(pair, lambda a: a.timed, lambda a: a.slow),
            INVALID: self._invalid(logged, canary, champion, minutes),
        }
        if self._edges is not None:
            counts[DRIFT] = _drift(logged, canary, champion, minutes, self._edges)
        if self.log.labels:
            counts[WRONG] = self._wrong(logged, canary, champion, begin, minutes)
        return Minutes(counts, history)

    def _learn(self, champion: str, start: int) -> dict[str, Array]:
        """The champion before the release: how its counts vary, and what it predicts."""
        begin = start - HISTORY_MINUTES * MINUTE
        answers = self.metrics.read(begin, HISTORY_MINUTES)[champion]
        predictions = [
            one.prediction
            for one in self.log.read(begin, HISTORY_MINUTES)
            if one.deployed_model == champion and one.prediction is not None
        ]
        self._asked = {}
        self._edges = None
        if len(predictions) >= _FEWEST_PREDICTIONS:
            inner = np.arange(1, DRIFT_BINS) / DRIFT_BINS
            self._edges = np.quantile(np.array(predictions), inner)
        used = [each for each in answers if each.count]
        return {
            ERRORS: np.array([each.errors for each in used], float),
            SLOW: np.array([each.slow for each in used], float),
        }

    def _invalid(
        self, logged: list[Logged], canary: str, champion: str, minutes: int
    ) -> list[Counts]:
        table = np.zeros((minutes, 2, 2))
        for one in logged:
            arm = _arm(one, canary, champion)
            if arm is not None:
                table[one.minute, arm] += 1, one.prediction is None
        return [count(*row.reshape(-1)) for row in table]

    def _wrong(
        self, logged: list[Logged], canary: str, champion: str, begin: int, minutes: int
    ) -> list[Counts]:
        """Counted in the minute in which the label came, so that later labels change nothing."""
        for one in logged:
            if _arm(one, canary, champion) is not None and one.prediction is not None:
                self._asked.setdefault(one.instance, []).append(one)
        table = np.zeros((minutes, 2, 2))
        for minute, instance, label in self.log.read_labels(begin, minutes):
            for one in self._asked.pop(instance, []):
                arm = _arm(one, canary, champion)
                error = abs((one.prediction or 0.0) - label)
                table[minute, arm] += 1, error > self.wrong_by
        return [count(*row.reshape(-1)) for row in table]


def _drift(
    logged: list[Logged], canary: str, champion: str, minutes: int, edges: Array
) -> list[Counts]:
    table = np.zeros((minutes, 2, DRIFT_BINS))
    for one in logged:
        arm = _arm(one, canary, champion)
        if arm is not None and one.prediction is not None:
            table[one.minute, arm, int(np.searchsorted(edges, one.prediction, "right"))] += 1
    return [count(mine.sum(), mine, others.sum(), others) for mine, others in table]


def _pair(
    pair: tuple[Sequence[Answers], Sequence[Answers]],
    total: Callable[[Answers], int],
    bad: Callable[[Answers], int],
) -> list[Counts]:
    return [
        count(total(mine), bad(mine), total(other), bad(other))
        for mine, other in zip(*pair, strict=True)
    ]


def _arm(one: Logged, canary: str, champion: str) -> int | None:
    """0 for the canary, 1 for the champion."""
    return {canary: 0, champion: 1}.get(one.deployed_model)
