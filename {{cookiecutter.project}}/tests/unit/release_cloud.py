"""An endpoint in memory that refuses what Vertex AI refuses, and a cloud in which calls fail.

Thousands of releases with kills and faults would take hours against localcloud, where
tests/rehearsal plays a few.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from google.api_core import exceptions

from mlops.release.audit import Change
from mlops.release.controller import Controller, Ports
from mlops.release.endpoint import EndpointState
from mlops.release.measures import ERRORS, INVALID, SLOW, Minutes, count
from mlops.release.state import Phase, ReleaseState
from mlops.release_settings import Release, ReleaseStep

RELEASE = Release(
    steps=(
        ReleaseStep(percent=5, minutes=1, requests=10, ratio=20, risk=0.5),
        ReleaseStep(percent=25, minutes=2, requests=50, ratio=5, risk=0.5),
        ReleaseStep(percent=50, minutes=2, requests=200, ratio=2, risk=0.05),
    ),
    bake_minutes=3,
    deadline_minutes=120,
    lag_seconds=0,
)
OLD = "1000000001"  # deployed model of the champion, version 1
LANDING = 150  # seconds until a deployment whose caller gave up comes about


class Killed(BaseException):
    """The controller's process ends here."""


class FakeClock:
    def __init__(self) -> None:
        self.time = 1_000_000

    def now(self) -> int:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += int(seconds)


