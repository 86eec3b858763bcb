"""Requests that no sane client sends, made from the descriptors of Google's messages."""

import re
from collections.abc import Mapping
from typing import Any

from google.protobuf import text_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from hypothesis import strategies as st

from localcloud import path_template
from localcloud.rpc import Rpc, raw
from tests.robustness.real_requests import REAL

_DEEPEST = 4
_INTEGERS = st.sampled_from([0, 1, -1, 2, 100, 2**31 - 1, -(2**31)])
_LONG_INTEGERS = _INTEGERS | st.sampled_from([2**63 - 1, -(2**63)])
_UNSIGNED = st.sampled_from([0, 1, 2**32 - 1])
_FLOATS = st.sampled_from([0.0, 1.0, -1.5, 1e308, float("nan"), float("inf")])
_TEXTS = st.sampled_from(
    [
        "",
        "a",
        "A b",
        "1",
        "-1",
        "é\u0000\U0001f600",
        "x" * 300,
        "*",
        "a.b.c",
        "..",
        "../../etc",
        'display_name="a" AND (',
        "labels.a:*",
        "create_time desc",
        "[" * 100,
        "gs://",
        "gs://bytes/o",
        "bq://p.d.t",
        "projects/p/locations/l",
        "projects/p/locations/l/endpoints/1",
        "projects/p/locations/l/models/m@1",
        "projects/p/locations/l/metadataStores/default/artifacts/a",
        "2020-01-01T00:00:00Z",
        "PT1H",
        "* * * * *",
        "MTA6YWJj",
    ]
) | st.text(max_size=8)
_BY_TYPE: dict[int, st.SearchStrategy[Any]] = {
    FieldDescriptor.TYPE_BOOL: st.booleans(),
    FieldDescriptor.TYPE_BYTES: st.binary(max_size=8),
    FieldDescriptor.TYPE_DOUBLE: _FLOATS,
    FieldDescriptor.TYPE_ENUM: st.integers(0, 12) | _INTEGERS,
    FieldDescriptor.TYPE_FLOAT: _FLOATS.filter(lambda number: number < 1e300),
    FieldDescriptor.TYPE_INT32: _INTEGERS,
    FieldDescriptor.TYPE_INT64: _LONG_INTEGERS,
    FieldDescriptor.TYPE_STRING: _TEXTS,
    FieldDescriptor.TYPE_UINT32: _UNSIGNED,
    FieldDescriptor.TYPE_UINT64: _UNSIGNED,
}


@st.composite
def requests(draw: st.DrawFn, rpc: Rpc) -> Message:
    """A request of an RPC with any values, and mostly a name that its bindings take.

    Where there is a real one, most are that with a few values changed.
    """
    if rpc.name in REAL and draw(st.integers(0, 9)):
        request = raw(rpc.request_type(REAL[rpc.name]))
        _fill(draw, request, 0)
        return request
    request = raw(rpc.request_type())
    _fill(draw, request, 0)
    for field, pattern in path_template.parse(rpc.bindings[0].uri).fields.items():
        if draw(st.integers(0, 9)):
            _set(request, field, draw(_names(pattern)))
    return request


@st.composite
def mutations(draw: st.DrawFn, rpc: Rpc) -> bytes:
    """The bytes of a request, cut off, or with some that are others."""
    content = bytearray(draw(requests(rpc)).SerializePartialToString())
    for _ in range(draw(st.integers(0, 4))):
        if content:
            content[draw(st.integers(0, len(content) - 1))] = draw(st.integers(0, 255))
    return bytes(content[: draw(st.integers(0, len(content)))] + draw(st.binary(max_size=4)))


@st.composite
def paths(draw: st.DrawFn, rpc: Rpc) -> tuple[str, str]:
    """An HTTP method and a path that one of an RPC's bindings takes."""
    binding = draw(st.sampled_from(rpc.bindings))
    path = binding.uri
    for field, pattern in path_template.parse(binding.uri).fields.items():
        variable = re.compile(rf"\{{{re.escape(field)}(=[^}}]*)?\}}")
        path = variable.sub(draw(_names(pattern)).replace("\\", ""), path)
    return binding.method, path


def with_ids(request: Message, ids: Mapping[str, str]) -> Message:
    """The request with these ids, by collection, where its names have `1`."""
    text = text_format.MessageToString(request)
    for collection, each in ids.items():
        text = re.sub(rf"(/{collection}/)1\b", rf"\g<1>{each}", text)
    return text_format.Parse(text, type(request)())


def json_values() -> st.SearchStrategy[Any]:
    """Any JSON."""
    leaves = st.none() | st.booleans() | _INTEGERS | st.just(1e308) | _TEXTS
    keys = st.sampled_from(["name", "displayName", "labels", "nope", "endpoint", "@type"])
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
        max_leaves=6,
    )


def _names(pattern: str) -> st.SearchStrategy[str]:
    """Resource names of a pattern; each segment is one of a few, so that some are there."""
    segments = st.sampled_from(["p", "l", "1", "default", "a", "m@1", "é", "a b"])
    parts = [segments if part in ("*", "**") else st.just(part) for part in pattern.split("/")]
    return st.tuples(*parts).map("/".join)


def _fill(draw: st.DrawFn, message: Message, depth: int) -> None:
    descriptor = message.DESCRIPTOR
    if not descriptor.fields:
        return
    most = 5 if depth == 0 else 3
    chosen = draw(
        st.lists(
            st.sampled_from(list(descriptor.fields)),
            max_size=most,
            unique_by=lambda field: field.name,
        )
    )
    for field in chosen:
        if field.message_type is None:
            value = draw(_BY_TYPE[field.type])
            if field.is_repeated:
                getattr(message, field.name).append(value)
            else:
                setattr(message, field.name, value)
        elif depth < _DEEPEST:
            _fill_message(draw, message, field, depth)


def _fill_message(draw: st.DrawFn, message: Message, field: FieldDescriptor, depth: int) -> None:
    inner = getattr(message, field.name)
    if not field.is_repeated:
        inner.SetInParent()
        return _fill(draw, inner, depth + 1)
    if not _is_map(field.message_type):
        return _fill(draw, inner.add(), depth + 1)
    value = field.message_type.fields_by_name["value"]
    key = draw(_BY_TYPE[field.message_type.fields_by_name["key"].type])
    if value.message_type is None:
        inner[key] = draw(_BY_TYPE[value.type])
    else:
        _fill(draw, inner[key], depth + 1)


def _is_map(descriptor: Descriptor) -> bool:
    return bool(descriptor.GetOptions().map_entry)


def _set(message: Any, path: str, value: str) -> None:
    *parents, last = path.split(".")
    for name in parents:
        message = getattr(message, name)
    setattr(message, last, value)
