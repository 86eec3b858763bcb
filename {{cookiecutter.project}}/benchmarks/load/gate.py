"""What a load test must show: no failures, and ratios, which hold on any machine; never times."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Requests:
    """What Locust saw of the requests of one size."""

    rows: int
    count: int
    failures: int
    rate: float  # requests a second
    times: dict[int, int]  # how many took so many milliseconds

    def percentile(self, share: float) -> float:
        """The milliseconds in which a share of the requests was answered."""
        wanted, seen = math.ceil(share * sum(self.times.values())), 0
        for milliseconds, count in sorted(self.times.items()):
            seen += count
            if seen >= wanted:
                return milliseconds
        return math.nan


@dataclass(frozen=True)
class Gate:
    """The bounds of a load test.

    Attributes:
        failure_percent: of all requests, at most.
        row_ratio: in closed loop, at least: rows a second in large requests, to those in single
            ones. With users that take turns it is the number of rows when both are served alike.
        latency_ratio: in open loop, at most: the 95th percentile of large requests to that of
            single ones.
        requests: of each size, at least; fewer prove nothing.
    """

    failure_percent: float = 0.0
    row_ratio: float = 50.0
    latency_ratio: float = 1.5
    requests: int = 100

    def problems(self, closed: list[Requests], opened: list[Requests]) -> list[str]:
        """What does not hold, each as a sentence; nothing when the gate is passed."""
        found = []
        for loop, sizes in (("closed", closed), ("open", opened)):
            for each in sizes:
                if each.count < self.requests:
                    found.append(
                        f"{loop} loop: only {each.count} requests of {each.rows} rows were"
                        f" answered, at least {self.requests} are needed"
                    )
            total, failed = sum(each.count for each in sizes), sum(each.failures for each in sizes)
            if total and 100 * failed / total > self.failure_percent:
                found.append(
                    f"{loop} loop: {failed} of {total} requests failed, at most"
                    f" {self.failure_percent:g} % may"
                )
        if found:
            return found  # ratios of what failed mean nothing
        if (rows := row_ratio(closed)) < self.row_ratio:
            found.append(
                f"large requests bring {rows:.1f} times the rows of single ones, at least"
                f" {self.row_ratio:g} times are needed"
            )
        if (latency := latency_ratio(opened)) > self.latency_ratio:
            found.append(
                f"large requests take {latency:.2f} times as long as single ones (95th"
                f" percentile), at most {self.latency_ratio:g} times are allowed"
            )
        return found


def read(statistics: list[dict[str, Any]], rows: dict[str, int]) -> list[Requests]:
    """What `locust --json` printed, by the names of the sizes; smallest first.

    Args:
        statistics: one object for each name.
        rows: of a request, by its name.
    """
    found = {each["name"]: each for each in statistics}
    return [
        _requests(found.get(name, {}), count)
        for name, count in sorted(rows.items(), key=lambda item: item[1])
    ]


def row_ratio(sizes: list[Requests]) -> float:
    """Rows a second of the largest requests, to those of the smallest."""
    smallest, largest = sizes[0], sizes[-1]
    if not smallest.rate:
        return 0.0
    return largest.rows * largest.rate / (smallest.rows * smallest.rate)


def latency_ratio(sizes: list[Requests]) -> float:
    """The 95th percentile of the largest requests' times, to that of the smallest."""
    return sizes[-1].percentile(0.95) / max(sizes[0].percentile(0.95), 1)


def _requests(content: dict[str, Any], rows: int) -> Requests:
    count = int(content.get("num_requests", 0))
    seconds = content.get("last_request_timestamp", 0) - content.get("start_time", 0)
    times = {int(float(key)): int(n) for key, n in content.get("response_times", {}).items()}
    failures = int(content.get("num_failures", 0))
    return Requests(rows, count, failures, count / seconds if seconds > 0 else 0.0, times)
