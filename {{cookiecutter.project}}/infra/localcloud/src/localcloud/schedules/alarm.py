"""A thread that does what is due and sleeps until more is."""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from localcloud.clock import Clock

_AFTER_FAILURE = timedelta(seconds=5)
_LOG = logging.getLogger(__name__)


class Alarm:
    """Calls a function when the clock reaches the time that its last call has named."""

    def __init__(self, name: str, clock: Clock, work: Callable[[], datetime | None]) -> None:
        """Prepare; `work` does what is due and returns when to call it again, if ever."""
        self._name = name
        self._clock = clock
        self._work = work
        self._woken = threading.Event()
        self._stopping = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin, with a first call at once."""
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Call the function soon, since what is due may have changed."""
        self._woken.set()

    def stop(self) -> None:
        """Let a call that is under way end, and make no other."""
        self._stopping = True
        self._woken.set()
        if self._thread:
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping:
            self._woken.clear()
            self._sleep(self._call())

    def _call(self) -> datetime | None:
        if self._stopping:
            return None
        try:
            return self._work()
        except Exception:
            _LOG.exception("%s", self._name)
            return self._clock.now() + _AFTER_FAILURE

    def _sleep(self, until: datetime | None) -> None:
        if self._stopping:
            return
        if until is None:
            self._woken.wait()
        else:
            self._clock.wait(until, self._woken)
