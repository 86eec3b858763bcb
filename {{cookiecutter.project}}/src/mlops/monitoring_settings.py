"""How deployed models are watched, and when a new one is trained: `monitoring:` as types."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Email = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s.]+(\.[^@\s.]+)+$")]


class Retraining(BaseModel):
    """What the deployed model must do, for how long, before a new one is trained.

    Attributes:
        windows: how many windows in a row.
        metric: of `evaluation.thresholds`; None measures none.
        max_drop: how much worse it may be than the model's evaluation said.
        minimum_labels: a window with fewer of them decides nothing.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    windows: int = Field(default=3, ge=1)
    metric: Literal["accuracy", "auc", "mean_absolute_error", "mean_squared_error"] | None = None
    max_drop: float = Field(default=0.05, ge=0)
    minimum_labels: int = Field(default=100, ge=1)


class Monitoring(BaseModel):
    """The monitoring job of the endpoint; config/base.yaml explains it."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    enabled: bool = False
    interval_hours: int = Field(default=24, ge=1)
    sampling_rate: float = Field(default=1, gt=0, le=1)
    emails: tuple[Email, ...] = ()
    log_ttl_days: int = Field(default=30, ge=1)
    retrain: Retraining = Retraining()
