"""The search for hyperparameters: `tuning:` in config/ as types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from mlops.features import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlops.settings import Training

# what a trial can report: the loss, or the metric that Keras follows, on `eval`
METRICS = {
    Problem.CLASSIFICATION: ("val_loss", "val_auc"),
    Problem.REGRESSION: ("val_loss", "val_mean_absolute_error"),
}


class SearchedParameter(BaseModel):
    """The values that are tried of one hyperparameter: a range, or a list."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    name: str
    min: int | float | None = None
    max: int | float | None = None
    scale: Literal["linear", "log", "reverse_log"] = "linear"
    values: tuple[Any, ...] = ()

    @property
    def is_range(self) -> bool:
        """Whether anything between two bounds may be tried."""
        return not self.values

    @property
    def extremes(self) -> tuple[Any, ...]:
        """The values that must be allowed, so that all that is tried is."""
        return (self.min, self.max) if self.is_range else self.values


class Tuning(BaseModel):
    """What is searched, for which goal, and how long; config/base.yaml explains it."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    max_trial_count: int = Field(default=0, ge=0)
    parallel_trial_count: int = Field(default=2, ge=1)
    machine_type: str = "n1-standard-4"
    metric: str = "val_loss"
    goal: Literal["minimize", "maximize"] = "minimize"
    parameters: tuple[SearchedParameter, ...] = ()

    @property
    def is_on(self) -> bool:
        """Whether the training pipeline searches at all."""
        return self.max_trial_count > 0

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.is_on and not self.parameters:
            raise ValueError("tuning.parameters is empty; name a parameter of training to search")
        names = [parameter.name for parameter in self.parameters]
        for parameter in self.parameters:
            if names.count(parameter.name) > 1:
                raise ValueError(f"tuning.parameters.{parameter.name} is declared twice")
            for mistake in _mistakes(parameter):
                raise ValueError(f"tuning.parameters.{parameter.name} {mistake}")
        return self


def check_search(tuning: Tuning, training: Training, problem: Problem) -> None:
    """Compares what is searched with what training takes and reports.

    Raises:
        ValueError: a parameter is none of training's, training does not allow a value that would
            be tried, or no trial would report the metric.
    """
    metrics = METRICS[problem]
    if tuning.metric not in metrics:
        raise ValueError(f"tuning.metric is {tuning.metric!r}; choose {' or '.join(metrics)}")
    for parameter in tuning.parameters:
        _check_parameter(parameter, training)


def _check_parameter(parameter: SearchedParameter, training: Training) -> None:
    key, declared = f"tuning.parameters.{parameter.name}", training.model_dump()
    if parameter.name not in declared:
        raise ValueError(f"{key} is no parameter of training; choose {', '.join(declared)}")
    if parameter.is_range and not isinstance(declared[parameter.name], int | float):
        raise ValueError(f"{key} is no number in training; list its values instead of a range")
    for value in parameter.extremes:
        try:
            type(training).model_validate({**declared, parameter.name: value})
        except ValidationError as error:
            reason = error.errors(include_url=False)[0]["msg"]
            raise ValueError(f"{key} would try {value!r}; training: {reason}") from None


def _mistakes(parameter: SearchedParameter) -> Iterator[str]:
    """What is wrong with a parameter by itself, to follow its name."""
    low, high = parameter.min, parameter.max
    if parameter.values and (low is not None or high is not None):
        yield "has values and a range; keep one of them"
    elif parameter.values:
        if any(parameter.values.count(value) > 1 for value in parameter.values):
            yield "lists a value twice"
    elif low is None or high is None:
        yield "needs a min and a max, or values"
    elif low > high:
        yield f"has a min ({low}) above its max ({high})"
    elif low <= 0 and parameter.scale != "linear":
        yield f"has a min of {low}; a logarithmic scale needs one above 0"
