"""Checks that a request names resources as its RPC's HTTP bindings demand."""

from collections.abc import Iterator
from typing import Any

from google.api_core.exceptions import InvalidArgument

from localcloud import path_template
from localcloud.field_checks import refusal
from localcloud.rpc import Message, Rpc, raw

_SHOWN = 200  # characters of a wrong name


def check_names(rpc: Rpc, request: Message) -> None:
    """Refuse a request whose names fit none of its RPC's bindings.

    Raises:
        InvalidArgument: names the field, what it holds and the expected pattern.
    """
    message = raw(request)
    misfits = []
    for binding in rpc.bindings:
        misfit = next(_misfits(path_template.parse(binding.uri).fields, message), None)
        if misfit is None:
            return
        misfits.append(misfit)
    if misfits:
        field, value, _ = misfits[0]
        raise _refusal(field, value, " or ".join(dict.fromkeys(each[2] for each in misfits)))


def _refusal(field: str, value: str, expected: str) -> InvalidArgument:
    if value:
        return refusal(field, f"is {value[:_SHOWN]!r}, expected {expected}")
    return refusal(field, f"is required, as {expected}")


def _misfits(patterns: dict[str, str], message: Any) -> Iterator[tuple[str, str, str]]:
    """The fields (with value and pattern) that do not fit one binding."""
    for field, pattern in patterns.items():
        value = _value(message, field)
        if not path_template.name_pattern(pattern).fullmatch(value):
            yield field, value, pattern


def _value(message: Any, path: str) -> str:
    for name in path.split("."):
        message = getattr(message, name)
    return str(message)