@dataclass
class FakeEndpoint:
    """Checks after each change that no rule of a release is broken."""

    clock: FakeClock
    registry: FakeModels
    is_bad: bool = False
    etag: int = 0
    labels: dict[str, str] = field(default_factory=lambda: {"team": "taxis"})
    split: dict[str, int] = field(default_factory=lambda: {OLD: 100})
    versions: dict[str, str] = field(default_factory=lambda: {OLD: "1"})
    landing: dict[str, tuple[int, str]] = field(default_factory=dict)
    changes: list[tuple[int, str, str, dict[str, int]]] = field(default_factory=list)
    traffic: list[tuple[int, dict[str, int]]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def read(self) -> EndpointState:
        self._land()
        return EndpointState(
            str(self.etag), dict(self.labels), dict(self.split), dict(self.versions)
        )

    def update(self, etag: str, labels: Mapping[str, str], split: Mapping[str, int]) -> None:
        self._land()
        if etag != str(self.etag):
            raise exceptions.Aborted("the endpoint has changed")
        if sum(split.values()) != 100 or not split.keys() <= self.versions.keys():
            self._refuse(exceptions.InvalidArgument(f"split {split}"))
        self.etag += 1
        self.labels, self.split = dict(labels), dict(split)
        self.traffic.append((self.clock.now(), dict(split)))
        state = ReleaseState.read(labels)
        assert state
        self.changes.append((state.sequence, state.change, state.phase.value, dict(split)))
        self._check()

    def deploy(self, deployed_id: str, version: str, *, late: bool = False) -> None:
        self._land()
        if deployed_id in self.versions or deployed_id in self.landing:
            raise exceptions.AlreadyExists(deployed_id)
        if late:
            self.landing[deployed_id] = (self.clock.now() + LANDING, version)
            raise exceptions.DeadlineExceeded("deployment")
        self.etag += 1
        self.versions[deployed_id] = version

    def undeploy(self, deployed_id: str) -> None:
        self._land()
        if deployed_id not in self.versions:
            raise exceptions.NotFound(deployed_id)
        if self.split.get(deployed_id):
            self._refuse(exceptions.FailedPrecondition(f"{deployed_id} has traffic"))
        self.etag += 1
        del self.versions[deployed_id]
        self._check()

    def split_at(self, time: int) -> dict[str, int]:
        return next((split for begin, split in reversed(self.traffic) if begin <= time), {OLD: 100})

    def _land(self) -> None:
        for deployed_id, (time, version) in list(self.landing.items()):
            if time <= self.clock.now():
                del self.landing[deployed_id]
                self.etag += 1
                self.versions[deployed_id] = version

    def _refuse(self, error: exceptions.GoogleAPICallError) -> None:
        self.refused.append(str(error))
        raise error

    def _check(self) -> None:
        state = ReleaseState.read(self.labels)
        assert state
        assert sum(self.split.values()) == 100
        assert self.split.keys() <= self.versions.keys()
        assert self.split == state.split(RELEASE)
        assert self.labels["team"] == "taxis"
        if self.is_bad:
            assert self.split.get(state.canary, 0) <= RELEASE.steps[0].percent
        if state.champion not in self.versions:
            assert state.phase in (Phase.RETIRING, Phase.PROMOTED)
            assert self.split == {state.canary: 100}
            assert self.registry.champion == state.version


@dataclass
class FakeModels:
    champion: str = "1"
    wrong: str = ""

    def replay(self, version: str) -> str:
        return self.wrong

    def make_champion(self, version: str) -> None:
        self.champion = version


@dataclass
class FakeMeasures:
    """Counts that follow from the seed, the minute and the traffic of that minute."""

    endpoint: FakeEndpoint
    seed: int
    requests: float = 3000.0
    canary_rate: float = 0.01

    def read(self, canary: str, champion: str, start: int, first: int, last: int) -> Minutes:
        counts = [self._minute(canary, start, minute) for minute in range(first, last)]
        none = [count(one.canary, 0, one.champion, 0) for one in counts]
        return Minutes({ERRORS: counts, SLOW: none, INVALID: none})

    def _minute(self, canary: str, start: int, minute: int) -> Any:
        draw = np.random.default_rng((self.seed, start, minute))
        share = self.endpoint.split_at(start + 60 * minute).get(canary, 0) / 100
        total = draw.poisson(self.requests)
        mine = draw.binomial(total, share)
        bad = draw.binomial(mine, self.canary_rate)
        return count(mine, bad, total - mine, draw.binomial(total - mine, 0.01))


@dataclass
class FakeAudit:
    proposals: dict[str, Change] = field(default_factory=dict)
    confirmed: dict[tuple[str, int], Change] = field(default_factory=dict)

    def propose(self, change: Change) -> None:
        self.proposals.setdefault(change.change, change)

    def confirm(self, release: str, sequence: int, change: str) -> None:
        self.confirmed.setdefault((release, sequence), self.proposals[change])

    def read(self, release: str) -> list[Change]:
        return [change for (name, _), change in sorted(self.confirmed.items()) if name == release]


@dataclass
class FakeCloud:
    """Everything that a controller reaches, and how a version behaves."""

    seed: int
    is_bad: bool = False

    def __post_init__(self) -> None:
        self.clock = FakeClock()
        self.models = FakeModels()
        self.endpoint = FakeEndpoint(self.clock, self.models, self.is_bad)
        rate = 0.5 if self.is_bad else 0.01
        self.measures = FakeMeasures(self.endpoint, self.seed, canary_rate=rate)
        self.audit = FakeAudit()

    @property
    def ports(self) -> Ports:
        return Ports(self.endpoint, self.models, self.measures, self.audit, self.clock)

    def controller(self) -> Controller:
        return Controller(RELEASE, self.ports)

    def stormy(self, storm: Storm) -> Controller:
        """A controller whose calls fail."""
        ports = (self.endpoint, self.models, self.measures, self.audit)
        return Controller(RELEASE, Ports(*(Failing(port, storm) for port in ports), self.clock))  # type: ignore[arg-type]

    @property
    def state(self) -> ReleaseState:
        state = ReleaseState.read(self.endpoint.labels)
        assert state
        return state


@dataclass
class Storm:
    """Which calls fail, and how, by a seed; a rival may act between any two calls."""

    random: random.Random
    rate: float
    rival: Callable[[], object]
    hits: dict[str, int] = field(default_factory=dict)

    def strike(self) -> str:
        kinds = ("429", "503", "timeout", "lost reply", "killed", "killed after", "rival")
        kind = self.random.choice(kinds) if self.random.random() < self.rate else ""
        if kind:
            self.hits[kind] = self.hits.get(kind, 0) + 1
        return kind


@dataclass
class Failing:
    """A port whose calls fail before or after they took effect."""

    port: Any
    storm: Storm

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            kind = self.storm.strike()
            if kind == "rival":
                self.storm.rival()
            if kind == "killed":
                raise Killed
            if kind == "429":
                raise exceptions.TooManyRequests("quota")
            if kind == "503":
                raise exceptions.ServiceUnavailable("try again")
            if kind == "timeout" and name == "deploy":
                self.port.deploy(*arguments, late=True)
            result = getattr(self.port, name)(*arguments)
            if kind == "killed after":
                raise Killed
            if kind == "timeout":
                raise exceptions.DeadlineExceeded("too late")
            if kind == "lost reply":
                raise exceptions.ServiceUnavailable("connection reset")
            return result

        return call
