"""Work that is done again and again in the background, for as long as the server runs."""

import logging
import threading
from collections.abc import Callable

_DELAY = 1.0  # seconds between the end of a turn and the next one
_LOG = logging.getLogger(__name__)


class Repeater:
    """Does its work about once a second, from a thread of its own, even if a turn has failed."""

    def __init__(self, name: str, work: Callable[[], None]) -> None:
        self._name, self._work = name, work
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Do the work a last time, and no more; nothing is done if it had not begun."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()
            self._work()

    def _run(self) -> None:
        while not self._stopped.wait(_DELAY):
            try:
                self._work()
            except Exception:
                _LOG.exception("%s: this turn has failed", self._name)
