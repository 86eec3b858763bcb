"""What autoscaling does with a load, to choose replica counts and targets before users do.

Kubernetes' HorizontalPodAutoscaler and Vertex AI's autoscaling follow the same rule. Every 15
seconds they reckon

    desired = ceil(replicas * utilization / target)

and keep it between minimum and maximum. More replicas are asked for at once; fewer only when
nothing more was desired in the last five minutes (the stabilisation window). Kubernetes besides
leaves things as they are within a tenth of the target, and at most doubles, or adds four, in 15
seconds. Sources: "Horizontal Pod Autoscaling" of the Kubernetes documentation, and "Configure
compute resources for inference" of Vertex AI's.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Policy:
    """How an autoscaler decides; times are in seconds, the target in percent.

    Attributes:
        minimum: replicas there are always.
        maximum: replicas there are at most.
        target: utilization that each replica should have.
        interval: between two decisions.
        stabilisation: in which nothing more must have been desired before replicas go.
        tolerance: how far utilization may be from the target, as a share of it, without effect.
        startup: until a replica that is asked for answers.
    """

    minimum: int
    maximum: int
    target: float
    interval: float = 15
    stabilisation: float = 300
    tolerance: float = 0.1
    startup: float = 30

    def desired(self, replicas: int, utilization: float) -> int:
        """How many replicas there should be, given those that there are and their utilization."""
        ratio = utilization / self.target
        if abs(ratio - 1) <= self.tolerance:
            wanted = replicas
        else:
            # a float such as 2.0000000000000004 must not become 3
            wanted = math.ceil(round(replicas * ratio, 9))
        fastest = max(2 * replicas, replicas + 4)
        return max(self.minimum, min(wanted, fastest, self.maximum))


@dataclass(frozen=True)
class Moment:
    """How things stood at a decision.

    `load` is in percent of one replica, so that 250 keeps two and a half replicas busy;
    `utilization` is what the replicas that answer had of it, at most 100 percent each.
    """

    second: float
    load: float
    replicas: int
    utilization: float


def simulate(policy: Policy, load: Callable[[float], float], seconds: float) -> list[Moment]:
    """What an autoscaler makes of a load.

    Args:
        policy: of the autoscaler, which starts with its minimum.
        load: in percent of one replica, by the second.
        seconds: how long to go on.

    Returns:
        The moments of its decisions, in order.
    """
    asked, ready = policy.minimum, policy.minimum
    starting: deque[tuple[float, int]] = deque()  # when there will be how many
    recent: deque[tuple[float, int]] = deque()  # what was desired when
    moments = []
    for step in range(math.floor(seconds / policy.interval) + 1):
        now = step * policy.interval
        while starting and starting[0][0] <= now:
            ready = max(ready, starting.popleft()[1])
        utilization = min(load(now) / ready, 100.0)
        moments.append(Moment(now, load(now), ready, utilization))
        recent.append((now, policy.desired(ready, utilization)))
        while recent[0][0] <= now - policy.stabilisation:
            recent.popleft()
        highest = max(count for _, count in recent)
        if recent[-1][1] > asked:
            asked = recent[-1][1]
            starting.append((now + policy.startup, asked))
        elif highest < asked and not starting:
            asked = ready = highest
    return moments


def step_load(first: float, step: float, every: float, steps: int) -> Callable[[float], float]:
    """A load that starts with `first` and rises by `step`, `steps` times, every so many seconds."""
    return lambda second: first + step * min(math.floor(second / every), steps)
