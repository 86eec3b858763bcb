"""The schemas of a provider's types: loaded from schemas/, and as the protocol wants them."""

from __future__ import annotations

import json
import lzma
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from terraform_google.protocol import messages
from terraform_google.values import Value

SCHEMAS = Path(__file__).with_name("schemas")
PROVIDERS = ("google", "google-beta")
MAJOR_VERSIONS = (7, 8)

Type = str | list[Any]
"""A type as Terraform writes it in JSON: "string", or ["list", "string"]."""


@dataclass(frozen=True)
class Attribute:
    """An argument or an attribute of a block."""

    type: Type
    required: bool
    optional: bool
    computed: bool
    write_only: bool
    choices: tuple[str, ...] = ()
    """The values that the documentation lists; any value when there are none."""
    default: str | bool | float | None = None


@dataclass(frozen=True)
class NestedBlock:
    """A block inside a block, and how often it may stand there (0 at most: without limit)."""

    nesting: str
    minimum: int
    maximum: int
    block: Block


@dataclass(frozen=True)
class Block:
    """What a resource, a data source, a provider or a block inside of them may hold."""

    attributes: dict[str, Attribute] = field(default_factory=dict)
    blocks: dict[str, NestedBlock] = field(default_factory=dict)


@dataclass(frozen=True)
class ProviderSchema:
    """All that a provider knows."""

    name: str
    version: str
    configuration: Block
    resources: dict[str, Block]
    data_sources: dict[str, Block]


@cache
def load(provider: str, major_version: int) -> ProviderSchema:
    """The schema of one of PROVIDERS, in the newest release of a major version that is stored."""
    with lzma.open(schema_file(provider, major_version), "rt", encoding="utf-8") as file:
        stored = json.load(file)
    return ProviderSchema(
        name=provider,
        version=stored["version"],
        configuration=block_from_json(stored["provider"]),
        resources={name: block_from_json(block) for name, block in stored["resources"].items()},
        data_sources={name: block_from_json(block) for name, block in stored["data"].items()},
    )


def schema_file(provider: str, major_version: int) -> Path:
    """Where the schema of a provider is stored."""
    return SCHEMAS / f"{provider}-{major_version}.json.xz"


def block_from_json(stored: dict[str, Any]) -> Block:
    """A block from its stored form, that `block_to_json` writes."""
    return Block(
        {name: _attribute_from_json(*parts) for name, parts in stored.get("a", {}).items()},
        {
            name: NestedBlock(nesting, minimum, maximum, block_from_json(block))
            for name, (nesting, minimum, maximum, block) in stored.get("b", {}).items()
        },
    )


def block_to_json(block: Block) -> dict[str, Any]:
    """A block in its stored form: short, since there are thousands."""
    attributes = {name: _attribute_to_json(each) for name, each in block.attributes.items()}
    blocks = {
        name: [each.nesting, each.minimum, each.maximum, block_to_json(each.block)]
        for name, each in block.blocks.items()
    }
    return {key: part for key, part in (("a", attributes), ("b", blocks)) if part}


def to_message(block: Block) -> Any:
    """A block as a Schema of Terraform's protocol."""
    return messages.Schema(version=0, block=_block_message(block))


def null_object(block: Block) -> dict[str, Value]:
    """The value of a block in which nothing is set."""
    empty: dict[str, Value] = dict.fromkeys(block.attributes)
    for name, nested in block.blocks.items():
        empty[name] = {} if nested.nesting == "map" else [] if is_repeated(nested) else None
    return empty


def shaped(block: Block, value: dict[str, Value]) -> dict[str, Value]:
    """A value as the block wants it: what is missing is null, what the block lacks is dropped."""
    result = null_object(block)
    result.update({name: value.get(name) for name in block.attributes})
    for name, nested in block.blocks.items():
        inner = value.get(name)
        if is_repeated(nested):
            result[name] = [shaped(nested.block, each) for each in inner or []]
        elif nested.nesting == "map":
            result[name] = {key: shaped(nested.block, each) for key, each in (inner or {}).items()}
        elif inner is not None:
            result[name] = shaped(nested.block, inner)
    return result


def is_repeated(nested: NestedBlock) -> bool:
    """Whether the value of a nested block is a list of objects."""
    return nested.nesting in ("list", "set")


def _attribute_from_json(type_: Type, flags: str, more: dict[str, Any] | None = None) -> Attribute:
    more = more or {}
    return Attribute(
        type_,
        required="r" in flags,
        optional="o" in flags,
        computed="c" in flags,
        write_only="w" in flags,
        choices=tuple(more.get("e", ())),
        default=more.get("d"),
    )


def _attribute_to_json(attribute: Attribute) -> list[Any]:
    marks = ("required", "optional", "computed", "write_only")
    flags = "".join(mark[0] for mark in marks if getattr(attribute, mark))
    more: dict[str, Any] = {}
    if attribute.choices:
        more["e"] = list(attribute.choices)
    if attribute.default is not None:
        more["d"] = attribute.default
    return [attribute.type, flags, *([more] if more else [])]


def _block_message(block: Block) -> Any:
    message = messages.Schema.Block()
    for name, attribute in sorted(block.attributes.items()):
        message.attributes.add(
            name=name,
            type=json.dumps(attribute.type, separators=(",", ":")).encode(),
            required=attribute.required,
            optional=attribute.optional,
            computed=attribute.computed,
            write_only=attribute.write_only,
        )
    for name, nested in sorted(block.blocks.items()):
        message.block_types.add(
            type_name=name,
            block=_block_message(nested.block),
            nesting=nested.nesting.upper(),
            min_items=nested.minimum,
            max_items=nested.maximum,
        )
    return message
