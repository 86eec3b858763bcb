"""A release reaches its end by the rules, whatever fails on the way."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from google.api_core.exceptions import GoogleAPICallError

from mlops.release.controller import ReleaseError
from mlops.release.state import Phase
from tests.unit.release_cloud import OLD, RELEASE, FakeCloud, Killed, Storm

RUNS = 1000


def ignore(line: str) -> None:
    """What the controller tells is not of interest."""


def check_audit(cloud: FakeCloud) -> None:
    """The log holds each change of the endpoint, in order, and nothing else."""
    told = cloud.audit.read(cloud.state.id)
    assert [
        (each.sequence, each.change, each.phase, dict(each.split)) for each in told
    ] == cloud.endpoint.changes
    assert [each.sequence for each in told] == list(range(len(told)))
    assert all(each.why for each in told)


def test_a_good_release_climbs_all_steps() -> None:
    cloud = FakeCloud(seed=1)
    cloud.controller().start("2")
    assert cloud.controller().run(ignore) is Phase.PROMOTED
    splits = [split.get(cloud.state.canary, 0) for *_, split in cloud.endpoint.changes]
    assert splits == [0, 0, 5, 25, 50, 100, 100, 100]
    assert cloud.endpoint.versions == {cloud.state.canary: "2"}
    assert cloud.models.champion == "2"
    check_audit(cloud)


def test_a_bad_release_ends_on_its_first_step() -> None:
    cloud = FakeCloud(seed=1, is_bad=True)
    cloud.controller().start("2")
    assert cloud.controller().run(ignore) is Phase.ROLLED_BACK
    assert max(split.get(cloud.state.canary, 0) for *_, split in cloud.endpoint.changes) == 5
    assert cloud.endpoint.versions == {OLD: "1"}
    assert cloud.models.champion == "1"
    reverted = next(c for c in cloud.audit.read(cloud.state.id) if c.phase == Phase.REVERTING)
    assert reverted.why.startswith("errors: the canary errs more than 1 times as often")
    assert reverted.evidence["errors"]["harm"] > 5
    check_audit(cloud)


def test_no_kill_and_no_fault_breaks_a_release() -> None:
    hits: Counter[str] = Counter()
    ends: Counter[Phase] = Counter()
    for seed in range(RUNS):
        cloud = FakeCloud(seed, is_bad=seed % 2 == 1)
        storm = weather(cloud, seed)
        ends[survive(cloud, storm)] += 1
        check_audit(cloud)
        assert not cloud.endpoint.refused, seed
        kept = cloud.state.canary if cloud.state.phase is Phase.PROMOTED else cloud.state.champion
        assert cloud.endpoint.split == {kept: 100}
        assert cloud.endpoint.versions.keys() == {kept}, seed
        assert cloud.models.champion == ("2" if cloud.state.phase is Phase.PROMOTED else "1")
        hits.update(storm.hits)
    assert ends == {Phase.PROMOTED: RUNS // 2, Phase.ROLLED_BACK: RUNS // 2}
    assert sum(hits.values()) > 3 * RUNS
    assert min(hits.values()) > RUNS / 4, hits


def weather(cloud: FakeCloud, seed: int) -> Storm:
    """Faults of a cloud, in which a second controller is at work too."""
    rival = cloud.controller()

    def act() -> None:
        try:
            rival.look()
        except GoogleAPICallError:
            return

    return Storm(random.Random(seed), rate=0.08, rival=act)  # noqa: S311 - not a secret


def survive(cloud: FakeCloud, storm: Storm) -> Phase:
    """Starts a release and restarts what is killed, to the end; the last look is undisturbed."""
    while not cloud.endpoint.changes:
        try:
            cloud.stormy(storm).start("2")
        except (GoogleAPICallError, Killed):
            continue
    for _ in range(200):
        try:
            if cloud.stormy(storm).run(ignore):
                cloud.clock.sleep(600)  # a deployment that was given up may come about only now
                phase = cloud.controller().run(ignore)
                assert phase
                return phase
        except Killed:
            continue
    raise AssertionError("the release does not end")


def test_without_data_a_release_holds_and_ends_at_its_deadline() -> None:
    cloud = FakeCloud(seed=1)
    cloud.measures.requests = 0
    cloud.controller().start("2")
    assert cloud.controller().run(ignore) is Phase.ROLLED_BACK
    assert max(split.get(cloud.state.canary, 0) for *_, split in cloud.endpoint.changes) == 5
    waited = cloud.clock.now() - cloud.state.start
    assert RELEASE.deadline_minutes * 60 < waited < RELEASE.deadline_minutes * 60 + 300
    assert "not enough evidence" in cloud.audit.read(cloud.state.id)[-2].why


def test_a_canary_that_fails_the_replay_gets_no_traffic() -> None:
    cloud = FakeCloud(seed=1)
    cloud.models.wrong = "7 of 100 logged requests failed"
    cloud.controller().start("2")
    assert cloud.controller().run(ignore) is Phase.ROLLED_BACK
    assert all(cloud.state.canary not in split for *_, split in cloud.endpoint.changes)


def test_harm_during_the_bake_still_rolls_back() -> None:
    cloud = FakeCloud(seed=1)
    cloud.controller().start("2")
    controller = cloud.controller()
    while cloud.state.phase is not Phase.BAKING:
        controller.look()
        cloud.clock.sleep(60)
    cloud.measures.canary_rate = 0.2
    assert controller.run(ignore) is Phase.ROLLED_BACK
    assert cloud.endpoint.versions == {OLD: "1"}


def test_who_moves_the_traffic_by_hand_ends_the_release() -> None:
    cloud = FakeCloud(seed=1)
    cloud.controller().start("2")
    controller = cloud.controller()
    while cloud.state.phase is not Phase.STEP:
        controller.look()
    cloud.endpoint.split = {OLD: 60, cloud.state.canary: 40}
    cloud.endpoint.etag += 1
    assert controller.run(ignore) is Phase.ROLLED_BACK
    assert cloud.endpoint.split == {OLD: 100}
    assert "someone else" in cloud.audit.read(cloud.state.id)[-2].why


def test_requests_that_do_not_follow_the_split_hold() -> None:
    cloud = FakeCloud(seed=1)
    cloud.controller().start("2")
    controller = cloud.controller()
    while cloud.state.phase is not Phase.STEP:
        controller.look()
    cloud.endpoint.traffic[-1] = (cloud.state.start, {cloud.state.canary: 60, OLD: 40})
    for _ in range(20):
        cloud.clock.sleep(60)
        controller.look()
    assert cloud.state.phase is Phase.STEP
    assert cloud.state.step == 0


@pytest.mark.parametrize("outcome", [Phase.ABORTED, Phase.ROLLED_BACK])
def test_a_person_ends_a_release(outcome: Phase) -> None:
    cloud = FakeCloud(seed=1)
    cloud.controller().start("2")
    controller = cloud.controller()
    while cloud.state.phase is not Phase.STEP:
        controller.look()
    cloud.controller().abandon(outcome, "asked for")
    assert cloud.endpoint.split == {OLD: 100}
    assert controller.run(ignore) is outcome
    assert cloud.endpoint.versions == {OLD: "1"}
    check_audit(cloud)


def test_a_person_promotes_without_waiting() -> None:
    cloud = FakeCloud(seed=1)
    cloud.controller().start("2")
    controller = cloud.controller()
    with pytest.raises(ReleaseError, match="has no traffic yet"):
        controller.promote("2", "asked for")
    while cloud.state.phase is not Phase.STEP:
        controller.look()
    with pytest.raises(ReleaseError, match="end that by `mlops release abort`"):
        controller.promote("3", "asked for")
    controller.promote("2", "asked for")
    assert controller.run(ignore) is Phase.PROMOTED
    assert cloud.models.champion == "2"
    with pytest.raises(ReleaseError, match="No release is in progress"):
        controller.abandon(Phase.ABORTED, "asked for")


def test_one_release_at_a_time() -> None:
    cloud = FakeCloud(seed=1)
    with pytest.raises(ReleaseError, match="has all traffic already"):
        cloud.controller().start("1")
    cloud.controller().start("2")
    with pytest.raises(ReleaseError, match="Version 2 is being released"):
        cloud.controller().start("3")
    cloud.controller().run(ignore)
    first = cloud.state.canary
    cloud.controller().start("3")
    assert cloud.controller().run(ignore) is Phase.PROMOTED
    assert cloud.state.champion == first
