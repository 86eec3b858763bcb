"""A schedule that cannot be is refused when the settings are read."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from mlops.schedule import Schedule


def test_a_schedule_runs_in_its_time_zone() -> None:
    declared = Schedule(pipeline="training", cron="0 5 * * 1-5", time_zone="America/Chicago")
    assert declared.timed == "TZ=America/Chicago 0 5 * * 1-5"
    assert declared.max_concurrent_run_count == 1


@pytest.mark.parametrize(
    "cron", ["*/15 * * * *", "0 0,12 1 */2 *", "5 4 * JAN-MAR SUN", "0 0 * * 7"]
)
def test_a_cron_expression_is_taken(cron: str) -> None:
    assert Schedule(pipeline="training", cron=cron).cron == cron


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"cron": "0 5 * *"}, "'0 5 * *' has 4 fields: write five"),
        ({"cron": "60 5 * * *"}, "'60' is no minute; write * or numbers from 0 to 59"),
        ({"cron": "0 5 * 13 *"}, "'13' is no month"),
        ({"cron": "0 5 0 * *"}, "'0' is no day of the month"),
        ({"cron": "0 5-25 * * *"}, "'5-25' is no hour"),
        ({"cron": "0 5;6 * * *"}, "'5;6' is no hour"),
        ({"cron": "0 5 * * *", "time_zone": "Chicago"}, "'Chicago' is not known: write one"),
        ({"cron": "0 5 * * *", "max_concurrent_run_count": 0}, "greater than or equal to 1"),
        ({"cron": "0 5 * * *", "timezone": "Etc/UTC"}, "timezone"),
    ],
)
def test_a_schedule_that_cannot_be_is_refused(values: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Schedule.model_validate({"pipeline": "training", **values})
    assert message in str(caught.value)
