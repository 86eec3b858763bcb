"""The gate: a model's metrics against absolute thresholds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlops.settings import Threshold


def find_failures(
    metrics: Mapping[str, float], thresholds: Mapping[str, Threshold]
) -> tuple[str, ...]:
    """Why a model may not be registered, a sentence a reason; none when it passes.

    A metric that was not measured, or is not a number, fails its threshold.
    """
    failures = (
        _failure(name, metrics.get(name), threshold) for name, threshold in thresholds.items()
    )
    return tuple(failure for failure in failures if failure)


def _failure(name: str, value: float | None, threshold: Threshold) -> str | None:
    if value is None:
        return f"{name} has a threshold but was not measured."
    if math.isnan(value):
        return f"{name} is not a number."
    if threshold.min is not None and value < threshold.min:
        return f"{name} is {value:.4f}, below the minimum of {threshold.min:g}."
    if threshold.max is not None and value > threshold.max:
        return f"{name} is {value:.4f}, above the maximum of {threshold.max:g}."
    return None
