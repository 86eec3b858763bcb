"""What clients may find after a crash: what was acknowledged, or what was under way."""

import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager

Value = Hashable  # None stands for what is not there


class Ledger:
    """The values that a key may have by what one writer was told.

    A write that is acknowledged leaves its value alone. One that the crash cut off leaves two: it
    may have happened or not, but nothing in between.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._possible: dict[str, set[Value]] = {}
        self._changed: set[str] = set()

    def value(self, key: str) -> Value:
        """The one value of a key."""
        (value,) = self._possible.get(key, {None})
        return value

    def present(self) -> list[str]:
        """The keys of what is there."""
        return [key for key, values in self._possible.items() if values != {None}]

    @contextmanager
    def writing(self, key: str, value: Value) -> Iterator[None]:
        """The block writes this value; if it ends well, that is acknowledged."""
        with self._lock:
            self._possible[key] = {self.value(key), value}
            self._changed.add(key)
        yield
        self._possible[key] = {value}

    def check(self, read: Callable[[str], Value], *, everything: bool = False) -> list[str]:
        """What does not hold of the keys written since the last check; what is read counts on."""
        wrong = []
        for key in sorted(self._possible if everything else self._changed):
            found = read(key)
            if found not in self._possible[key]:
                wrong.append(f"{key} is {found!r}, not {self._possible[key]!r}")
            self._possible[key] = {found}
        self._changed.clear()
        return wrong
