"""What the rule says of a running release, minute by minute, in words."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mlops.release.decision import Decision, decide
from mlops.release.measures import ERRORS, Measures, Minutes, list_guardrails
from mlops.release.rule import Counts, Evidence, Guardrail, harm_threshold, safety_threshold
from mlops.release.state import Phase, ReleaseState

if TYPE_CHECKING:
    from mlops.release_settings import Release

MINUTE = 60
# The share of the requests that the canary gets must be the configured one, as far as chance goes.
_SHARE_DEVIATIONS = 6.0
_SHARE_SLACK = 0.02


@dataclass(frozen=True)
class Verdict:
    """A decision, why, and what each guardrail knows."""

    decision: Decision
    why: str
    evidence: dict[str, Any]


class Judge:
    """Follows one release; another one, or a restart, begins again at its first minute."""

    def __init__(self, release: Release, measures: Measures) -> None:
        """Nothing is read yet."""
        self._release = release
        self._measures = measures
        self._id = ""

    def judge(self, state: ReleaseState, now: int) -> Verdict:
        """Takes in the minutes that are complete by now, and decides.

        Args:
            state: a release whose canary has traffic.
            now: in seconds since 1970.
        """
        if self._id != state.id:
            self._begin(state.id)
        complete = int((now - self._release.lag_seconds - state.start) // MINUTE)
        if complete > self._read:
            minutes = self._measures.read(
                state.canary, state.champion, state.start, self._read, complete
            )
            self._take(minutes, complete, state)
        if state.phase is Phase.BAKING:
            return self._judge_bake()
        return self._judge_step(state)

    def _begin(self, release_id: str) -> None:
        self._id = release_id
        self._read = 0
        self._guardrails = list_guardrails(self._release)
        self._evidence = {g.name: Evidence(g, self._release.steps) for g in self._guardrails}
        self._bake: dict[str, Evidence] = {}
        self._past: dict[str, list[Counts]] = {g.name: [] for g in self._guardrails}
        self._seen: dict[str, float] = dict.fromkeys(self._evidence, 0.0)
        self._requests: list[tuple[float, float]] = []  # of canary and champion, by minute

    def _take(self, minutes: Minutes, complete: int, state: ReleaseState) -> None:
        """Adds minutes; those after the canary got all traffic are compared with earlier ones."""
        for name, bad in minutes.history.items():
            self._evidence[name].learn(bad)
        baked = (state.since - state.start) / MINUTE if state.phase is Phase.BAKING else math.inf
        for offset in range(complete - self._read):
            index = self._read + offset
            for name, counts in minutes.counts.items():
                one = counts[offset]
                self._seen[name] += float(one.canary)
                if index < baked:
                    self._evidence[name].add(one)
                    self._past[name].append(one)
                else:
                    self._add_bake(name, one, index)
            errors = minutes.counts.get(ERRORS)
            both = (errors[offset].canary, errors[offset].champion) if errors else (0.0, 0.0)
            self._requests.append((float(both[0]), float(both[1])))
        self._read = complete

    def _add_bake(self, name: str, one: Counts, index: int) -> None:
        """There is no champion beside the canary any more: an earlier minute stands in."""
        past = [each for each in self._past[name] if each.champion > 0]
        if not past:
            return
        guardrail = self._evidence[name].guardrail
        wider = Guardrail(
            name,
            tolerance=guardrail.tolerance * self._release.bake_ratio,
            bins=guardrail.bins,
        )
        evidence = self._bake.setdefault(name, Evidence(wider, self._release.steps))
        before = past[index % len(past)]
        evidence.add(one._replace(champion=before.champion, champion_bad=before.champion_bad))

    def _judge_step(self, state: ReleaseState) -> Verdict:
        step = self._release.steps[state.step]
        first = math.ceil((state.since - state.start) / MINUTE)
        on_step = self._requests[first:]
        requests = sum(canary for canary, _ in on_step)
        decision = Decision(
            int(
                decide(
                    self._release,
                    list(self._evidence.values()),
                    np.array(state.step),
                    np.array(float(len(on_step))),
                    np.array(requests),
                )
            )
        )
        facts = {
            name: {
                "requests": self._seen[name],
                "harm": round(float(one.harm), 3),
                "safety": round(float(one.safety[state.step]), 3),
            }
            for name, one in self._evidence.items()
        }
        if decision is Decision.ROLL_BACK:
            return Verdict(decision, self._blame(self._evidence), facts)
        misrouted = self._misrouted(step.percent / 100, on_step)
        if misrouted:
            return Verdict(Decision.HOLD, misrouted, facts)
        if decision is Decision.PROMOTE:
            why = (
                f"no guardrail's canary errs {step.ratio:g} times as often as the champion"
                f" (risk {step.risk:g})"
            )
            return Verdict(decision, why, facts)
        return Verdict(decision, self._missing(state, requests, len(on_step)), facts)

    def _judge_bake(self) -> Verdict:
        threshold = harm_threshold(self._release.false_alarm_risk, len(self._guardrails))
        facts = {
            name: {"requests": self._seen[name], "harm": round(float(one.harm), 3)}
            for name, one in self._bake.items()
        }
        if any(one.harm >= threshold for one in self._bake.values()):
            return Verdict(Decision.ROLL_BACK, self._blame(self._bake), facts)
        return Verdict(Decision.HOLD, "baking with all traffic", facts)

    def _blame(self, evidence: dict[str, Evidence]) -> str:
        name, one = max(evidence.items(), key=lambda item: float(item[1].harm))
        enough = harm_threshold(self._release.false_alarm_risk, len(self._guardrails))
        return (
            f"{name}: the canary errs more than {one.guardrail.tolerance:g} times as often as the"
            f" champion (evidence e^{float(one.harm):.1f}, enough is e^{enough:.1f})"
        )

    def _missing(self, state: ReleaseState, requests: float, minutes: int) -> str:
        step = self._release.steps[state.step]
        silent = [g.name for g in self._guardrails if g.proves and not self._seen[g.name]]
        if silent:
            return f"no data yet of {', '.join(silent)}"
        if minutes < step.minutes or requests < step.requests:
            return f"{minutes} minutes and {requests:g} requests of the canary on this step so far"
        unproven = [
            g.name
            for g in self._guardrails
            if g.proves and self._evidence[g.name].safety[state.step] < safety_threshold(step)
        ]
        return f"not enough evidence yet of {', '.join(unproven)}"

    def _misrouted(self, share: float, on_step: list[tuple[float, float]]) -> str:
        """What is wrong with the share of the requests that the canary got, if anything is."""
        canary = sum(each for each, _ in on_step)
        total = sum(a + b for a, b in on_step)
        if not total:
            return ""
        slack = _SHARE_DEVIATIONS * math.sqrt(share * (1 - share) / total) + _SHARE_SLACK
        if abs(canary / total - share) <= slack:
            return ""
        return f"the canary got {canary / total:.0%} of the requests, but {share:.0%} is configured"
