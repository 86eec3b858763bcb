"""What a release looks at: counts of each minute, by guardrail."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np

from mlops.release.rule import Array, Counts, Guardrail

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlops.release_settings import Release

ERRORS, SLOW, INVALID, DRIFT, WRONG = "errors", "slow", "invalid", "drift", "wrong"
DRIFT_BINS = 10
HISTORY_MINUTES = 240


@dataclass(frozen=True)
class Minutes:
    """Counts of minutes that follow each other, of the guardrails that have data.

    Attributes:
        counts: by guardrail, one for each minute.
        history: by guardrail, the champion's bad answers in each minute before the release.
    """

    counts: Mapping[str, list[Counts]]
    history: Mapping[str, Array] = field(default_factory=dict)


class Measures(Protocol):
    """Where counts come from; errors are those of google.api_core."""

    def read(self, canary: str, champion: str, start: int, first: int, last: int) -> Minutes:
        """Counts of two deployed models.

        Args:
            canary: deployed model.
            champion: deployed model.
            start: when the release's first minute began, in seconds since 1970.
            first: index of the first minute to read; the history comes with minute 0 alone.
            last: index of the minute after the last one.
        """


def list_guardrails(release: Release) -> tuple[Guardrail, ...]:
    """All guardrails of a release."""
    rate = release.tolerated_error_rate
    return (
        Guardrail(ERRORS, rate=rate),
        Guardrail(SLOW, rate=rate),
        Guardrail(INVALID, rate=rate),
        Guardrail(DRIFT, tolerance=release.drift_ratio, proves=False, bins=DRIFT_BINS),
        Guardrail(WRONG, tolerance=release.wrong_ratio, proves=False),
    )


def count(canary: float, canary_bad: object, champion: float, champion_bad: object) -> Counts:
    """Counts of one minute of one rollout."""
    return Counts(
        *(np.asarray(each, float) for each in (canary, canary_bad, champion, champion_bad))
    )
