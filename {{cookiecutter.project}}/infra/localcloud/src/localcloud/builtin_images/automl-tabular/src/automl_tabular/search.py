"""Searches the model that is best on data that it has not learned from, within a budget."""

import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from automl_tabular.candidates import FAMILIES, Candidate, candidates
from automl_tabular.columns import Matrix
from automl_tabular.objectives import Objective, Vector
from automl_tabular.values import TaskError

Fold = tuple[NDArray[np.intp], NDArray[np.intp]]

_FOLDS = 4
_ENOUGH = 500  # validation rows that make the validation set alone a fair judge
_PATIENCE = 8  # candidates in a row without an improvement that end the search
_IMPROVEMENT = 1e-3  # relative; what is less counts as none
_MUCH_DATA = 1_000_000  # values
_SEED = 0


@dataclass(frozen=True)
class Problem:
    """What is learned: features, target (class indices or numbers) and the rows' weights."""

    features: Matrix
    target: NDArray[np.generic]
    weight: Vector
    categorical: Sequence[bool]
    classes: int  # 0: the target is a number

    def fit(self, candidate: Candidate, rows: NDArray[np.intp] | slice) -> Pipeline:
        """The candidate, learned from these rows."""
        # On little data threads wait for one another longer than they work.
        threads = 1 if self.features.size < _MUCH_DATA else os.cpu_count() or 1
        model = candidate.make(
            classifies=bool(self.classes), categorical=self.categorical, threads=threads
        )
        weight = self.weight[rows]
        with threadpool_limits(threads):
            return model.fit(self.features[rows], self.target[rows], model__sample_weight=weight)


@dataclass(frozen=True)
class Best:
    """The best candidate, and what it predicted for rows that it had not learned from."""

    candidate: Candidate
    score: float
    rows: NDArray[np.intp]
    predicted: Matrix


def predict(model: Pipeline, features: Matrix, classes: int) -> Matrix:
    """A probability for each class, or a column of numbers."""
    if not classes:
        return np.asarray(model.predict(features), dtype=float).reshape(-1, 1)
    found = np.zeros((len(features), classes))
    found[:, model.classes_.astype(int)] = model.predict_proba(features)
    return found


def folds(problem: Problem, validation: NDArray[np.bool_], *, shuffles: bool) -> list[Fold]:
    """How rows are used to learn and to judge.

    The validation set judges, as on Vertex AI; if it is small and was drawn at random, all rows
    judge in turn, by cross-validation.
    """
    judged = int(validation.sum())
    if not judged or (shuffles and judged < _ENOUGH):
        make = StratifiedKFold if problem.classes else KFold
        splits = make(_FOLDS, shuffle=True, random_state=_SEED)
        return list(splits.split(problem.features, problem.target))
    return [(np.flatnonzero(~validation), np.flatnonzero(validation))]


def search(
    problem: Problem,
    splits: Sequence[Fold],
    objective: Objective,
    seconds: float,
    *,
    stops_early: bool,
) -> Best:
    """Try candidates until the budget is spent or, if allowed, nothing gets better.

    Raises:
        TaskError: the budget is too small for a single candidate.
    """
    best: Best | None = None
    without_improvement, tried = 0, 0
    deadline = time.monotonic() + seconds
    try:
        with _time_limit(seconds):
            for candidate in candidates(_SEED):
                found = _judge(problem, splits, objective, candidate)
                tried += 1
                better = best is None or found.score - best.score > _IMPROVEMENT * abs(best.score)
                print(f"{tried}. {candidate}: {objective.name} {found.score:.5f}", flush=True)
                without_improvement = 0 if better else without_improvement + 1
                if best is None or found.score > best.score:
                    best = found
                is_done = stops_early and without_improvement >= _PATIENCE
                if (is_done and tried > len(FAMILIES)) or time.monotonic() > deadline:
                    break
    except Exception:  # a library that is interrupted may raise a mistake of its own
        if time.monotonic() < deadline:
            raise
        print("the budget is spent", flush=True)
    if best is None:
        raise TaskError(
            f"The budget of {seconds:.0f} s is not enough to train one model on this data; give"
            " more (LOCALCLOUD_AUTOML_SECONDS limits it)."
        )
    return best


def _judge(
    problem: Problem, splits: Sequence[Fold], objective: Objective, candidate: Candidate
) -> Best:
    judged = np.concatenate([rows for _, rows in splits])
    parts = [
        predict(problem.fit(candidate, learned), problem.features[rows], problem.classes)
        for learned, rows in splits
    ]
    predicted = np.vstack(parts)
    score = objective.score(problem.target[judged], predicted, problem.weight[judged])
    return Best(candidate, score, judged, predicted)


class _TimeIsUpError(Exception):
    """The budget was spent while a candidate learned."""


@contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    def stop(_: int, __: FrameType | None) -> None:
        raise _TimeIsUpError

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.001))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
