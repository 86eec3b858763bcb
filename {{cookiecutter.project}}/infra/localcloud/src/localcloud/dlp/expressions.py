"""Regular expressions as DLP takes them: of RE2, which no text can keep busy for long."""

from functools import lru_cache
from typing import Any, TypeAlias

import re2
from google.api_core.exceptions import InvalidArgument

Expression: TypeAlias = Any  # RE2's objects, which have the methods of those of `re`

_KEPT = 256  # compiled expressions


@lru_cache(_KEPT)
def expression(pattern: str) -> Expression:
    """A compiled regular expression.

    Raises:
        InvalidArgument: it is none.
    """
    if not pattern:
        raise InvalidArgument("A regex has no pattern; give it one.")
    options = re2.Options()
    options.log_errors = False  # the client is told
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0].decode()
        raise InvalidArgument(
            f"The regex {pattern!r} cannot be read: {reason}; write it in RE2's syntax."
        ) from None
