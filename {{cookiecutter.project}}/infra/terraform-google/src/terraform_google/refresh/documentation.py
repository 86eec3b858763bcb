"""Allowed values and defaults, read out of the documentation in a binding's declarations."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace

from terraform_google.schema import Attribute, Block, NestedBlock

INTERFACE = re.compile(
    r"^export interface (\w+)(?: extends [\w.]+)? \{\n(.*?)^\}", re.MULTILINE | re.DOTALL
)
PROPERTY = re.compile(r"/\*\*(.*?)\*/\s*readonly (\w+)\??:", re.DOTALL)
ANCHOR = re.compile(r"#(\w+) \w+#(\w+)\}")
CHOICES = re.compile(r'Possible values: (\["[^\]]*"\])')
DEFAULTS = (
    re.compile(
        r"Default value: (\"[^\"]*\"|'[^']*'|true|false|-?\d+(?:\.\d+)?)(?=[\s.,]|$)",
    ),
    re.compile(
        r"(?:[Dd]efaults? (?:is|to)|default (?:value )?is|default value of) *(?:set to )?"
        r"(\"(?:[A-Z_]+|true|false)\"|'(?:[A-Z_]+|true|false)'|true|false)(?=[\s.,;]|$)"
    ),
)
STRINGS = ("string", ["list", "string"], ["set", "string"])

Default = str | bool | float


@dataclass(frozen=True)
class Documented:
    """What the documentation says about an attribute."""

    choices: tuple[str, ...]
    default: Default | None


def annotated(block: Block, declarations: str) -> Block:
    """The schema of a type with the values and defaults that its declarations document."""
    documented = _interfaces(declarations)
    root = re.search(r"export interface (\w+)Config extends", declarations)
    if root is None:
        return block
    return _annotated(block, f"{root[1]}Config", root[1], documented)


def _annotated(
    block: Block, interface: str, prefix: str, documented: dict[str, dict[str, Documented]]
) -> Block:
    facts = documented.get(interface, {})
    attributes = {
        name: _with_facts(each, facts[name]) if name in facts else each
        for name, each in block.attributes.items()
    }
    blocks = {}
    for name, nested in block.blocks.items():
        inner = prefix + "".join(word[:1].upper() + word[1:] for word in name.split("_"))
        described = _annotated(nested.block, inner, inner, documented)
        blocks[name] = NestedBlock(nested.nesting, nested.minimum, nested.maximum, described)
    return Block(attributes, blocks)


def _with_facts(attribute: Attribute, facts: Documented) -> Attribute:
    if not attribute.optional and not attribute.required:
        return attribute
    choices = facts.choices if attribute.type in STRINGS else ()
    may_default = attribute.optional and not attribute.computed and not attribute.write_only
    default = _typed(attribute, facts.default) if may_default else None
    return replace(attribute, choices=choices, default=default)


def _typed(attribute: Attribute, default: Default | None) -> Default | None:
    """A documented default in the attribute's type; none when it does not fit."""
    if attribute.type == "string":
        return default if isinstance(default, str) else None
    if attribute.type not in ("bool", "number") or default is None:
        return None
    try:
        value = json.loads(default) if isinstance(default, str) else default
    except ValueError:
        return None
    wanted = bool if attribute.type == "bool" else int | float
    is_wanted = isinstance(value, wanted) and isinstance(value, bool) == (wanted is bool)
    return value if is_wanted else None


def _interfaces(declarations: str) -> dict[str, dict[str, Documented]]:
    """The documented facts, by interface and attribute."""
    found = {}
    for interface in INTERFACE.finditer(declarations):
        facts = {}
        for each in PROPERTY.finditer(interface[2]):
            text = re.sub(r"^\s*\* ?", "", each[1], flags=re.MULTILINE)
            anchor = ANCHOR.search(text)
            if anchor:
                facts[anchor[2]] = Documented(_choices(text), _default(text))
        found[interface[1]] = facts
    return found


def _choices(text: str) -> tuple[str, ...]:
    match = CHOICES.search(text)
    try:
        return tuple(json.loads(match[1])) if match else ()
    except ValueError:
        return ()


def _default(text: str) -> Default | None:
    match = next(filter(None, (pattern.search(text) for pattern in DEFAULTS)), None)
    if match is None:
        return None
    quoted = match[1][0] in "\"'"
    value: Default = match[1][1:-1] if quoted else json.loads(match[1])
    return value
