"""Terraform's values, as Python knows them, on the wire.

An object is a dict, a list or set a list, a null None, and what is known only after apply UNKNOWN.
"""

from __future__ import annotations

import json
from typing import Any

import msgpack

from terraform_google.protocol import messages

Value = Any


class _Unknown:
    def __repr__(self) -> str:
        return "(known after apply)"


UNKNOWN = _Unknown()


def to_wire(value: Value) -> Any:
    """A value as a DynamicValue."""
    return messages.DynamicValue(msgpack=msgpack.packb(value, default=_pack_unknown))


def from_wire(value: Any) -> Value:
    """The value of a DynamicValue; a refinement of an unknown value is dropped."""
    if value.msgpack:
        return msgpack.unpackb(
            value.msgpack, ext_hook=lambda _code, _data: UNKNOWN, strict_map_key=False
        )
    return json.loads(value.json) if value.json else None


def is_wholly_known(value: Value) -> bool:
    """Whether no part of a value is unknown."""
    if isinstance(value, dict):
        return all(is_wholly_known(part) for part in value.values())
    if isinstance(value, list):
        return all(is_wholly_known(part) for part in value)
    return value is not UNKNOWN


def _pack_unknown(value: object) -> msgpack.ExtType:
    if value is UNKNOWN:
        return msgpack.ExtType(0, b"\0")
    raise TypeError(f"Terraform has no value like {value!r}.")
