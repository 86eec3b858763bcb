"""Judging everything, and removing what may go."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mlops.reaping.inventory import Inventory, take_inventory
from mlops.reaping.rules import (
    Endpoint,
    Limits,
    Verdict,
    judge_deployment,
    judge_endpoint,
    judge_versions,
)
from mlops.registry.models import find_model

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlops.settings import Settings


def reap(settings: Settings, limits: Limits, *, really: bool) -> Iterator[str]:
    """Removes idle endpoints, deployed models and old versions; tells of each, and of what stays.

    A version that is deployed stays until the next time, when it has been undeployed.

    Args:
        settings: of the environment, whose project Google's clients point at.
        limits: what is kept.
        really: whether anything is removed; otherwise it is only told.
    """
    inventory = take_inventory(settings, limits.idle)
    now = datetime.now(UTC)
    removed = 0
    for endpoint in inventory.endpoints:
        for verdict in _reap_endpoint(endpoint, limits, now, really):
            removed += verdict.removed
            yield _line(verdict)
    for verdict in _reap_versions(settings.name, inventory, limits, now, really):
        removed += verdict.removed
        yield _line(verdict)
    if not removed:
        yield "Nothing can be removed."
    elif not really:
        yield f"Nothing was removed: {removed} to remove; add --yes to do it."


def _reap_endpoint(
    endpoint: Endpoint, limits: Limits, now: datetime, really: bool
) -> Iterator[Verdict]:
    from google.cloud import aiplatform

    whole = judge_endpoint(endpoint, limits, now)
    remote = aiplatform.Endpoint(endpoint.resource_name) if really else None
    if remote and whole.removed:
        remote.delete(force=True)
    yield Verdict(f"endpoint {endpoint.name}", whole.removed, whole.reason)
    for deployment in endpoint.deployments:
        verdict = judge_deployment(deployment, endpoint, limits, now)
        goes = whole.removed or (verdict.removed and (endpoint.serves or not deployment.share))
        if remote and goes and not whole.removed:
            remote.undeploy(deployment.id)
        reason = verdict.reason if goes or not verdict.removed else "shares an endpoint in use"
        yield Verdict(f"  {deployment.name} on {endpoint.name}", goes, reason)


def _reap_versions(
    name: str, inventory: Inventory, limits: Limits, now: datetime, really: bool
) -> Iterator[Verdict]:
    verdicts = judge_versions(inventory.versions, limits, now)
    model = find_model(name) if really and verdicts else None
    for verdict in verdicts:
        if model and verdict.removed:
            model.versioning_registry.delete_version(verdict.what)
        yield Verdict(f"{name} version {verdict.what}", verdict.removed, verdict.reason)


def _line(verdict: Verdict) -> str:
    return f"{'remove' if verdict.removed else 'keep':6}  {verdict.what}: {verdict.reason}"
