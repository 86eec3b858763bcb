"""Listing resources as Vertex does: filter, order, pages and read masks."""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cmp_to_key
from typing import Any, TypeVar

from google.api_core.exceptions import InvalidArgument
from google.protobuf.field_mask_pb2 import FieldMask

from localcloud.page_tokens import make_token, read_offset
from localcloud.rpc import raw

ResourceT = TypeVar("ResourceT")
Predicate = Callable[[Any], bool]

_DEFAULT_PAGE, _LARGEST_PAGE = 100, 1000


def page(
    resources: Sequence[ResourceT],
    request: Any,
    order: Collection[str] | Mapping[str, str] = (),
    selects: Predicate | None = None,
    sizes: tuple[int, int] = (_DEFAULT_PAGE, _LARGEST_PAGE),
) -> tuple[list[ResourceT], str]:
    """One page of what a list request selects, and the token of the next page.

    Args:
        resources: all there are, in the default order.
        request: has page_size and page_token, and may have filter, order_by and read_mask.
        order: the fields that order_by may name; a mapping gives the fields that they stand for.
        selects: what the filter selects; by default all, for lists without a filter.
        sizes: how large a page is by default, and at most.

    Raises:
        InvalidArgument: the order, page size or page token is malformed.
    """
    selected = [each for each in resources if selects is None or selects(each)]
    found = _ordered(selected, _order_by(request), order)
    start = _offset(request)
    if request.page_size < 0:
        raise InvalidArgument(f"page_size is {request.page_size}; give a positive number.")
    end = start + min(request.page_size or sizes[0], sizes[1])
    token = make_token(end, _selection(request)) if end < len(found) else ""
    return [masked(each, request) for each in found[start:end]], token


def masked(resource: ResourceT, request: Any) -> ResourceT:
    """A resource with the fields that the request's read mask names; all, if it names none.

    Raises:
        InvalidArgument: it names what the resource does not have.
    """
    mask = getattr(raw(request), "read_mask", None)
    if not mask or not mask.paths:
        return resource
    part = type(resource)()
    descriptor = raw(resource).DESCRIPTOR
    known = FieldMask(paths={_readable(path, descriptor) for path in mask.paths})
    known.MergeMessage(raw(resource), raw(part))
    return part


def _ordered(resources: list[Any], order_by: str, supported: Collection[str]) -> list[Any]:
    named = [_order(part, order_by, supported) for part in order_by.split(",") if order_by.strip()]
    fields = supported if isinstance(supported, Mapping) else {}
    keys = [(fields.get(field, field), sign) for field, sign in named]

    def compare(left: Any, right: Any) -> int:
        for field, sign in keys:
            ours, theirs = _sortable(left, field), _sortable(right, field)
            if ours != theirs:
                return sign if ours > theirs else -sign
        return 0

    return sorted(resources, key=cmp_to_key(compare)) if keys else resources


def _sortable(resource: Any, field: str) -> tuple[bool, Any]:
    """A field's value; a time that is not set comes before all others."""
    value = getattr(resource, field)
    return value is not None, value


def _filter(request: Any) -> str:
    return getattr(request, "filter", "")  # some lists of Vertex have no such field


def _order_by(request: Any) -> str:
    return getattr(request, "order_by", "")


def _order(part: str, order_by: str, supported: Collection[str]) -> tuple[str, int]:
    field, *direction = part.split() or [""]
    if field not in supported or direction not in ([], ["asc"], ["desc"]):
        raise InvalidArgument(
            f"order_by {order_by!r} cannot be used; name {', '.join(supported)}, each with asc or"
            " desc behind it."
        )
    return field, -1 if direction == ["desc"] else 1


def _offset(request: Any) -> int:
    offset = read_offset(request.page_token, _selection(request))
    if offset is None:
        raise InvalidArgument(
            "page_token does not belong to this request; pass the next_page_token of the same list."
        )
    return offset


def _selection(request: Any) -> bytes:
    parent = getattr(request, "parent", "")
    return f"{parent}\0{_filter(request)}\0{_order_by(request)}".encode()


def _readable(path: str, descriptor: Any) -> str:
    """A path of a read mask up to the Struct that it leads into: those are given as a whole."""
    names: list[str] = []
    for name in path.split("."):
        if descriptor is None or descriptor.full_name == "google.protobuf.Struct":
            break
        field = descriptor.fields_by_name.get(name)
        if field is None:
            raise InvalidArgument(
                f"read_mask names {path}, which is no field of {descriptor.name}; leave it out."
            )
        names.append(name)
        descriptor = field.message_type
    return ".".join(names)
