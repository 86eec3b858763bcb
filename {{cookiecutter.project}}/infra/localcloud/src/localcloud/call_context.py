"""What belongs to a request besides its message: the host it was sent to, its answer's headers."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field


@dataclass
class CallContext:
    """The surroundings of one call, over gRPC or REST.

    `host` is the host name that the client called, or empty; `preview` tells whether it called
    the v1beta1 API. A handler sets `response_headers`
    before it returns (for a stream, before its first message); gRPC sends them as metadata.
    """

    host: str = ""
    preview: bool = False
    response_headers: dict[str, str] = field(default_factory=dict)


_CURRENT: ContextVar[CallContext] = ContextVar("call")


@contextmanager
def entering(host: str, *, preview: bool = False) -> Iterator[CallContext]:
    """Make a new context the current one while a handler runs."""
    context = CallContext(host.lower(), preview)
    token = _CURRENT.set(context)
    try:
        yield context
    finally:
        _CURRENT.reset(token)


def current() -> CallContext:
    """The context of the call that this thread answers."""
    return _CURRENT.get(CallContext())
