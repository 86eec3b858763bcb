"""A model that stays bad is replaced once; one that is bad now and then is not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from mlops.monitoring.decision import Bound, Window, list_ends
from mlops.monitoring.quality import measure
from mlops.monitoring.retraining import Asked, retrain_if_due

COUNT = 3
BOUND = Bound("auc", 0.6, more_is_better=True)
GOOD, BAD, UNKNOWN = 0.7, 0.5, None


class Killed(BaseException):
    """The process ends here."""


class FakeMemory:
    def __init__(self) -> None:
        self.asked: Asked | None = None
        self.is_raced = False

    def read(self) -> Asked | None:
        return self.asked

    def write(self, asked: Asked) -> bool:
        if not self.is_raced:
            self.asked = asked
        return not self.is_raced


@dataclass
class World:
    """Days that pass, of which each ends with an evaluation of all windows so far."""

    now: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    version: str = "1"
    windows: list[Window] = field(default_factory=list)
    memory: FakeMemory = field(default_factory=FakeMemory)
    runs: list[str] = field(default_factory=list)
    dies: str = ""
    is_training: bool = False

    def pass_a_day(self, metric: float | None = GOOD, anomalies: Iterable[str] | None = ()) -> None:
        self.now += timedelta(days=1)
        found = None if anomalies is None else frozenset(anomalies)
        self.windows.append(Window(self.now, metric, 500, found))
        self.evaluate()

    def evaluate(self) -> str:
        return retrain_if_due(self.windows, COUNT, BOUND, self.version, self.memory, self.submit)

    def submit(self, run: str) -> str:
        if self.dies == "before":
            raise Killed
        if run not in self.runs:  # as Vertex AI, which knows a job's id once
            self.runs.append(run)
        if self.dies == "after":
            raise Killed
        return "" if self.is_training else f"jobs/{run}"

    def deploy(self, version: str) -> None:
        self.version, self.windows = version, []


def test_a_drop_that_lasts_asks_for_one_model() -> None:
    world = World()
    for metric in (GOOD, BAD, BAD):
        world.pass_a_day(metric)
    assert world.runs == []
    for _ in range(10):
        world.pass_a_day(BAD)
    assert world.runs == ["retrain-1-202601050000"]
    assert "asked for already (auc was below 0.6 in 3 windows" in world.evaluate()


def test_a_model_that_flaps_is_left_alone() -> None:
    world = World()
    for day in range(60):
        drifted = ["miles"] if day % COUNT else ["company"]
        world.pass_a_day(GOOD if day % COUNT == 0 else BAD, drifted)
    assert world.runs == []


def test_an_input_that_stays_away_asks_for_one_model() -> None:
    world = World()
    world.pass_a_day(anomalies=["miles"])
    world.pass_a_day(anomalies=["miles", "company"])
    assert world.runs == []
    for _ in range(5):
        world.pass_a_day(anomalies=["miles"])
    assert len(world.runs) == 1
    assert "anomalies of miles in 3 windows in a row" in world.evaluate()


def test_the_next_version_may_be_replaced_too() -> None:
    world = World()
    for _ in range(5):
        world.pass_a_day(BAD)
    world.deploy("2")
    world.pass_a_day(BAD)
    assert len(world.runs) == 1
    for _ in range(5):
        world.pass_a_day(BAD)
    assert [run.split("-")[1] for run in world.runs] == ["1", "2"]


def test_windows_without_labels_or_requests_decide_nothing() -> None:
    world = World()
    for metric in (BAD, UNKNOWN, BAD, UNKNOWN):
        world.pass_a_day(metric, anomalies=None)
    assert world.runs == []
    world.pass_a_day(BAD, anomalies=None)
    assert len(world.runs) == 1


@pytest.mark.parametrize("moment", ["before", "after"])
def test_an_evaluation_that_is_killed_asks_once_in_the_end(moment: str) -> None:
    world = World()
    for _ in range(COUNT - 1):
        world.pass_a_day(BAD)
    world.dies = moment
    with pytest.raises(Killed):
        world.pass_a_day(BAD)
    world.dies = ""
    for _ in range(3):
        world.pass_a_day(GOOD)
    assert len(world.runs) == 1
    assert world.memory.asked is not None
    assert world.memory.asked.job


def test_what_has_to_be_started_later_is_asked_for_until_it_was() -> None:
    world = World(is_training=True)
    for _ in range(COUNT):
        world.pass_a_day(BAD)
    assert "a new model is being trained (auc was below 0.6" in world.evaluate()
    world.is_training = False
    assert "a new model is asked for: auc" in world.evaluate()
    assert "asked for already" in world.evaluate()
    assert len(world.runs) == 1


def test_of_two_evaluations_at_once_one_asks() -> None:
    world = World()
    world.memory.is_raced = True
    for _ in range(COUNT):
        world.pass_a_day(BAD)
    assert world.runs == []
    assert "another evaluation was faster" in world.evaluate()


def test_windows_end_by_the_jobs_clock_and_after_the_deployment() -> None:
    day, following = timedelta(days=1), datetime(2026, 1, 9, tzinfo=UTC)
    since = following - 3 * day
    assert list_ends(since, following, day, 9) == [following - 2 * day, following - day]
    assert list_ends(since, following, day, 1) == [following - day]
    assert list_ends(since, None, day, 9) == []  # Vertex AI has not scheduled the job yet


def test_an_error_is_bad_above_its_bound() -> None:
    bound = Bound("mean_absolute_error", 3.0, more_is_better=False)
    assert [bound.is_bad(value) for value in (2.9, 3.0, 3.1)] == [False, False, True]


@pytest.mark.parametrize(
    ("metric", "predictions", "labels", "expected"),
    [
        ("auc", [0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1], 0.75),
        ("auc", [0.5, 0.5, 0.5], [0, 1, 1], 0.5),
        ("auc", [0.5, 0.6], [1, 1], None),
        ("accuracy", [0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1], 0.75),
        ("mean_absolute_error", [1.0, 5.0], [2, 2], 2.0),
        ("mean_squared_error", [1.0, 5.0], [2, 2], 5.0),
        ("auc", [], [], None),
    ],
)
def test_metrics_are_the_known_ones(
    metric: str, predictions: list[float], labels: list[float], expected: float | None
) -> None:
    assert measure(metric, predictions, labels) == expected
