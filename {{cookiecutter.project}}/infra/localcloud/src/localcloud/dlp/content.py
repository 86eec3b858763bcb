"""The texts of a content item, and the findings in them as DLP reports them."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from google.api_core.exceptions import InvalidArgument, MethodNotImplemented
from google.cloud.dlp_v2 import ByteContentItem, InspectResult, Location
from google.cloud.dlp_v2 import Finding as ReportedFinding

from localcloud.dlp.inspector import Inspector, limits_by_type
from localcloud.dlp.rules import Finding
from localcloud.dlp.values import text_of
from localcloud.rpc import raw
from localcloud.vertex.resources import now

_LARGEST = 524_288  # bytes of one request
_MOST_VALUES = 50_000  # of a table
_MOST_FINDINGS = 3_000  # of one request, and what is reported without a limit
_TEXT = (
    ByteContentItem.BytesType.BYTES_TYPE_UNSPECIFIED,
    ByteContentItem.BytesType.TEXT_UTF8,
)

Piece = tuple[str, Any]  # a text, and the ContentLocation of where it stands, or None


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
    limits = config.limits
    most = min(limits.max_findings_per_request or _MOST_FINDINGS, _MOST_FINDINGS)
    most = min(limits.max_findings_per_item or most, most)
    result = InspectResult()
    for text, place, found in _within(inspector, config, pieces(item)):
        if len(raw(result).findings) == most:
            result.findings_truncated = True
            break
        raw(result).findings.append(report(text, place, found, quotes=config.include_quote))
    return result


def _within(
    inspector: Inspector, config: Any, texts: Iterable[Piece]
) -> Iterator[tuple[str, Any, Finding]]:
    by_type, counts = limits_by_type(config), Counter[str]()
    for text, place in texts:
        for found in inspector.find(text):
            limit = by_type.get(found.info_type, by_type.get("", 0))
            if not limit or counts[found.info_type] < limit:
                counts[found.info_type] += 1
                yield text, place, found


def report(text: str, place: Any, found: Finding, *, quotes: bool) -> Any:
    """One finding as DLP reports it (as protobuf).

    Args:
        text: where it was found.
        place: the ContentLocation of the text, or None.
        found: what was found.
        quotes: whether to tell the finding itself.
    """
    reported = raw(ReportedFinding(create_time=now(), likelihood=found.likelihood))
    reported.info_type.name = found.info_type
    if quotes:
        reported.quote = text[found.start : found.end]
    location = reported.location
    location.codepoint_range.start, location.codepoint_range.end = found.start, found.end
    location.byte_range.start = len(text[: found.start].encode())
    location.byte_range.end = len(text[: found.end].encode())
    if place is not None:
        location.content_locations.append(place)
    return reported


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
