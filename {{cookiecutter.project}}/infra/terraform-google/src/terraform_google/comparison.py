"""What a change of the configuration does: two plans from nothing, resource by resource."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from terraform_google.plan import Plan, Values

_LONGEST = 120  # characters of a value


def compare(before: Plan, after: Plan) -> Iterator[str]:
    """A line for each resource that comes or goes, and for each value that becomes another one."""
    old, new = _wanted(before), _wanted(after)
    for address in sorted(old.keys() | new.keys()):
        if address not in old:
            yield f"+ {address}"
        elif address not in new:
            yield f"- {address}"
        else:
            yield from _changes(address, old[address], new[address])


def _wanted(plan: Plan) -> dict[str, Values]:
    return {each.address: each.values for each in plan.resources if each.is_managed}


def _changes(address: str, old: Values, new: Values) -> Iterator[str]:
    for name in sorted(old.keys() | new.keys()):
        was, becomes = old.get(name), new.get(name)
        if was != becomes:
            yield f"~ {address}: {name} was {_show(was)}, becomes {_show(becomes)}"


def _show(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
