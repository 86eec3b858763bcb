"""When a new model is due: what windows of requests must show, and for how long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime, timedelta


@dataclass(frozen=True)
class Window:
    """What one window of the deployed model's requests was like.

    Attributes:
        end: of the window.
        metric: measured on the requests whose labels are known; None when those are too few.
        labels: how many are known.
        anomalies: inputs that were too far from training or from the window before; None when the
            monitoring job found no requests to look at.
    """

    end: datetime
    metric: float | None = None
    labels: int = 0
    anomalies: frozenset[str] | None = None


@dataclass(frozen=True)
class Bound:
    """The worst value of a metric that is good enough.

    Attributes:
        metric: its name.
        value: the bound itself is good.
        more_is_better: whether a bad value lies below it, or above.
    """

    metric: str
    value: float
    more_is_better: bool

    def is_bad(self, value: float) -> bool:
        """Whether a value is worse than the bound."""
        return value < self.value if self.more_is_better else value > self.value


def list_ends(
    since: datetime, following: datetime | None, interval: timedelta, count: int
) -> list[datetime]:
    """When the last windows ended, from old to new, by the monitoring job's clock.

    Args:
        since: only windows that ended after that.
        following: when the job runs next; None until Vertex AI has scheduled it, and none ended.
        interval: the length of a window.
        count: how many to list at most.
    """
    if following is None:
        return []
    ends = (following - interval * back for back in range(count, 0, -1))
    return [end for end in ends if end > since]


def find_reason(windows: Iterable[Window], count: int, bound: Bound | None) -> str:
    """Why a new model is due, in one sentence; nothing when none is.

    A window of which nothing is known neither counts nor breaks a row.

    Args:
        windows: of one deployed model, from old to new.
        count: how many in a row must be bad.
        bound: of the metric; None when none is measured.
    """
    seen = list(windows)
    measured = [w.metric for w in seen if w.metric is not None][-count:]
    if bound and len(measured) == count and all(bound.is_bad(value) for value in measured):
        side = "below" if bound.more_is_better else "above"
        return (
            f"{bound.metric} was {side} {bound.value:.4g} in {count} windows in a row, last"
            f" {measured[-1]:.4g}"
        )
    looked_at = [w.anomalies for w in seen if w.anomalies is not None][-count:]
    lasting = _common(looked_at) if len(looked_at) == count else frozenset()
    if lasting:
        return f"anomalies of {', '.join(sorted(lasting))} in {count} windows in a row"
    return ""


def _common(found: Sequence[frozenset[str]]) -> frozenset[str]:
    return frozenset.intersection(*found)
