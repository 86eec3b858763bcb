"""REST requests as RPC messages and back, by the RPCs' own HTTP bindings (google.api.http)."""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from google.api.httpbody_pb2 import HttpBody
from google.api_core.exceptions import InvalidArgument
from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from localcloud import path_template
from localcloud.preview import name_stable_types, to_preview_json
from localcloud.rpc import Binding, Message, Rpc, raw

_FIELD_MASK = "google.protobuf.FieldMask"


@dataclass(frozen=True)
class Match:
    """The RPC that a path stands for, and the fields that the path fills."""

    rpc: Rpc
    binding: Binding
    fields: Mapping[str, str]


class Router:
    """Finds the RPC of an HTTP method and path."""

    def __init__(self, rpcs: Iterable[Rpc]) -> None:
        self._routes: dict[tuple[str, str], list[tuple[Rpc, Binding]]] = defaultdict(list)
        for rpc in rpcs:
            for binding in rpc.bindings:
                self._routes[binding.method, _verb(binding.uri)].append((rpc, binding))
        for routes in self._routes.values():
            routes.sort(key=lambda route: "**" in route[1].uri)  # the vaguest last

    def match(self, method: str, path: str) -> Match | None:
        """The RPC that serves a path; custom verbs (`:predict`) go before plain resources."""
        for verb in dict.fromkeys((_verb(path), "")):
            for rpc, binding in self._routes[method, verb]:
                fields = path_template.parse(binding.uri).match(path)
                if fields is not None:
                    return Match(rpc, binding, fields)
        return None


def parse_request(
    match: Match, query: Mapping[str, Sequence[str]], body: bytes, content_type: str
) -> Message:
    """The request message that a path, query and body spell.

    Raises:
        InvalidArgument: the body is no JSON, or a field is unknown or of the wrong type.
    """
    request = match.rpc.request_type()
    message = raw(request)
    http_body = _http_body_field(message.DESCRIPTOR)
    try:
        _parse(_query_json(message.DESCRIPTOR, query), message)
        if match.binding.body and http_body:
            getattr(message, http_body).MergeFrom(HttpBody(content_type=content_type, data=body))
        elif match.binding.body and body.strip():
            content = json.loads(body)
            _parse(content if match.binding.body == "*" else {match.binding.body: content}, message)
    except (ValueError, json_format.ParseError) as error:
        raise InvalidArgument(f"Invalid JSON payload received. {error}") from error
    for field, value in match.fields.items():
        _set(message, field, value)
    return request


def render(response: Message, *, integer_enums: bool) -> tuple[bytes, str]:
    """A response message's body and content type; HttpBody stands for itself."""
    message = raw(response)
    if isinstance(message, HttpBody):
        return message.data, message.content_type or "application/octet-stream"
    of_preview = name_stable_types(message)  # the others cannot be looked up
    text = json_format.MessageToJson(message, indent=None, use_integers_for_enums=integer_enums)
    if of_preview:
        text = to_preview_json(text)
    return text.encode(), "application/json; charset=UTF-8"


def render_stream(
    responses: Iterable[Message], *, integer_enums: bool
) -> tuple[Iterator[bytes], str]:
    """Streamed messages, as they come, as one JSON array; HttpBody pieces as one body.

    Returns when the first message is there, so that an error before it is the whole answer.
    """
    rest = iter(responses)
    first = next(rest, None)
    if first is not None and isinstance(raw(first), HttpBody):
        _, content_type = render(first, integer_enums=integer_enums)
        return (raw(piece).data for piece in chain([first], rest)), content_type
    messages = rest if first is None else chain([first], rest)
    bodies = (render(message, integer_enums=integer_enums)[0] for message in messages)
    return _json_array(bodies), "application/json; charset=UTF-8"


def _json_array(elements: Iterable[bytes]) -> Iterator[bytes]:
    yield b"["
    for position, element in enumerate(elements):
        yield (b"," if position else b"") + element
    yield b"]"


def _parse(content: Any, message: Any) -> None:
    if not isinstance(content, dict):
        raise ValueError("Expected a JSON object.")
    json_format.ParseDict(content, message)


def _query_json(descriptor: Descriptor, query: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Query parameters as the JSON object they stand for; `$alt` and its like are left out."""
    content: dict[str, Any] = {}
    for path, values in query.items():
        if path.startswith("$") or path in ("alt", "key", "prettyPrint"):
            continue
        *parents, last = path.split(".")
        owner, target = descriptor, content
        for name in parents:
            owner = _field(owner, name, path).message_type
            target = target.setdefault(name, {})
        target[last] = _query_value(_field(owner, last, path), values)
    return content


def _query_value(field: FieldDescriptor, values: Sequence[str]) -> Any:
    if field.is_repeated:
        return [_query_scalar(field, value) for value in values]
    return _query_scalar(field, values[-1])


def _query_scalar(field: FieldDescriptor, value: str) -> Any:
    if field.type == FieldDescriptor.TYPE_BOOL:
        return {"true": True, "false": False}.get(value.lower(), value)
    if field.type == FieldDescriptor.TYPE_ENUM and re.fullmatch(r"-?\d+", value):
        return int(value)
    if field.message_type and field.message_type.full_name == _FIELD_MASK:
        return re.sub(r"_([a-z])", lambda letter: letter[1].upper(), value)
    return value


def _field(owner: Descriptor | None, name: str, path: str) -> FieldDescriptor:
    field = owner and (owner.fields_by_camelcase_name.get(name) or owner.fields_by_name.get(name))
    if not field:
        raise ValueError(f'Unknown name "{path}": Cannot bind query parameter.')
    return field


def _http_body_field(descriptor: Descriptor) -> str | None:
    return next(
        (
            field.name
            for field in descriptor.fields
            if field.message_type and field.message_type.full_name == HttpBody.DESCRIPTOR.full_name
        ),
        None,
    )


def _set(message: Any, path: str, value: str) -> None:
    *parents, last = path.split(".")
    for name in parents:
        message = getattr(message, name)
    setattr(message, last, value)


def _verb(path: str) -> str:
    """The custom verb that ends a path or template, such as `predict`, or nothing."""
    last_segment = path.rpartition("}")[2].rpartition("/")[2]
    return last_segment.partition(":")[2]
