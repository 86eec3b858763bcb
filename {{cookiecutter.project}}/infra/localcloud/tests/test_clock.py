"""The clock that schedules follow, and the command that moves it."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from localcloud.clock import Clock
from tests.conftest import Localcloud

HOUR = timedelta(hours=1)
SLACK = timedelta(minutes=5)


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    return Clock(tmp_path / "clock")


@pytest.fixture
def own(tmp_path: Path) -> Localcloud:
    return Localcloud(tmp_path)


def ahead(clock: Clock) -> timedelta:
    return clock.now() - datetime.now(UTC)


def test_it_is_real_time_at_first(clock: Clock) -> None:
    assert abs(ahead(clock)) < SLACK


def test_an_advance_is_kept_and_seen_by_others(clock: Clock, tmp_path: Path) -> None:
    other = Clock(tmp_path / "clock")
    clock.advance(HOUR)
    other.advance(HOUR)
    assert clock.offset == other.offset == 2 * HOUR
    assert abs(ahead(clock) - 2 * HOUR) < SLACK


def test_advances_at_the_same_time_add_up(clock: Clock) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(clock.advance, [HOUR] * 40))
    assert clock.offset == 40 * HOUR


@pytest.mark.parametrize("step", [timedelta(seconds=-1), timedelta(days=40_000)])
def test_it_does_not_go_back_or_out_of_bounds(clock: Clock, step: timedelta) -> None:
    with pytest.raises(ValueError, match="only goes ahead"):
        clock.advance(step)
    assert clock.offset == timedelta(0)


def test_reset_is_back_at_real_time(clock: Clock) -> None:
    clock.advance(HOUR)
    clock.reset()
    clock.reset()
    assert clock.offset == timedelta(0)


def test_a_wait_ends_when_the_clock_reaches_its_time(clock: Clock, tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(clock.wait, clock.now() + HOUR, threading.Event())
        Clock(tmp_path / "clock").advance(HOUR / 2)
        assert not waiting.done()
        Clock(tmp_path / "clock").advance(HOUR)
        assert waiting.result(timeout=60) is True


def test_a_wait_ends_when_it_is_stopped(clock: Clock) -> None:
    stop = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(clock.wait, clock.now() + HOUR, stop)
        stop.set()
        assert waiting.result(timeout=60) is False


def test_the_command_moves_it(own: Localcloud) -> None:
    assert "(real time)" in own.cli("clock", "show").stdout
    assert "1:30:45 ahead" in own.cli("clock", "advance", "1h30m45s").stdout
    assert "1 day, 1:30:45 ahead" in own.cli("clock", "advance", "1d").stdout
    assert Clock(own.home / "clock").offset == timedelta(days=1, hours=1, minutes=30, seconds=45)
    assert "(real time)" in own.cli("clock", "reset").stdout


@pytest.mark.parametrize("duration", ["", "soon", "-1h", "90", "1h 30m", "99999999999999w"])
def test_the_command_refuses_what_is_no_duration(own: Localcloud, duration: str) -> None:
    refused = own.cli("clock", "advance", "--", duration)
    assert refused.returncode == 2
    assert "is no duration" in refused.stderr or "is too long" in refused.stderr
    assert not (own.home / "clock").exists()


def test_the_command_needs_a_state_folder(tmp_path: Path) -> None:
    refused = Localcloud(tmp_path / "none").cli("clock", "advance", "1h")
    assert refused.returncode == 1
    assert "localcloud up" in refused.stderr
    assert not (tmp_path / "none").exists()
