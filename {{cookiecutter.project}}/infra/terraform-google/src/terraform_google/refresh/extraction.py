"""The schema of a type, read out of its binding.

The generated code tells, for each attribute, its flags (a comment), the type of its value (the
getter, or the class of its reference) and whether it is a block (the call that writes HCL). It does
not tell which changes force a replacement, which arguments exclude each other, most validators, and
which attributes are sensitive.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from terraform_google.refresh.bindings import Binding
from terraform_google.schema import Attribute, Block, NestedBlock, Type

ATTRIBUTE = re.compile(
    r"^\s*// (\w+) - computed: (true|false), optional: (true|false), required: (true|false)\s*$",
    re.MULTILINE,
)
GETTER = re.compile(r"this\.(get\w+?Attribute)\('(\w+)'\)")
REFERENCE = re.compile(r"= new (?:index_\d+\.)?([\w.]+)\(this, \"(\w+)\"(?:, (true|false))?\)")
WRITTEN = re.compile(
    r"^\s+(\w+): \{\n\s+value: .*\n\s+isBlock: (true|false),\n\s+type: \"(\w+)\","
    r"\n\s+storageClassType: \"(\w+)\",",
    re.MULTILINE,
)
GETTER_TYPES: dict[str, Type] = {
    "getStringAttribute": "string",
    "getNumberAttribute": "number",
    "getBooleanAttribute": "bool",
    "getListAttribute": ["list", "string"],
    "getNumberListAttribute": ["list", "number"],
    "getStringMapAttribute": ["map", "string"],
    "getNumberMapAttribute": ["map", "number"],
    "getBooleanMapAttribute": ["map", "bool"],
    "getAnyMapAttribute": ["map", "string"],
}
REFERENCE_TYPES: dict[str, Type] = {
    "StringMap": ["map", "string"],
    "NumberMap": ["map", "number"],
    "BooleanMap": ["map", "bool"],
    "AnyMap": ["map", "string"],
    "StringMapList": ["list", ["map", "string"]],
}
ELEMENT_TYPES = {"string": "string", "number": "number", "boolean": "bool"}
NESTINGS = {"struct": "single", "list": "list", "set": "set", "map": "map"}


@dataclass(frozen=True)
class _Written:
    """How an attribute is written into HCL."""

    is_block: bool
    kind: str
    storage: str


@dataclass(frozen=True)
class _Member:
    """An attribute of a class: its flags and the code that follows."""

    name: str
    computed: bool
    optional: bool
    required: bool
    code: str


class Extraction:
    """Reads one binding."""

    def __init__(self, binding: Binding) -> None:
        self._binding = binding

    def root(self) -> Block:
        """The schema of the whole type."""
        body = self._binding.classes[self._binding.root_class]
        written = _written(body[body.find("synthesizeHclAttributes") :])
        block = self._block(self._binding.root_class, written)
        if self._binding.kind != "TerraformProvider":
            return block
        block = block if block.attributes else self._without_flags(written)
        return Block(
            {name: each for name, each in block.attributes.items() if name != "alias"},
            block.blocks,
        )

    def _block(self, class_name: str, written: dict[str, _Written]) -> Block:
        attributes, blocks = {}, {}
        for member in self._members(class_name):
            how = written.get(member.name)
            reference = REFERENCE.search(member.code)
            class_of_value = reference[1].rpartition(".")[2] if reference else ""
            if reference and how and how.is_block and class_of_value not in REFERENCE_TYPES:
                blocks[member.name] = self._nested_block(member, class_of_value, how)
                continue
            if class_of_value in REFERENCE_TYPES:
                type_ = REFERENCE_TYPES[class_of_value]
            elif reference:
                type_ = self._object_type(class_of_value, is_set=reference[3] == "true")
            else:
                type_ = _written_type(how) or _getter_type(member.code)
            attributes[member.name] = Attribute(
                type_,
                required=member.required,
                optional=member.optional,
                computed=member.computed,
                write_only=self._is_write_only(class_name, member),
            )
        return Block(attributes, blocks)

    def _nested_block(self, member: _Member, class_name: str, how: _Written) -> NestedBlock:
        name = _value_name(class_name)
        written = _written(self._binding.converters.get(name.lower(), ""))
        nesting = NESTINGS[how.kind]
        is_single = class_name.endswith("OutputReference") and nesting != "single"
        block = self._block(f"{name}OutputReference", written)
        return NestedBlock(nesting, int(member.required), int(is_single), block)

    def _object_type(self, class_name: str, *, is_set: bool) -> Type:
        """The type of an attribute whose value is an object or a collection of objects."""
        fields: dict[str, Type] = {}
        for member in self._members(f"{_value_name(class_name)}OutputReference"):
            reference = REFERENCE.search(member.code)
            inner = reference[1].rpartition(".")[2] if reference else ""
            if inner in REFERENCE_TYPES:
                fields[member.name] = REFERENCE_TYPES[inner]
            elif reference:
                fields[member.name] = self._object_type(inner, is_set=reference[3] == "true")
            else:
                fields[member.name] = _getter_type(member.code)
        if class_name.endswith("List"):
            return ["set" if is_set else "list", ["object", fields]]
        return ["map", ["object", fields]] if class_name.endswith("Map") else ["object", fields]

    def _members(self, class_name: str) -> Iterator[_Member]:
        body = self._binding.classes[class_name]
        body = body[:cut] if (cut := body.find("// SYNTHESIS")) > 0 else body
        matches = list(ATTRIBUTE.finditer(body))
        ends = [*(match.start() for match in matches[1:]), len(body)]
        for match, end in zip(matches, ends, strict=False):
            computed, optional, required = (flag == "true" for flag in match.groups()[1:])
            yield _Member(match[1], computed, optional, required, body[match.end() : end])

    def _is_write_only(self, class_name: str, member: _Member) -> bool:
        marked = f"{member.name}: this.markWriteOnlyAttribute"
        body = self._binding.classes[class_name]
        return "reading it always yields null" in member.code or marked in body

    def _without_flags(self, written: dict[str, _Written]) -> Block:
        """The provider block of older bindings, which have no comments with flags."""
        attributes, blocks = {}, {}
        for name, how in written.items():
            if how.is_block:
                converter = self._binding.converters.get(how.storage.removesuffix("List").lower())
                inner = self._without_flags(_written(converter or ""))
                blocks[name] = NestedBlock(NESTINGS[how.kind], 0, int(how.kind != "struct"), inner)
            else:
                attributes[name] = Attribute(
                    _written_type(how) or "string",
                    required=False,
                    optional=True,
                    computed=False,
                    write_only=False,
                )
        return Block(attributes, blocks)


def _written(code: str) -> dict[str, _Written]:
    return {
        match[1]: _Written(match[2] == "true", match[3], match[4])
        for match in WRITTEN.finditer(code)
    }


def _written_type(how: _Written | None) -> Type | None:
    if how is None:
        return None
    if how.kind == "simple":
        return ELEMENT_TYPES.get(how.storage)
    if how.kind in ("list", "set", "map"):
        element = how.storage.removesuffix("List").removesuffix("Map")
        return [how.kind, ELEMENT_TYPES.get(element, "string")]
    return None


def _getter_type(code: str) -> Type:
    getter = GETTER.search(code)
    type_ = GETTER_TYPES.get(getter[1], "string") if getter else "string"
    if isinstance(type_, list) and type_[0] == "list" and "tolist(" in code:
        return ["set", type_[1]]
    return type_


def _value_name(class_name: str) -> str:
    return re.sub(r"(OutputReference|List|Map)$", "", class_name)
