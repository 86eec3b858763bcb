"""What may be removed, and why the rest stays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Version:
    """A version of the model."""

    number: str
    created: datetime
    aliases: tuple[str, ...]
    registered_here: bool
    """Whether it carries the label of this environment, that the pipeline gives."""
    deployed: bool
    """Whether any endpoint has it."""


@dataclass(frozen=True)
class Deployment:
    """A model version on an endpoint."""

    id: str
    name: str
    created: datetime
    share: int
    """Of the endpoint's traffic, in percent."""
    requests: int
    """That it was asked since the limit of idleness."""
    champion: bool


@dataclass(frozen=True)
class Endpoint:
    """An endpoint with the label of this application."""

    resource_name: str
    name: str
    created: datetime
    serves: bool
    """Whether it is the one that releases own; it is never removed itself."""
    deployments: tuple[Deployment, ...]


@dataclass(frozen=True)
class Limits:
    """How much is kept.

    Attributes:
        versions: so many of the newest versions stay in any case.
        idle: what is younger stays, and so does what was asked during this time.
    """

    versions: int
    idle: timedelta


@dataclass(frozen=True)
class Verdict:
    """Whether something goes, and why."""

    what: str
    removed: bool
    reason: str


def judge_versions(versions: list[Version], limits: Limits, now: datetime) -> list[Verdict]:
    """A verdict on each version, newest first."""
    ordered = sorted(versions, key=lambda version: -int(version.number))
    verdicts = []
    for rank, version in enumerate(ordered):
        kept = _reason_to_keep(version, rank, limits, now)
        verdicts.append(
            Verdict(version.number, kept is None, kept or "replaced and deployed nowhere")
        )
    return verdicts


def judge_deployment(
    deployment: Deployment, endpoint: Endpoint, limits: Limits, now: datetime
) -> Verdict:
    """A verdict on a deployed model; its endpoint's share counts where users are alone."""
    kept = None
    if deployment.champion:
        kept = "the champion"
    elif endpoint.serves and deployment.share:
        kept = f"has {deployment.share} % of the traffic"
    elif deployment.requests:
        kept = f"was asked {deployment.requests} times in {_days(limits)}"
    elif now - deployment.created < limits.idle:
        kept = f"deployed less than {_days(limits)} ago"
    return Verdict(deployment.name, kept is None, kept or f"not asked for {_days(limits)}")


def judge_endpoint(endpoint: Endpoint, limits: Limits, now: datetime) -> Verdict:
    """A verdict on an endpoint itself: it goes when nothing on it stays."""
    verdicts = [judge_deployment(each, endpoint, limits, now) for each in endpoint.deployments]
    kept = None
    if endpoint.serves:
        kept = "the endpoint of releases"
    elif not all(verdict.removed for verdict in verdicts):
        kept = "in use"
    elif now - endpoint.created < limits.idle:
        kept = f"created less than {_days(limits)} ago"
    reason = kept or ("nothing on it is asked" if verdicts else "nothing is deployed on it")
    return Verdict(endpoint.name, kept is None, reason)


def _reason_to_keep(version: Version, rank: int, limits: Limits, now: datetime) -> str | None:
    if version.aliases:
        return f"is {' and '.join(version.aliases)}"
    if version.deployed:
        return "is deployed"
    if not version.registered_here:
        return "was not registered by this environment's pipeline"
    if rank < limits.versions:
        return f"among the newest {limits.versions}"
    if now - version.created < limits.idle:
        return f"younger than {_days(limits)}"
    return None


def _days(limits: Limits) -> str:
    return f"{limits.idle.total_seconds() / 86_400:g} days"
