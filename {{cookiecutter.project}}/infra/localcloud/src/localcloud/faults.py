"""Faults on demand: errors, latency and quotas for the services and methods that a user names.

They last as long as the server. Which requests of a rate are hit follows from the fault's seed and
the order of the requests alone, so a run can be repeated.
"""

import random
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields
from fnmatch import fnmatchcase
from typing import Any

from google.api_core.exceptions import (
    GoogleAPICallError,
    from_grpc_status,
    from_http_status,
)
from grpc import StatusCode

_LONGEST_LATENCY = 600.0  # seconds
_ERROR_STATUSES = range(400, 600)


@dataclass(frozen=True)
class Fault:
    """What goes wrong, and where.

    Attributes:
        service: pattern of the service, such as `EndpointService`, `storage` or `*`.
        method: pattern of the RPC, such as `Predict`; for Cloud Storage and BigQuery, of the HTTP
            method.
        error: name of a gRPC code or number of an HTTP status; empty for none.
        rate: share of the requests that are hit, above 0 and up to 1.
        latency: seconds that a hit request waits before it goes on, or fails.
        quota: how many requests may pass in `period`; those beyond fail with RESOURCE_EXHAUSTED.
            0 stands for any number.
        period: seconds that the quota is about; they move along with time.
        count: how many requests are hit at most; 0 stands for any number.
        seed: chooses which requests a rate below 1 hits.
    """

    service: str = "*"
    method: str = "*"
    error: str = ""
    rate: float = 1.0
    latency: float = 0.0
    quota: int = 0
    period: float = 1.0
    count: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        if not (self.error or self.latency or self.quota):
            raise ValueError("A fault needs an error, a latency or a quota.")
        if self.quota and self.error:
            raise ValueError("A quota has an error of its own; add another fault for another one.")
        if not 0 < self.rate <= 1:
            raise ValueError(f"rate is {self.rate:g}; give a share above 0 and up to 1.")
        if not 0 <= self.latency <= _LONGEST_LATENCY:
            raise ValueError(f"latency is {self.latency:g} s; give 0 to {_LONGEST_LATENCY:.0f} s.")
        if min(self.quota, self.count) < 0 or self.period <= 0:
            raise ValueError("quota and count must not be negative, and a period takes time.")
        if self.error:
            _exception(self.error, "")

    def concerns(self, service: str, method: str) -> bool:
        """Whether it is about such requests; letter case does not matter."""
        return fnmatchcase(service.lower(), self.service.lower()) and fnmatchcase(
            method.lower(), self.method.lower()
        )


@dataclass
class _Active:
    """A fault that was added, and what it has done so far."""

    id: int
    fault: Fault
    random: random.Random
    hits: int = 0
    passed: deque[float] = field(default_factory=deque)

    def hit(self, now: float) -> bool:
        """Whether the request that comes now is hit."""
        fault = self.fault
        if fault.count and self.hits >= fault.count:
            return False
        chosen = fault.rate == 1 or self.random.random() < fault.rate
        if not chosen or (fault.quota and self._within_quota(now)):
            return False
        self.hits += 1
        return True

    def _within_quota(self, now: float) -> bool:
        while self.passed and self.passed[0] <= now - self.fault.period:
            self.passed.popleft()
        if len(self.passed) >= self.fault.quota:
            return False
        self.passed.append(now)
        return True


class Faults:
    """The faults of one running server."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._active: list[_Active] = []
        self._last_id = 0

    def add(self, description: dict[str, Any]) -> dict[str, Any]:
        """Add a fault given by its attributes; how it stands.

        Raises:
            ValueError: it is malformed.
        """
        unknown = description.keys() - {each.name for each in fields(Fault)}
        if unknown:
            raise ValueError(f"A fault has no {', '.join(sorted(unknown))}.")
        fault = Fault(**description)
        with self._lock:
            self._last_id += 1
            active = _Active(self._last_id, fault, random.Random(fault.seed))  # noqa: S311
            self._active = [*self._active, active]
        return _describe(active)

    def list(self) -> Iterator[dict[str, Any]]:
        """The faults with their ids, and how many requests each has hit."""
        return map(_describe, self._active)

    def clear(self, fault_id: int | None = None) -> int:
        """Remove one fault, or all; how many there were.

        Raises:
            ValueError: there is no fault of this id.
        """
        with self._lock:
            kept = [each for each in self._active if fault_id not in (None, each.id)]
            removed = len(self._active) - len(kept)
            if fault_id is not None and not removed:
                raise ValueError(
                    f"There is no fault {fault_id}; `localcloud faults list` shows all."
                )
            self._active = kept
        return removed

    def strike(self, service: str, method: str) -> tuple[float, GoogleAPICallError | None]:
        """What a request meets: seconds to wait before it goes on, then the error to fail with."""
        if not self._active:
            return 0.0, None
        latency, error = 0.0, None
        with self._lock:
            for active in self._active:
                fault = active.fault
                if error or not fault.concerns(service, method) or not active.hit(time.monotonic()):
                    continue
                latency += fault.latency
                if fault.quota:
                    error = _exception(
                        "RESOURCE_EXHAUSTED",
                        f"Quota exceeded for {service}/{method}: {fault.quota} requests in"
                        f" {fault.period:g} s (fault {active.id} of localcloud).",
                    )
                elif fault.error:
                    error = _exception(
                        fault.error, f"{service}/{method} fails by fault {active.id} of localcloud."
                    )
        return latency, error


def _describe(active: _Active) -> dict[str, Any]:
    return {"id": active.id, "hits": active.hits, **asdict(active.fault)}


def _exception(error: str, message: str) -> GoogleAPICallError:
    """The exception of a gRPC code's name or of an HTTP status's number."""
    if error.isdigit() and int(error) in _ERROR_STATUSES:
        return from_http_status(int(error), message)
    code = StatusCode.__members__.get(error.upper())
    if code is None or code is StatusCode.OK:
        names = ", ".join(name for name in StatusCode.__members__ if name != "OK")
        raise ValueError(f"error is {error!r}; give an HTTP status from 400 to 599, or {names}.")
    return from_grpc_status(code, message)
