"""The gate of the load test judges failures and ratios, never times."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.load.gate import Gate, Requests, latency_ratio, read, row_ratio

ROWS = {"large": 64, "single": 1}


def statistics(name: str, count: int = 1000, failures: int = 0, **times: int) -> dict[str, Any]:
    """What `locust --json` prints of one name; times are given as `ms_20=count`."""
    taken = times or {"ms_20": count}
    return {
        "name": name,
        "num_requests": count,
        "num_failures": failures,
        "start_time": 100.0,
        "last_request_timestamp": 110.0,
        "response_times": {key.removeprefix("ms_"): each for key, each in taken.items()},
    }


def sizes(single: dict[str, Any], large: dict[str, Any]) -> list[Requests]:
    return read([large, single], ROWS)


GOOD = sizes(statistics("single"), statistics("large"))


def test_what_locust_prints_is_read() -> None:
    single, large = sizes(
        statistics("single", 100, ms_10=90, ms_30=9, ms_500=1), statistics("large", 50)
    )
    assert (single.rows, large.rows) == (1, 64)
    assert (single.rate, large.rate) == (10.0, 5.0)
    assert [single.percentile(share) for share in (0.5, 0.9, 0.95, 1.0)] == [10, 10, 30, 500]
    assert row_ratio([single, large]) == 32.0
    assert latency_ratio([single, large]) == pytest.approx(20 / 30)


def test_a_good_run_passes_however_slow_the_machine_is() -> None:
    slow = sizes(statistics("single", ms_9000=1000), statistics("large", ms_9500=1000))
    assert Gate().problems(GOOD, GOOD) == []
    assert Gate().problems(slow, slow) == []


@pytest.mark.parametrize(
    ("closed", "opened", "problem"),
    [
        (sizes(statistics("single", failures=1), statistics("large")), GOOD, "closed loop: 1 of"),
        (GOOD, sizes(statistics("single"), statistics("large", failures=2)), "open loop: 2 of"),
        (sizes(statistics("single"), statistics("large", 99)), GOOD, "only 99 requests of 64"),
        (read([statistics("single")], ROWS), GOOD, "only 0 requests of 64 rows"),
        (sizes(statistics("single"), statistics("large", 780)), GOOD, "bring 49.9 times"),
        (GOOD, sizes(statistics("single"), statistics("large", ms_31=1000)), "take 1.55 times"),
    ],
)
def test_a_bad_run_is_told(closed: list[Requests], opened: list[Requests], problem: str) -> None:
    problems = Gate().problems(closed, opened)
    assert len(problems) == 1
    assert problem in problems[0]
