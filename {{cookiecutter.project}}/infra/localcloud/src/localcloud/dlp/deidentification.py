"""De-identification of texts and tables, and its reversal."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any, TypeAlias

from google.api_core.exceptions import InvalidArgument, MethodNotImplemented
from google.cloud.dlp_v2 import ContentItem, TransformationOverview, TransformationSummary

from localcloud.dlp.conditions import check, holds
from localcloud.dlp.inspector import Inspector
from localcloud.dlp.rules import Finding, Passage
from localcloud.dlp.transformations import Row, Transformation
from localcloud.dlp.values import text_of, text_value
from localcloud.rpc import raw

_SUCCESS = TransformationSummary.TransformationResultCode.SUCCESS
# makes a transformation of a PrimitiveTransformation, for an infoType or for none
Reading: TypeAlias = Callable[[Any, str], Transformation]
_Change: TypeAlias = tuple[Finding, Transformation]


@dataclass
class _Counts:
    """How many values, and bytes, were transformed, by infoType and field."""

    values: Counter[tuple[str, str]] = field(default_factory=Counter)
    bytes: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, info_type: str, column: str, text: str) -> None:
        self.values[info_type, column] += 1
        self.bytes[info_type, column] += len(text.encode())

    def overview(self) -> TransformationOverview:
        overview = TransformationOverview(transformed_bytes=self.bytes.total())
        for (info_type, column), count in sorted(self.values.items()):
            summary = raw(overview).transformation_summaries.add()
            if info_type:
                summary.info_type.name = info_type
            if column:
                summary.field.name = column
            summary.results.add(count=count, code=_SUCCESS)
            summary.transformed_bytes = self.bytes[info_type, column]
        return overview


class Deidentifier:
    """A DeidentifyConfig that was read and found to be right.

    Args:
        config: the DeidentifyConfig (as protobuf).
        inspector: finds what transformations by infoType are about.
        reading: makes a transformation of what the config says.

    Raises:
        InvalidArgument: the config is malformed.
        MethodNotImplemented: it asks for what is not served.
    """

    def __init__(self, config: Any, inspector: Callable[[], Inspector], reading: Reading) -> None:
        kind = config.WhichOneof("transformation")
        if kind not in ("info_type_transformations", "record_transformations"):
            if kind is None:
                raise InvalidArgument("deidentify_config is empty; give it transformations.")
            raise MethodNotImplemented(f"localcloud does not serve {kind}; leave it out.")
        if config.transformation_error_handling.HasField("leave_untransformed"):
            raise MethodNotImplemented(
                "localcloud does not serve leave_untransformed: what cannot be transformed is an"
                " error."
            )
        self._inspector = inspector
        self._reading = reading
        self._by_info_type = (
            self._read(config.info_type_transformations) if kind.startswith("info") else None
        )
        records = config.record_transformations
        self._fields = [self._read_field(each) for each in records.field_transformations]
        self._suppressions = [_suppression(each) for each in records.record_suppressions]
        self._counts = _Counts()

    def apply(self, item: Any) -> tuple[ContentItem, TransformationOverview]:
        """The item with other values, and how many were transformed."""
        changed = ContentItem()
        raw(changed).CopyFrom(item)
        match item.WhichOneof("data_item"):
            case "value":
                if self._by_info_type is None:
                    raise InvalidArgument("record_transformations are of tables; send a table.")
                raw(changed).value = self._by_info_type(item.value, {}, "")
            case "table":
                self._apply_to_table(raw(changed).table)
            case None:
                raise InvalidArgument("The item is empty; give it a value or a table.")
            case kind:
                raise MethodNotImplemented(
                    f"localcloud does not de-identify a {kind}; send a value or a table."
                )
        return changed, self._counts.overview()

    def _apply_to_table(self, table: Any) -> None:
        names = [header.name for header in table.headers]
        kept = []
        for row in table.rows:
            before = dict(zip(names, row.values, strict=True))
            if any(holds(condition, before) for condition in self._suppressions):
                continue
            kept.append(self._changed(row, names))
        del table.rows[:]
        table.rows.extend(kept)

    def _changed(self, row: Any, names: Sequence[str]) -> Any:
        changed = type(row)()
        changed.CopyFrom(row)
        before = dict(zip(names, row.values, strict=True))
        for place, name in enumerate(names):
            if self._by_info_type:
                new = _retold(self._by_info_type, before[name], before, name)
                changed.values[place].CopyFrom(new)
        for columns, condition, apply in self._fields:
            if not holds(condition, before):
                continue
            for place, name in enumerate(names):
                if name in columns and text_of(changed.values[place]):
                    changed.values[place].CopyFrom(apply(changed.values[place], before, name))
        return changed

    def _read_field(self, config: Any) -> tuple[set[str], Any, Callable[[Any, Row, str], Any]]:
        """The columns of a FieldTransformation, its condition, and what becomes of a cell."""
        columns = {each.name for each in config.fields}
        condition = config.condition  # an empty one holds for all rows
        check(condition)
        if config.WhichOneof("transformation") == "info_type_transformations":
            by_info_type = self._read(config.info_type_transformations)
            return columns, condition, partial(_retold, by_info_type)
        if config.primitive_transformation.HasField("replace_with_info_type_config"):
            raise InvalidArgument(
                "replace_with_info_type_config is of findings; use info_type_transformations."
            )
        primitive = self._reading(config.primitive_transformation, "")

        def apply(value: Any, row: Row, name: str) -> Any:
            self._counts.add("", name, text_of(value) or "")
            return primitive(value, row)

        return columns, condition, apply

    def _read(self, config: Any) -> Callable[[str, Row, str], str]:
        """What InfoTypeTransformations make of a text in a column."""
        inspector = self._inspector()
        choices = [
            ({each.name for each in part.info_types}, part.primitive_transformation)
            for part in config.transformations
        ]
        for names, primitive in choices:
            self._reading(primitive, min(names, default=""))  # refuses what is malformed

        @cache
        def find(info_type: str) -> Transformation | None:
            for names, primitive in choices:
                if not names or info_type in names:
                    return self._reading(primitive, info_type)
            return None

        def apply(text: str, row: Row, column: str) -> str:
            parts, end = [], 0
            changes = [
                (each, find(each.info_type)) for each in inspector.find(Passage(text, column))
            ]
            for found, change in _apart((each, change) for each, change in changes if change):
                quote = text[found.start : found.end]
                parts += [text[end : found.start], text_of(change(text_value(quote), row)) or ""]
                end = found.end
                self._counts.add(found.info_type, column, quote)
            return "".join([*parts, text[end:]])

        return apply


def _retold(change: Callable[[str, Row, str], str], value: Any, row: Row, column: str) -> Any:
    """A Value as what becomes of its text; as it is, if nothing does."""
    text = text_of(value) or ""
    new = change(text, row, column)
    return value if new == text else text_value(new)


def _suppression(config: Any) -> Any:
    """The condition of a RecordSuppression; an empty one would leave no row."""
    if not config.condition.expressions.conditions.conditions:
        raise InvalidArgument("An entry of record_suppressions has no condition; give it one.")
    check(config.condition)
    return config.condition


def _apart(changes: Iterable[_Change]) -> list[_Change]:
    """Findings that do not overlap: the likelier, else the longer, else the first one counts."""
    chosen: list[_Change] = []  # by place
    for found, change in sorted(changes, key=lambda each: _rank(each[0])):
        place = bisect_left(chosen, found.start, key=lambda each: each[0].start)
        is_behind = place == 0 or chosen[place - 1][0].end <= found.start
        if is_behind and (place == len(chosen) or found.end <= chosen[place][0].start):
            chosen.insert(place, (found, change))
    return chosen


def _rank(found: Finding) -> tuple[int, int, int]:
    return -found.likelihood, found.start - found.end, found.start
