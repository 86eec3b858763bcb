"""Requests of a size, and at a pace, that DLP takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from google.api_core.retry import Retry

THREADS = 8  # that ask at the same time
BYTES_A_VALUE = 12  # that a message needs beside the value itself

Item = TypeVar("Item")


def portions(
    items: Sequence[Item], size: Callable[[Item], int], largest: int, most: int
) -> Iterator[Sequence[Item]]:
    """The items in their order, cut into portions.

    Args:
        items: values, or rows of them.
        size: of an item, in bytes.
        largest: of a portion, in bytes, unless one item is larger.
        most: items a portion.
    """
    start = filled = 0
    for place, item in enumerate(items):
        own = size(item)
        if place > start and (filled + own > largest or place - start == most):
            yield items[start:place]
            start, filled = place, 0
        filled += own
    if start < len(items):
        yield items[start:]


def patience() -> Retry:
    """Asks again, later and later, while the quota of requests a minute is used up.

    DLP's client does so only for failures that pass. After ten minutes it gives up.
    """
    from google.api_core.exceptions import ResourceExhausted
    from google.api_core.retry import Retry, if_exception_type

    used_up = if_exception_type(ResourceExhausted)
    return Retry(predicate=used_up, initial=0.1, multiplier=2, maximum=60, timeout=600)
