"""Conditions on a table's rows, which choose what is transformed or left out."""

import operator
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from google.api_core.exceptions import InvalidArgument
from google.cloud.dlp_v2 import RelationalOperator

from localcloud.dlp.values import number_of, text_of

_EQUALITIES = {
    RelationalOperator.EQUAL_TO: operator.eq,
    RelationalOperator.NOT_EQUAL_TO: operator.ne,
}
_ORDERS = {
    RelationalOperator.GREATER_THAN: operator.gt,
    RelationalOperator.LESS_THAN: operator.lt,
    RelationalOperator.GREATER_THAN_OR_EQUALS: operator.ge,
    RelationalOperator.LESS_THAN_OR_EQUALS: operator.le,
}


def check(condition: Any) -> None:
    """Refuse a RecordCondition (as protobuf) that cannot be evaluated.

    Raises:
        InvalidArgument: a part has no operator.
    """
    for each in condition.expressions.conditions.conditions:
        if not each.operator:
            raise InvalidArgument("A condition has no operator; choose one, such as EQUAL_TO.")


def holds(condition: Any, row: Mapping[str, Any]) -> bool:
    """Whether a RecordCondition holds for a row's Values; all of its parts must."""
    return all(_holds(each, row) for each in condition.expressions.conditions.conditions)


def _holds(condition: Any, row: Mapping[str, Any]) -> bool:
    value = row.get(condition.field.name)
    text = None if value is None else text_of(value)
    if condition.operator == RelationalOperator.EXISTS:
        return text is not None
    if text is None:
        return False
    pair = _comparable(value, condition.value)
    if condition.operator in _EQUALITIES:
        return bool(_EQUALITIES[condition.operator](*pair or (text, text_of(condition.value))))
    return pair is not None and bool(_ORDERS[condition.operator](*pair))


def _comparable(ours: Any, theirs: Any) -> tuple[Any, Any] | None:
    """Two Values as numbers, as times or as texts; None if there is no order of theirs."""
    for read in (number_of, _time_of, _ordered_text_of):
        left, right = read(ours), read(theirs)
        if left is not None and right is not None:
            return left, right
    return None


def _time_of(value: Any) -> datetime | None:
    text = text_of(value) if value.WhichOneof("type") in ("timestamp_value", "string_value") else ""
    try:
        time = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return time.astimezone(UTC) if time.tzinfo else None


def _ordered_text_of(value: Any) -> str | None:
    kind = value.WhichOneof("type")
    return text_of(value) if kind in ("string_value", "date_value", "time_value") else None
