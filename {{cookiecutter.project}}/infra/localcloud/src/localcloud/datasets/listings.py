"""Reads import files: CSV or JSONL that lists items of a dataset with their annotations."""

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from google.api_core.exceptions import InvalidArgument

from localcloud.datasets.schemas import Columns, Format

Payload: TypeAlias = dict[str, Any]

ML_USE = "aiplatform.googleapis.com/ml_use"
_ML_USES = ("training", "validation", "test")
_UNASSIGNED = "unassigned"
_CORNERS = 8  # numbers behind the label of a box: x and y of its four corners, some left out


class LineError(ValueError):
    """A line that cannot be imported; the message says which and why."""


@dataclass
class ListedItem:
    """One item as an import file lists it: the URI of its file, or its text itself."""

    content: str
    labels: dict[str, str] = field(default_factory=dict)
    annotations: list[Payload] = field(default_factory=list)

    @property
    def is_inline(self) -> bool:
        """Whether the content is a text, and no URI."""
        return not self.content.startswith("gs://")


def read(file: Path, made: Format) -> Iterator[ListedItem | LineError]:
    """The items that an import file lists; a line that cannot be read comes as its error.

    Raises:
        InvalidArgument: the file is neither JSONL nor CSV, or the format is not for CSV.
    """
    if file.suffix == ".jsonl":
        return _each(_json_lines(file), file, lambda line: _json_item(line, made))
    if file.suffix != ".csv":
        raise InvalidArgument(f"{file.name} is not an import file; use .csv or .jsonl.")
    if made.columns is Columns.NONE:
        raise InvalidArgument(f"{made.title} cannot be imported from CSV; use JSONL.")
    return _each(_csv_lines(file), file, lambda line: _csv_item(line, made))


def _each(
    lines: Iterator[tuple[int, Any]], file: Path, make: Callable[[Any], ListedItem]
) -> Iterator[ListedItem | LineError]:
    for number, line in lines:
        try:
            yield make(line)
        except (ValueError, TypeError, KeyError) as error:
            yield LineError(f"{file.name}, line {number}: {error}")


def _json_lines(file: Path) -> Iterator[tuple[int, str]]:
    with file.open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield number, line


def _csv_lines(file: Path) -> Iterator[tuple[int, list[str]]]:
    with file.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
        reader = csv.reader(lines)
        for cells in reader:
            if any(cells):
                yield reader.line_num, [cell.strip() for cell in cells]


def _json_item(line: str, made: Format) -> ListedItem:
    found = json.loads(line)
    if not isinstance(found, dict):
        raise LineError("it is no JSON object.")
    content = found.get(f"{made.kind}GcsUri") or found.get("textContent")
    if not isinstance(content, str):
        raise LineError(f"it has no {made.kind}GcsUri.")
    given = found.get(made.field, [] if made.has_many else None)
    annotations = given if made.has_many else [given] if given else []
    if not isinstance(annotations, list) or not all(isinstance(each, dict) for each in annotations):
        raise LineError(f"{made.field} is malformed.")
    labels = found.get("dataItemResourceLabels", {})
    return ListedItem(content, {key: str(value) for key, value in labels.items()}, annotations)


def _csv_item(cells: Sequence[str], made: Format) -> ListedItem:
    use, rest = "", list(cells)
    if cells[0].lower() in ("", *_ML_USES, _UNASSIGNED) and len(cells) > 1:
        use, *rest = cells
    content, *values = rest
    if not content:
        raise LineError("it names no file.")
    labels = {ML_USE: use.lower()} if use.lower() in _ML_USES else {}
    return ListedItem(content, labels, _COLUMNS[made.columns](values))


def _label(values: Sequence[str]) -> list[Payload]:
    if len(values) > 1:
        raise LineError(f"it has {len(values)} labels; an item has one.")
    return _labels(values)


def _labels(values: Sequence[str]) -> list[Payload]:
    return [{"displayName": value} for value in values if value]


def _box(values: Sequence[str]) -> list[Payload]:
    if not any(values):
        return []
    label, *corners = values
    numbers = [float(corner) if corner else None for corner in corners[:_CORNERS]]
    xs = [number for number in numbers[::2] if number is not None]
    ys = [number for number in numbers[1::2] if number is not None]
    if not label or len(xs) < 2 or not all(0 <= number <= 1 for number in [*xs, *ys]):
        raise LineError("a box needs a label and corners between 0 and 1.")
    ends = {"xMin": min(xs), "yMin": min(ys), "xMax": max(xs), "yMax": max(ys)}
    return [{"displayName": label, **ends}]


def _sentiment(values: Sequence[str]) -> list[Payload]:
    if not any(values):
        return []
    sentiment, most = (int(value) for value in values)
    return [{"sentiment": sentiment, "sentimentMax": most}]


def _segment(values: Sequence[str]) -> list[Payload]:
    if not any(values):
        return []
    label, start, end = values
    return [{"displayName": label, "startTime": _seconds(start), "endTime": _seconds(end)}]


def _seconds(text: str) -> str:
    return text if text == "inf" else f"{float(text)}s"  # inf is the end of the video


_COLUMNS: Mapping[Columns, Callable[[Sequence[str]], list[Payload]]] = {
    Columns.LABEL: _label,
    Columns.LABELS: _labels,
    Columns.BOX: _box,
    Columns.SENTIMENT: _sentiment,
    Columns.SEGMENT: _segment,
}
