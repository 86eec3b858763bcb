"""The texts of a content item, and the findings in them as DLP reports them."""

from collections.abc import Iterator
from typing import Any, TypeAlias

from google.api_core.exceptions import InvalidArgument, MethodNotImplemented
from google.cloud.dlp_v2 import ByteContentItem, InspectConfig, InspectResult, Location
from google.cloud.dlp_v2 import Finding as ReportedFinding

from localcloud.dlp.inspector import Inspector
from localcloud.dlp.limits import Limits
from localcloud.dlp.rules import Finding, Passage
from localcloud.dlp.values import text_of
from localcloud.rpc import raw
from localcloud.vertex.resources import now

_LARGEST = 524_288  # bytes of one request
_MOST_VALUES = 50_000  # of a table
_MOST_FINDINGS = 3_000  # of one request
_TEXT = (
    ByteContentItem.BytesType.BYTES_TYPE_UNSPECIFIED,
    ByteContentItem.BytesType.TEXT_UTF8,
)

# a text, and the ContentLocation (as protobuf) of where it stands, or None
Piece: TypeAlias = tuple[str, Any]


def check_size(item: Any) -> None:
    """Refuse an item that is larger than DLP takes.

    Raises:
        InvalidArgument: tells what it has and what is allowed.
    """
    size, values = item.ByteSize(), sum(len(row.values) for row in item.table.rows)
    if size > _LARGEST:
        raise InvalidArgument(f"The item has {size} bytes; send at most {_LARGEST} in one request.")
    if values > _MOST_VALUES:
        raise InvalidArgument(
            f"The table has {values} values; send at most {_MOST_VALUES} in one request."
        )
    for row in item.table.rows:
        if len(row.values) != len(item.table.headers):
            raise InvalidArgument(
                f"A row has {len(row.values)} values, and there are {len(item.table.headers)}"
                " headers; give each header one value."
            )


def pieces(item: Any) -> Iterator[Piece]:
    """The texts of an item (as protobuf): one, or that of each cell of a table.

    Raises:
        InvalidArgument: there is nothing in it.
        MethodNotImplemented: it is an image or a document.
    """
    match item.WhichOneof("data_item"):
        case "value":
            yield item.value, None
        case "table":
            for index, row in enumerate(item.table.rows):
                for header, value in zip(item.table.headers, row.values, strict=True):
                    text = text_of(value)
                    if text:
                        yield text, _cell_location(header.name, index)
        case "byte_item":
            yield _text_of_bytes(item.byte_item), None
        case _:
            raise InvalidArgument("The item is empty; give it a value, a table or a byte_item.")


def inspect(inspector: Inspector, config: Any, item: Any) -> InspectResult:
    """What an item holds, within the limits of the config."""
    of_request = raw(InspectConfig.FindingLimits())
    of_request.CopyFrom(config.limits)
    of_request.max_findings_per_item = 0  # is for jobs
    most = of_request.max_findings_per_request
    of_request.max_findings_per_request = min(most or _MOST_FINDINGS, _MOST_FINDINGS)
    limits, result = Limits(of_request), InspectResult()
    for piece in pieces(item):
        raw(result).findings.extend(reports(inspector, config, limits, piece))
    result.findings_truncated = limits.are_exceeded
    return result


def reports(inspector: Inspector, config: Any, limits: Limits, piece: Piece) -> Iterator[Any]:
    """What a text holds as DLP reports it: Findings (as protobuf), within the limits."""
    text, place = piece
    column = place.record_location.field_id.name if place is not None else ""
    container = place.container_name if place is not None else ""
    place_before, bytes_before = 0, 0
    for found in inspector.find(Passage(text, column)):
        if not limits.take(found.info_type, container):
            continue
        bytes_before += len(text[place_before : found.start].encode())
        place_before = found.start
        reported = raw(ReportedFinding(create_time=now(), likelihood=found.likelihood))
        _fill(reported, config, text[found.start : found.end], found, bytes_before)
        if place is not None:
            reported.location.content_locations.append(place)
        yield reported


def _fill(reported: Any, config: Any, quote: str, found: Finding, bytes_before: int) -> None:
    if not config.exclude_info_types:
        reported.info_type.name = found.info_type
    if config.include_quote:
        reported.quote = quote
    characters, in_bytes = reported.location.codepoint_range, reported.location.byte_range
    characters.start, characters.end = found.start, found.end
    in_bytes.start, in_bytes.end = bytes_before, bytes_before + len(quote.encode())


def _cell_location(column: str, row: int) -> Any:
    place = raw(Location()).content_locations.add()
    place.record_location.field_id.name = column
    place.record_location.table_location.row_index = row
    return place


def _text_of_bytes(item: Any) -> str:
    kind = ByteContentItem.BytesType(item.type_)
    if kind not in _TEXT:
        raise MethodNotImplemented(
            f"localcloud does not read items of type {kind.name}; send TEXT_UTF8."
        )
    try:
        return str(item.data.decode())
    except UnicodeDecodeError:
        raise InvalidArgument("byte_item.data is no UTF-8; send text.") from None
