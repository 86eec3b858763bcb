"""Requests of a size that DLP takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

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
