"""Schedules outlive the server; what it missed follows their rules."""

import os
import signal

import pytest

from localcloud.home import Home
from localcloud.server_state import read_state
from tests.schedules.schedule_client import HOUR, ScheduleClient


@pytest.mark.parametrize(("queueing", "missed"), [(False, 0), (True, 2)])
def test_a_killed_server_goes_on(schedules: ScheduleClient, queueing: bool, missed: int) -> None:
    schedules.finish()
    schedule = schedules.create(allow_queueing=queueing)
    schedules.pass_time_until(schedule)
    assert schedules.starts(schedule, 1)

    state = read_state(Home(schedules.localcloud.home))
    assert state
    os.kill(state.pid, signal.SIGKILL)
    schedules.clock.advance(2 * HOUR)
    schedules.localcloud.up()

    assert schedules.starts(schedule, 1 + missed)
    assert schedules.get(schedule).next_run_time > schedules.clock.now()
    schedules.pass_time_until(schedule)
    assert schedules.starts(schedule, 2 + missed)
