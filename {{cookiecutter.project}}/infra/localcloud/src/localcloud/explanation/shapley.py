"""Sampled Shapley values: a feature's mean contribution along random orders of the features.

The estimator is ApproShapley of Castro, Gómez and Tejada (2009); Maleki et al. (2013,
arXiv:1306.4265), which Vertex names as its source, bound its error.
"""

import math
import random
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

Coalition: TypeAlias = frozenset[int]  # the players that take part
Game: TypeAlias = Callable[[Sequence[Coalition]], Sequence[Sequence[float]]]

_SEED = 0  # the same request has the same answer


@dataclass(frozen=True)
class Attribution:
    """How one output's value comes about.

    `contributions`, one for each player, sum up to `value` less `baseline`. `error` is the
    standard error of the contributions, as the length of their vector, in units of that
    difference; 0 for a single path, which does not tell.
    """

    baseline: float
    value: float
    contributions: list[float]
    error: float


def attribute(players: int, paths: int, game: Game) -> list[Attribution]:
    """The sampled Shapley values of each output of a game.

    Args:
        players: how many there are; they are numbered from 0.
        paths: how many orders of the players to sample.
        game: gives, for each of many coalitions, the values of all outputs.
    """
    orders = _orders(players, paths)
    coalitions = list(
        dict.fromkeys(frozenset(order[:size]) for order in orders for size in range(players + 1))
    )
    values = dict(zip(coalitions, game(coalitions), strict=True))
    return [
        _attribution(players, orders, {each: value[output] for each, value in values.items()})
        for output in range(len(values[frozenset()]))
    ]


def _orders(players: int, paths: int) -> list[list[int]]:
    chance = random.Random(_SEED)  # noqa: S311 - not a secret
    return [chance.sample(range(players), players) for _ in range(paths)]


def _attribution(
    players: int, orders: Sequence[Sequence[int]], values: dict[Coalition, float]
) -> Attribution:
    samples: list[list[float]] = [[] for _ in range(players)]
    for order in orders:
        for size, player in enumerate(order):
            before = frozenset(order[:size])
            samples[player].append(values[before | {player}] - values[before])
    baseline, value = values[frozenset()], values[frozenset(range(players))]
    return Attribution(
        baseline=baseline,
        value=value,
        contributions=[statistics.fmean(each) for each in samples],
        error=_error(samples, value - baseline),
    )


def _error(samples: Sequence[Sequence[float]], difference: float) -> float:
    paths = len(samples[0])
    if paths == 1 or difference == 0:
        return 0.0
    variance = math.fsum(statistics.variance(each) / paths for each in samples)
    return math.sqrt(variance) / abs(difference)
