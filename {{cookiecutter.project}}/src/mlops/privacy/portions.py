"""Requests of a size, and at a pace, that DLP takes."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from google.api_core.retry import Retry

THREADS = 8  # that ask at the same time
BYTES_A_VALUE = 12  # that a message needs beside the value itself

Item = TypeVar("Item")
Answer = TypeVar("Answer")


def portions(
    items: Iterable[Item], size: Callable[[Item], int], largest: int, most: int
) -> Iterator[list[Item]]:
    """The items in their order, cut into portions.

    Args:
        items: values, or rows of them.
        size: of an item, in bytes.
        largest: of a portion, in bytes, unless one item is larger.
        most: items a portion.
    """
    part: list[Item] = []
    filled = 0
    for item in items:
        own = size(item)
        if part and (filled + own > largest or len(part) == most):
            yield part
            part, filled = [], 0
        part.append(item)
        filled += own
    if part:
        yield part


def ask_in_order(
    ask: Callable[[list[Item]], Answer], parts: Iterable[list[Item]]
) -> Iterator[Answer]:
    """The answers in the order of the portions, of which only those that are asked are held."""
    waiting: deque[Future[Answer]] = deque()
    with ThreadPoolExecutor(THREADS) as pool:
        for part in parts:
            waiting.append(pool.submit(ask, part))
            if len(waiting) > THREADS:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def patience() -> Retry:
    """Asks again, later and later, while the quota of requests a minute is used up.

    DLP's client does so only for failures that pass. After ten minutes it gives up.
    """
    from google.api_core.exceptions import ResourceExhausted
    from google.api_core.retry import Retry, if_exception_type

    used_up = if_exception_type(ResourceExhausted)
    return Retry(predicate=used_up, initial=0.1, multiplier=2, maximum=60, timeout=600)
