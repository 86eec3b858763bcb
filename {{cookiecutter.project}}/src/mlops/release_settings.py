"""How a new model is brought to users: `release:` in config/ as types."""

from __future__ import annotations

from itertools import pairwise
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class ReleaseStep(BaseModel):
    """A share of the traffic, and what must be known before the next step.

    Attributes:
        percent: of the traffic that the canary gets.
        minutes: how long the step lasts at least.
        requests: how many the canary answers at least, on this step.
        ratio: how often a harmful canary errs for each time that the champion does.
        risk: the probability that such a canary reaches the next step, at most.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    percent: int = Field(ge=1, le=99)
    minutes: float = Field(ge=0)
    requests: int = Field(ge=1)
    ratio: float = Field(gt=1)
    risk: float = Field(gt=0, lt=1)


class Replay(BaseModel):
    """The logged requests that a model answers before it gets traffic."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    requests: int = Field(default=100, ge=0)
    max_error_percent: float = Field(default=1, ge=0, le=100)


class Release(BaseModel):
    """How a release goes; config/base.yaml explains it."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    steps: tuple[ReleaseStep, ...] = Field(
        default=(
            ReleaseStep(percent=5, minutes=1, requests=10, ratio=20, risk=0.5),
            ReleaseStep(percent=25, minutes=2, requests=50, ratio=5, risk=0.5),
            ReleaseStep(percent=50, minutes=5, requests=200, ratio=1.5, risk=0.05),
        ),
        min_length=1,
    )
    false_alarm_risk: float = Field(default=0.03, gt=0, lt=1)
    deadline_minutes: float = Field(default=240, gt=0)
    bake_minutes: float = Field(default=60, ge=0)
    bake_ratio: float = Field(default=2, ge=1)
    tolerated_error_rate: float = Field(default=0.005, ge=0, lt=1)
    slow_ms: float = Field(default=500, gt=0)
    drift_ratio: float = Field(default=2, ge=1)
    labels: str | None = None
    wrong_by: float = Field(default=0.5, gt=0)
    wrong_ratio: float = Field(default=1.1, ge=1)
    lag_seconds: float = Field(default=120, ge=0)
    replay: Replay = Replay()

    @model_validator(mode="after")
    def _check(self) -> Self:
        for before, after in pairwise(self.steps):
            if after.percent <= before.percent:
                raise ValueError(
                    f"release.steps must rise, but {after.percent} % follows {before.percent} %"
                )
            if after.ratio > before.ratio:
                raise ValueError(
                    f"release.steps: the step of {after.percent} % must rule out a ratio of"
                    f" {before.ratio:g} or less, as the step before it does"
                )
        return self
