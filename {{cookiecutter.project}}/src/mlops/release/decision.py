"""What the rule says, of one rollout or of many at once: promote, hold or roll back."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from mlops.release.rule import harm_threshold, safety_threshold

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlops.release.rule import Array, Evidence
    from mlops.release_settings import Release

Integers = npt.NDArray[np.int64]


class Decision(IntEnum):
    """What to do with the canary now."""

    ROLL_BACK = -1
    HOLD = 0
    PROMOTE = 1


def decide(
    release: Release, evidence: Sequence[Evidence], step: Integers, minutes: Array, requests: Array
) -> Integers:
    """The decision of each rollout, as numbers of `Decision`.

    Args:
        release: how the release goes.
        evidence: of each guardrail.
        step: index of the step that each rollout is on.
        minutes: how long it has been there.
        requests: how many the canary has answered there.
    """
    harm = np.max([one.harm for one in evidence], axis=0)
    is_harmful = harm >= harm_threshold(release.false_alarm_risk, len(evidence))
    enough = np.array([safety_threshold(each) for each in release.steps])[step]
    is_safe = (minutes >= np.array([each.minutes for each in release.steps])[step]) & (
        requests >= np.array([each.requests for each in release.steps])[step]
    )
    for one in evidence:
        if one.guardrail.proves:
            known = np.take_along_axis(one.safety, np.asarray(step)[..., None], -1)[..., 0]
            is_safe = is_safe & (known >= enough)
    return np.where(is_harmful, Decision.ROLL_BACK, np.where(is_safe, Decision.PROMOTE, 0))
