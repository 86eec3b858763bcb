"""What `mlops reap` would remove: never the champion, never what users ask."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mlops.reaping.rules import (
    Deployment,
    Endpoint,
    Limits,
    Version,
    judge_deployment,
    judge_endpoint,
    judge_versions,
)

NOW = datetime(2026, 11, 28, tzinfo=UTC)
OLD = NOW - timedelta(days=100)
YOUNG = NOW - timedelta(days=1)
LIMITS = Limits(versions=2, idle=timedelta(days=14))


def version(number: int, **changes: Any) -> Version:
    made = {"created": OLD, "aliases": (), "registered_here": True, "deployed": False} | changes
    return Version(number=str(number), **made)


def deployment(**changes: Any) -> Deployment:
    made = {"id": "7", "name": "v1", "created": OLD, "share": 0, "requests": 0, "champion": False}
    return Deployment(**made | changes)


def endpoint(*deployments: Deployment, **changes: Any) -> Endpoint:
    made = {"resource_name": "e", "name": "trial", "created": OLD, "serves": False} | changes
    return Endpoint(deployments=deployments, **made)


def test_an_old_version_goes_and_the_newest_stay() -> None:
    verdicts = judge_versions([version(each) for each in (1, 2, 10)], LIMITS, NOW)
    assert [(each.what, each.removed) for each in verdicts] == [
        ("10", False),
        ("2", False),
        ("1", True),
    ]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"aliases": ("champion",)}, "is champion"),
        ({"aliases": ("challenger", "default")}, "is challenger and default"),
        ({"deployed": True}, "is deployed"),
        ({"registered_here": False}, "was not registered by this environment's pipeline"),
        ({"created": YOUNG}, "younger than 14 days"),
    ],
)
def test_a_version_that_someone_needs_stays(changes: dict[str, Any], reason: str) -> None:
    versions = [version(1, **changes), version(2), version(3)]
    verdict = judge_versions(versions, LIMITS, NOW)[-1]
    assert (verdict.removed, verdict.reason) == (False, reason)


@pytest.mark.parametrize(
    ("serves", "changes", "removed"),
    [
        (True, {}, True),
        (True, {"share": 1}, False),
        (True, {"champion": True}, False),
        (True, {"requests": 1}, False),
        (True, {"created": YOUNG}, False),
        (False, {"share": 100}, True),
        (False, {"share": 100, "champion": True}, False),
        (False, {"share": 100, "requests": 3}, False),
    ],
)
def test_a_deployed_model_goes_when_nobody_asks_it(
    serves: bool, changes: dict[str, Any], removed: bool
) -> None:
    one = deployment(**changes)
    assert judge_deployment(one, endpoint(one, serves=serves), LIMITS, NOW).removed is removed


@pytest.mark.parametrize(
    ("candidate", "removed"),
    [
        (endpoint(), True),
        (endpoint(deployment(share=100)), True),
        (endpoint(deployment(share=100), deployment(requests=1)), False),
        (endpoint(deployment(champion=True)), False),
        (endpoint(serves=True), False),
        (endpoint(created=YOUNG), False),
    ],
)
def test_an_endpoint_goes_when_nothing_on_it_stays(candidate: Endpoint, removed: bool) -> None:
    assert judge_endpoint(candidate, LIMITS, NOW).removed is removed
