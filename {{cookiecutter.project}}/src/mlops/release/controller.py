"""Moves a release on, one change of the endpoint at a time, to its end.

Each look reads the endpoint, which holds the whole state, and makes one change at most. Nothing is
kept between looks but evidence that can be read again.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from mlops.errors import UserError
from mlops.release.audit import Change
from mlops.release.decision import Decision
from mlops.release.judge import MINUTE, Judge, Verdict
from mlops.release.state import Phase, ReleaseState

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlops.release.audit import AuditLog
    from mlops.release.endpoint import EndpointPort, EndpointState
    from mlops.release.measures import Measures
    from mlops.release_settings import Release

_DEPLOY_MINUTES = 60


class ReleaseError(UserError):
    """What was asked for does not fit the release that is, or is not, in progress."""


class Clock(Protocol):
    """Time, which a rehearsal can drive."""

    def now(self) -> int:
        """Seconds since 1970."""

    def sleep(self, seconds: float) -> None:
        """Waits."""


class Models(Protocol):
    """What a release does with the model besides the endpoint."""

    def replay(self, version: str) -> str:
        """Asks the version for logged requests; gives what is wrong, or nothing."""

    def make_champion(self, version: str) -> None:
        """Gives the version the alias champion; again is as good as once."""


@dataclass(frozen=True)
class Ports:
    """All that a controller reaches."""

    endpoint: EndpointPort
    models: Models
    measures: Measures
    audit: AuditLog
    clock: Clock


class Controller:
    """Runs releases on one endpoint."""

    def __init__(
        self,
        release: Release,
        ports: Ports,
        watch: Callable[[int, ReleaseState, Verdict], None] | None = None,
    ) -> None:
        """Nothing is read or changed yet; `watch` is told each verdict, and when it was."""
        self._release = release
        self._ports = ports
        self._watch = watch or (lambda *_: None)
        self._judge = Judge(release, ports.measures)

    def start(self, version: str) -> ReleaseState:
        """Begins the release of a version.

        Raises:
            ReleaseError: a release is in progress, no model or several have traffic, or the version
                has it already.
        """
        read = self._ports.endpoint.read()
        before = ReleaseState.read(read.labels)
        if before and not before.phase.is_over:
            raise ReleaseError(
                f"Version {before.version} is being released ({before.phase}): wait for it, or end"
                " it by `mlops release abort`."
            )
        if before and self._tidy(read, before):
            read = self._ports.endpoint.read()
        if len(read.split) != 1:
            raise ReleaseError(
                "A release needs one model that has all traffic: bring one there by"
                " `mlops release promote VERSION`."
            )
        (champion,) = read.split
        if read.versions[champion] == version:
            raise ReleaseError(f"Version {version} has all traffic already.")
        now = self._ports.clock.now()
        state = ReleaseState(
            id=f"{now}-{secrets.token_hex(4)}",
            version=version,
            canary=str(secrets.randbelow(9 * 10**9) + 10**9),
            champion=champion,
            phase=Phase.DEPLOYING,
            since=now,
            change=_name(),
        )
        self._change(read, state, "asked for by `mlops release start`", {})
        return state

    def abandon(self, outcome: Phase, why: str) -> None:
        """Gives the champion its traffic back.

        Raises:
            ReleaseError: no release is in progress, or it has been promoted already.
        """
        read, state = self._in_progress()
        if state.phase is Phase.RETIRING:
            raise ReleaseError(
                f"Version {state.version} is the champion already: bring an earlier one back by"
                " `mlops release promote VERSION`."
            )
        if state.phase is not Phase.REVERTING:
            self._revert(read, state, Verdict(Decision.ROLL_BACK, why, {}), outcome)

    def promote(self, version: str, why: str) -> None:
        """Gives the canary all traffic at once, without further evidence.

        Raises:
            ReleaseError: no release of that version is in progress, or its canary has no traffic.
        """
        read, state = self._in_progress()
        if state.version != version:
            raise ReleaseError(
                f"Version {state.version} is being released: end that by `mlops release abort`"
                f" before version {version} is promoted."
            )
        if state.phase is Phase.RETIRING:
            return
        if state.phase not in (Phase.STEP, Phase.BAKING):
            raise ReleaseError(
                f"Version {version} has no traffic yet ({state.phase}): wait, or abort its release."
            )
        self._move(read, state, Phase.RETIRING, why)

    def look(self) -> ReleaseState | None:
        """Makes the next change that is due, if any; gives the state that it found."""
        read = self._ports.endpoint.read()
        state = ReleaseState.read(read.labels)
        if state is None:
            return None
        self._ports.audit.confirm(state.id, state.sequence, state.change)
        if not state.phase.is_over and dict(read.split) != state.split(self._release):
            self._restore(read, state)
            return state
        _ACTIONS[state.phase](self, read, state)
        return state

    def run(self, tell: Callable[[str], None]) -> Phase | None:
        """Looks each minute until the release has ended; gives how, or None without a release."""
        from google.api_core.exceptions import GoogleAPICallError, RetryError

        while True:
            try:
                state = self.look()
                if state is None or state.phase.is_over:
                    return state.phase if state else None
                waits = state.phase in (Phase.STEP, Phase.BAKING)
            except (
                GoogleAPICallError,
                RetryError,
            ) as error:  # the next look sees what became of it
                tell(f"will look again: {type(error).__name__}")
                waits = True
            if waits:
                self._ports.clock.sleep(MINUTE)

    def history(self) -> list[Change]:
        """What happened in the latest release, in order; nothing if there was none."""
        state = ReleaseState.read(self._ports.endpoint.read().labels)
        if state is None:
            return []
        self._ports.audit.confirm(state.id, state.sequence, state.change)
        return self._ports.audit.read(state.id)

    def _deploy(self, read: EndpointState, state: ReleaseState) -> None:
        from google.api_core import exceptions

        if state.canary in read.versions:
            self._move(read, state, Phase.REPLAYING, "the canary is deployed, without traffic")
            return
        if self._ports.clock.now() - state.since > _DEPLOY_MINUTES * MINUTE:
            self._revert(read, state, _give_up("the canary was not deployed within an hour"))
            return
        try:
            self._ports.endpoint.deploy(state.canary, state.version)
        except exceptions.AlreadyExists:  # an earlier try did it, or still does
            self._ports.clock.sleep(MINUTE)
        except (
            exceptions.FailedPrecondition,
            exceptions.InvalidArgument,
            exceptions.NotFound,
        ) as error:
            if state.canary not in self._ports.endpoint.read().versions:
                self._revert(read, state, _give_up(f"it cannot be deployed: {error.message}"))

    def _replay(self, read: EndpointState, state: ReleaseState) -> None:
        wrong = self._ports.models.replay(state.version)
        if wrong:
            self._revert(read, state, _give_up(f"replay: {wrong}"))
            return
        now = self._ports.clock.now()
        self._move(read, state, Phase.STEP, "logged requests were answered", step=0, start=now)

    def _step(self, read: EndpointState, state: ReleaseState) -> None:
        now = self._ports.clock.now()
        if now - state.start > self._release.deadline_minutes * MINUTE:
            minutes = self._release.deadline_minutes
            self._revert(read, state, _give_up(f"not enough evidence within {minutes:g} minutes"))
            return
        verdict = self._judge.judge(state, now)
        self._watch(now, state, verdict)
        if verdict.decision is Decision.ROLL_BACK:
            self._revert(read, state, verdict)
        elif verdict.decision is Decision.PROMOTE:
            last = state.step + 1 == len(self._release.steps)
            phase, step = (Phase.BAKING, state.step) if last else (Phase.STEP, state.step + 1)
            self._move(read, state, phase, verdict.why, verdict.evidence, step=step)

    def _bake(self, read: EndpointState, state: ReleaseState) -> None:
        now = self._ports.clock.now()
        verdict = self._judge.judge(state, now)
        self._watch(now, state, verdict)
        if verdict.decision is Decision.ROLL_BACK:
            self._revert(read, state, verdict)
        elif now - state.since >= self._release.bake_minutes * MINUTE:
            why = f"no harm in {self._release.bake_minutes:g} minutes with all traffic"
            self._move(read, state, Phase.RETIRING, why, verdict.evidence)

    def _retire(self, read: EndpointState, state: ReleaseState) -> None:
        """The alias moves before the old model goes: a champion is always deployed."""
        self._ports.models.make_champion(state.version)
        self._undeploy(read, state.champion)
        self._move(read, state, Phase.PROMOTED, "it is the champion; the old one is undeployed")

    def _drop(self, read: EndpointState, state: ReleaseState) -> None:
        self._undeploy(read, state.canary)
        self._move(read, state, Phase(state.outcome), "the canary is undeployed")

    def _tidy(self, read: EndpointState, state: ReleaseState) -> bool:
        """A deployment that was given up may have come about late; whether it had to go."""
        lost = state.champion if state.phase is Phase.PROMOTED else state.canary
        if lost not in read.versions or read.split.get(lost):
            return False
        self._undeploy(read, lost)
        return True

    def _restore(self, read: EndpointState, state: ReleaseState) -> None:
        """Someone else has moved the traffic: their word counts, so the release ends."""
        split = ", ".join(f"{share} % {name}" for name, share in sorted(read.split.items()))
        if state.phase is Phase.RETIRING or state.champion not in read.versions:
            raise ReleaseError(
                f"Someone else has moved the traffic of the endpoint ({split}) while version"
                f" {state.version} became champion: give it all traffic again."
            )
        self._revert(read, state, _give_up(f"someone else has moved the traffic ({split})"))

    def _undeploy(self, read: EndpointState, deployed_id: str) -> None:
        from google.api_core.exceptions import NotFound

        if deployed_id in read.versions:
            try:
                self._ports.endpoint.undeploy(deployed_id)
            except NotFound:  # another did
                return

    def _in_progress(self) -> tuple[EndpointState, ReleaseState]:
        read = self._ports.endpoint.read()
        state = ReleaseState.read(read.labels)
        if state is None or state.phase.is_over:
            raise ReleaseError(
                "No release is in progress: begin one by `mlops release start VERSION`."
            )
        self._ports.audit.confirm(state.id, state.sequence, state.change)
        return read, state

    def _revert(
        self,
        read: EndpointState,
        state: ReleaseState,
        verdict: Verdict,
        outcome: Phase = Phase.ROLLED_BACK,
    ) -> None:
        why, evidence = verdict.why, verdict.evidence
        self._move(read, state, Phase.REVERTING, why, evidence, outcome=outcome.value)

    def _move(
        self,
        read: EndpointState,
        state: ReleaseState,
        phase: Phase,
        why: str,
        evidence: dict[str, Any] | None = None,
        **others: Any,
    ) -> None:
        moved = state.move(phase, _name(), self._ports.clock.now(), **others)
        if phase in (Phase.PROMOTED, Phase.ROLLED_BACK, Phase.ABORTED):
            read = self._ports.endpoint.read()  # an undeployment has changed it
            if ReleaseState.read(read.labels) != state:
                return  # another was faster
        self._change(read, moved, why, evidence or {})

    def _change(
        self, read: EndpointState, state: ReleaseState, why: str, evidence: dict[str, Any]
    ) -> None:
        split = state.split(self._release)
        change = Change(
            release=state.id,
            sequence=state.sequence,
            change=state.change,
            time=state.since,
            phase=state.phase,
            step=state.step,
            split=split,
            why=why,
            evidence=evidence,
        )
        self._ports.audit.propose(change)
        self._ports.endpoint.update(read.etag, state.write(read.labels), split)
        self._ports.audit.confirm(state.id, state.sequence, state.change)


_ACTIONS = {
    Phase.DEPLOYING: Controller._deploy,
    Phase.REPLAYING: Controller._replay,
    Phase.STEP: Controller._step,
    Phase.BAKING: Controller._bake,
    Phase.RETIRING: Controller._retire,
    Phase.REVERTING: Controller._drop,
    Phase.PROMOTED: Controller._tidy,
    Phase.ROLLED_BACK: Controller._tidy,
    Phase.ABORTED: Controller._tidy,
}


def _give_up(why: str) -> Verdict:
    return Verdict(Decision.ROLL_BACK, why, {})


def _name() -> str:
    """A name for a change that no other has, as a label's value."""
    return secrets.token_hex(8)
