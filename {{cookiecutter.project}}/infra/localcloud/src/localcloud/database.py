"""One SQLite file that several threads share."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Database:
    """A durable file with a schema; one lock serialises writers."""

    def __init__(self, path: Path, schema: str) -> None:
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.execute("pragma journal_mode = wal")
        # A commit outlives this process, also if it is killed; only a crash of the machine may
        # take the last ones back. To wait for the disk each time would cost most of a short task.
        self._connection.execute("pragma synchronous = normal")
        self._connection.executescript(schema)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold the lock for several calls; they all happen, or (on an exception) none does."""
        with self._lock:
            if self._connection.in_transaction:
                yield
                return
            self._connection.execute("begin immediate")
            try:
                yield
            except BaseException:
                self._connection.execute("rollback")
                raise
            self._connection.execute("commit")
