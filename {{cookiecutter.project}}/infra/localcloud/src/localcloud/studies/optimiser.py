"""Suggests what to try next: a grid, at random, or by optuna's TPE.

TPE (tree-structured Parzen estimator: Bergstra et al. 2011) stands for Vertex's own Bayesian
optimisation. A suggestion is a function of the study and its trials alone, so nothing but the
trials has to be kept.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from google.cloud.aiplatform_v1.types import StudySpec, Trial

from localcloud.rpc import raw
from localcloud.studies.measurements import minimizes, objectives
from localcloud.studies.search_space import Choice, Parameter, Point, kind, points, walk

if TYPE_CHECKING:
    import optuna
    from optuna.distributions import (
        CategoricalDistribution,
        FloatDistribution,
        IntDistribution,
    )

    Distribution: TypeAlias = FloatDistribution | IntDistribution | CategoricalDistribution

_REVERSE_LOG = Parameter.ScaleType.UNIT_REVERSE_LOG_SCALE
_LOGARITHMIC = (Parameter.ScaleType.UNIT_LOG_SCALE, _REVERSE_LOG)
_FIRST_AT_RANDOM = 10  # trials until TPE has enough to learn from


def suggest(spec: StudySpec, trials: Sequence[Trial], count: int, name: str) -> list[Point]:
    """The next points to try; fewer than asked for once a grid has no more.

    Args:
        spec: a study that `search_space.check` has passed.
        trials: all there are, in the order in which they were suggested.
        count: how many points are wanted.
        name: the study's, which the random numbers depend on.
    """
    if spec.algorithm == StudySpec.Algorithm.GRID_SEARCH:
        grid = points(spec.parameters)
        return list(itertools.islice(grid, len(trials), len(trials) + count))
    study = _Study(spec, trials, name)
    return [study.suggest() for _ in range(count)]


def parameters(point: Point) -> list[Trial.Parameter]:
    """A point as a trial's parameters."""
    return [Trial.Parameter(parameter_id=name, value=value) for name, value in point.items()]


def point(trial: Trial) -> Point:
    """A trial's parameters as a point."""
    found: dict[str, Choice] = {}
    for parameter in raw(trial).parameters:
        value = parameter.value
        text = value.WhichOneof("kind") == "string_value"
        found[parameter.parameter_id] = value.string_value if text else value.number_value
    return found


class _Study:
    """An optuna study that knows what has been tried."""

    def __init__(self, spec: StudySpec, trials: Sequence[Trial], name: str) -> None:
        # Imported late because it takes a second, which no other service should wait for.
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._spec = spec
        self._first = not trials
        self._study = optuna.create_study(
            sampler=_sampler(spec, f"{name}/{len(trials)}"),
            directions=["minimize" if minimizes(each) else "maximize" for each in spec.metrics],
        )
        for trial in trials:
            self._study.add_trial(_known(spec, trial))

    def suggest(self) -> Point:
        """The next point, which from now on counts as being tried."""
        trial = self._study.ask()
        first, self._first = self._first, False

        def choose(path: str, parameter: Parameter) -> Choice:
            default = _default(parameter) if first else None
            found = _suggest(trial, path, parameter)
            return found if default is None else default

        return walk(self._spec.parameters, choose)


def _sampler(spec: StudySpec, seed: str) -> optuna.samplers.BaseSampler:
    from optuna.samplers import RandomSampler, TPESampler

    number = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:4])
    if spec.algorithm == StudySpec.Algorithm.RANDOM_SEARCH:
        return RandomSampler(seed=number)
    return TPESampler(seed=number, n_startup_trials=_FIRST_AT_RANDOM, constant_liar=True)


def _known(spec: StudySpec, trial: Trial) -> optuna.trial.FrozenTrial:
    """A trial in optuna's terms; one that failed tells it nothing."""
    import optuna

    given = point(trial)
    distributions: dict[str, Any] = {}
    internal: dict[str, Any] = {}

    def note(path: str, parameter: Parameter) -> Choice:
        distributions[path] = _distribution(parameter)
        value = given.get(parameter.parameter_id, _any(parameter))
        internal[path] = _to_internal(parameter, value)
        return value

    walk(spec.parameters, note)
    values = objectives(trial.final_measurement, spec.metrics)
    state = optuna.trial.TrialState
    ended = trial.state == Trial.State.SUCCEEDED and values
    running = trial.state in (Trial.State.ACTIVE, Trial.State.REQUESTED, Trial.State.STOPPING)
    return optuna.trial.create_trial(
        state=state.COMPLETE if ended else state.RUNNING if running else state.FAIL,
        params=internal,
        distributions=distributions,
        values=values if ended else None,
    )


def _suggest(trial: optuna.Trial, path: str, parameter: Parameter) -> Choice:
    from optuna.distributions import FloatDistribution, IntDistribution

    given = _distribution(parameter)
    match given:
        case FloatDistribution():
            found: Any = trial.suggest_float(path, given.low, given.high, log=given.log)
        case IntDistribution():
            found = trial.suggest_int(path, given.low, given.high, log=given.log)
        case _:
            found = trial.suggest_categorical(path, given.choices)
    return _from_internal(parameter, found)


def _distribution(parameter: Parameter) -> Distribution:
    from optuna.distributions import (
        CategoricalDistribution,
        FloatDistribution,
        IntDistribution,
    )

    spec = getattr(parameter, kind(parameter))
    log = parameter.scale_type in _LOGARITHMIC
    match kind(parameter):
        case "double_value_spec":
            return FloatDistribution(spec.min_value, spec.max_value, log=log)
        case "integer_value_spec":
            return IntDistribution(spec.min_value, spec.max_value, log=log)
        case "discrete_value_spec":  # by position, so that the order of the values counts
            return IntDistribution(0, len(spec.values) - 1)
        case _:
            return CategoricalDistribution(list(spec.values))


def _from_internal(parameter: Parameter, value: Any) -> Choice:
    """What optuna chose as the parameter's value."""
    spec = getattr(parameter, kind(parameter))
    if kind(parameter) == "discrete_value_spec":
        return float(spec.values[value])
    if parameter.scale_type == _REVERSE_LOG:  # dense at the other end
        value = spec.min_value + spec.max_value - value
    choice: Choice = value
    return choice


def _to_internal(parameter: Parameter, value: Choice) -> Any:
    """The reverse of `_from_internal`; also a value from a client that is not quite ours."""
    spec = getattr(parameter, kind(parameter))
    if kind(parameter) == "categorical_value_spec":
        return value
    number = float(value)
    if kind(parameter) == "discrete_value_spec":
        return min(range(len(spec.values)), key=lambda n: abs(spec.values[n] - number))
    number = min(max(number, spec.min_value), spec.max_value)
    if parameter.scale_type == _REVERSE_LOG:
        number = spec.min_value + spec.max_value - number
    return round(number) if kind(parameter) == "integer_value_spec" else number


def _any(parameter: Parameter) -> Choice:
    """Some value, for a parameter that a client's own trial left out."""
    return _from_internal(parameter, _distribution_start(parameter))


def _distribution_start(parameter: Parameter) -> Any:
    spec = getattr(parameter, kind(parameter))
    if kind(parameter) == "categorical_value_spec":
        return spec.values[0]
    return 0 if kind(parameter) == "discrete_value_spec" else spec.min_value


def _default(parameter: Parameter) -> Choice | None:
    """The value that the study wants to be tried first."""
    spec = getattr(parameter, kind(parameter))
    default: Choice = spec.default_value
    return default if raw(spec).HasField("default_value") else None
