"""Where a release stands, as the labels of its endpoint tell.

The endpoint holds the whole state: labels and traffic change in one update, which fails when the
endpoint has changed since it was read. So a controller can be killed at any point, and two may run.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlops.release_settings import Release

_PREFIX = "release_"


class Phase(StrEnum):
    """What a release does now, in the order of a good one; each is a label's value."""

    DEPLOYING = "deploying"
    REPLAYING = "replaying"
    STEP = "step"
    BAKING = "baking"
    RETIRING = "retiring"  # the old champion, after the promotion
    PROMOTED = "promoted"
    REVERTING = "reverting"  # the traffic is the champion's; the canary is undeployed
    ROLLED_BACK = "rolled-back"
    ABORTED = "aborted"

    @property
    def is_over(self) -> bool:
        """Whether the release has ended."""
        return self in _OVER


_OVER = (Phase.PROMOTED, Phase.ROLLED_BACK, Phase.ABORTED)
_PROMOTED = (Phase.BAKING, Phase.RETIRING, Phase.PROMOTED)


@dataclass(frozen=True)
class ReleaseState:
    """A release, as of one of its changes.

    Attributes:
        id: of the release.
        version: of the model that is released.
        canary: the deployed model that it is, or will be.
        champion: the deployed model that has the traffic before.
        phase: what is done now.
        step: index of the step; the first one before that.
        since: when the phase or the step began, in seconds since 1970.
        start: when the canary first got traffic; 0 before that.
        outcome: how the release ends, once it is given up.
        sequence: how many changes there were before this one.
        change: names this change in the audit log.
    """

    id: str
    version: str
    canary: str
    champion: str
    phase: Phase
    since: int
    change: str
    step: int = 0
    start: int = 0
    outcome: str = ""
    sequence: int = 0

    @classmethod
    def read(cls, labels: Mapping[str, str]) -> Self | None:
        """The release that labels tell of; None when there never was one."""
        content: dict[str, Any] = {
            key.removeprefix(_PREFIX): value
            for key, value in labels.items()
            if key.startswith(_PREFIX)
        }
        if "phase" not in content:
            return None
        numbers = {key: int(content[key]) for key in ("since", "step", "start", "sequence")}
        return cls(**content | numbers | {"phase": Phase(content["phase"])})

    def write(self, labels: Mapping[str, str]) -> dict[str, str]:
        """The labels with this state in them."""
        own = {f"{_PREFIX}{key}": str(value) for key, value in asdict(self).items()}
        return {**labels, **own}

    def split(self, release: Release) -> dict[str, int]:
        """The traffic that belongs to this state."""
        if self.phase in _PROMOTED:
            return {self.canary: 100}
        if self.phase is not Phase.STEP:
            return {self.champion: 100}
        percent = release.steps[self.step].percent
        return {self.canary: percent, self.champion: 100 - percent}

    def move(self, phase: Phase, change: str, now: int, **others: Any) -> Self:
        """The state after the next change."""
        sequence = self.sequence + 1
        return replace(self, phase=phase, change=change, since=now, sequence=sequence, **others)
