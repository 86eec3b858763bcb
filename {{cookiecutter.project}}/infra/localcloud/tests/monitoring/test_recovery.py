"""Jobs outlive localcloud, however it ends, and make up for runs that it missed."""

import json
import os
import signal

from localcloud.server_state import read_state
from tests.conftest import Localcloud
from tests.monitoring.monitoring_client import FAR, HOUR, ROWS, MonitoringClient


def test_a_killed_server_goes_on_with_its_jobs(
    own: Localcloud, monitoring: MonitoringClient
) -> None:
    job = monitoring.create(sample_predict_instance=json.dumps(ROWS[0]))
    monitoring.ask(ROWS)
    due = monitoring.pass_an_hour(job).next_schedule_time
    monitoring.ask(FAR)  # is logged when the next server runs
    state = read_state(monitoring.home)
    assert state
    os.kill(state.pid, signal.SIGKILL)
    monitoring.clock.advance(2 * HOUR)
    own.up()
    assert monitoring.waits(lambda: monitoring.get(job).next_schedule_time > due + HOUR)
    distances = monitoring.distances(job)
    assert distances["company"] == [0, 0]
    assert [round(distance, 6) for distance in distances["miles"]] == [0, 1]
    monitoring.ask(ROWS)  # the new server logs as the old one did
    monitoring.pass_an_hour(job)
    assert monitoring.distances(job)["company"] == [0, 0, 0]
