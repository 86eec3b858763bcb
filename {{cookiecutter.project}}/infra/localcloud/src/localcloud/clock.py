"""The time that schedules and monitoring follow; it can be moved ahead of real time."""

import fcntl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from localcloud.files import write_private

_LOOK = 0.1  # seconds between two looks at whether the clock was moved
_NO_TIME = timedelta(0)
_LONGEST = timedelta(days=36525)  # a century, so that times stay below what datetime can hold


class Clock:
    """Real time plus an offset, which lies in a file.

    The command line and a running server share the file: a move made by either one reaches the
    other, and lasts. Everything else in localcloud, such as the times in resources, is real time.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def now(self) -> datetime:
        """The time by this clock, in UTC."""
        return datetime.now(UTC) + self.offset

    @property
    def offset(self) -> timedelta:
        """How far the clock is ahead of real time."""
        try:
            return timedelta(seconds=float(self._path.read_text()))
        except FileNotFoundError:
            return _NO_TIME

    def advance(self, step: timedelta) -> None:
        """Move the clock ahead; those who wait for a time in between wake.

        Raises:
            ValueError: it would go back, or be more than a century ahead.
        """
        with self._locked():
            offset = self.offset + step
            if step < _NO_TIME or offset > _LONGEST:
                raise ValueError(
                    "The clock only goes ahead, up to a century; `reset` sets it back."
                )
            write_private(self._path, str(offset.total_seconds()).encode())

    def reset(self) -> None:
        """Go back to real time."""
        with self._locked():
            self._path.unlink(missing_ok=True)

    def wait(self, until: datetime, stop: threading.Event) -> bool:
        """Wait for a time, which comes sooner if the clock is advanced.

        Returns:
            True once the time has come, False as soon as `stop` is set.
        """
        while not stop.is_set():
            left = (until - self.now()).total_seconds()
            if left <= 0:
                return True
            stop.wait(min(left, _LOOK))
        return False

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep other processes from moving the clock at the same time."""
        with self._path.with_suffix(".lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
