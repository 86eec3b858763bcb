"""Page tokens: where a list goes on, and which list they belong to."""

import base64
import hashlib


def make_token(offset: int, selection: bytes) -> str:
    """The token of the page that begins at an offset.

    Args:
        offset: how many items the pages before it hold.
        selection: what the requests of all pages must agree on.
    """
    return base64.urlsafe_b64encode(f"{offset}:{_mark(selection)}".encode()).decode()


def read_offset(token: str, selection: bytes) -> int | None:
    """Where a page begins, 0 without a token; None for a token of another list, or of nobody's."""
    if not token:
        return 0
    try:
        offset, _, mark = base64.urlsafe_b64decode(token).decode().partition(":")
        return int(offset) if mark == _mark(selection) else None
    except ValueError:
        return None


def _mark(selection: bytes) -> str:
    return hashlib.sha256(selection).hexdigest()[:16]
