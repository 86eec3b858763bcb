"""What an applied change leaves in the state: every unknown value has become known."""

from __future__ import annotations

from typing import Any

from terraform_google.identities import computed_value
from terraform_google.schema import Block, Type, is_repeated
from terraform_google.values import UNKNOWN, Value

FIRST = ("name", "email", "id")  # other values are made from these


def applied(
    type_name: str,
    block: Block,
    planned: dict[str, Value],
    resource: dict[str, Value] | None = None,
) -> dict[str, Value]:
    """The state of a resource, or of a block inside of `resource`, after its plan was applied."""
    state = dict(planned)
    resource = state if resource is None else resource
    for name in sorted(block.attributes, key=_order):
        attribute = block.attributes[name]
        state[name] = _known(attribute.type, state.get(name), type_name, name, resource)
    for name, nested in block.blocks.items():
        inner = state.get(name)
        if inner is UNKNOWN:
            state[name] = []
        elif is_repeated(nested) and isinstance(inner, list):
            state[name] = [applied(type_name, nested.block, each, resource) for each in inner]
        elif nested.nesting == "map" and isinstance(inner, dict):
            state[name] = {
                key: applied(type_name, nested.block, each, resource) for key, each in inner.items()
            }
        elif isinstance(inner, dict):
            state[name] = applied(type_name, nested.block, inner, resource)
    return state


def _order(name: str) -> tuple[int, str]:
    return (FIRST.index(name) if name in FIRST else len(FIRST), name)


def _known(
    type_: Type, value: Value, type_name: str, name: str, resource: dict[str, Value]
) -> Value:
    if value is UNKNOWN:
        return computed_value(type_, type_name, name, resource)
    if isinstance(value, list) and isinstance(type_, list):
        return [_known(type_[1], each, type_name, name, resource) for each in value]
    if isinstance(value, dict) and isinstance(type_, list):
        return {
            key: _known(_member_type(type_, key), each, type_name, key, resource)
            for key, each in value.items()
        }
    return value


def _member_type(type_: list[Any], key: str) -> Type:
    member: Type = type_[1][key] if type_[0] == "object" else type_[1]
    return member
