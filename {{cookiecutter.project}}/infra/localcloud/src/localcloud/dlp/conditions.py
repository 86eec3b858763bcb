"""Conditions on a table's rows, which choose what is transformed or left out."""

import operator
from collections.abc import Mapping
from typing import Any

from google.api_core.exceptions import InvalidArgument
from google.cloud.dlp_v2 import RelationalOperator

from localcloud.dlp.values import number_of, text_of

_COMPARISONS = {
    RelationalOperator.EQUAL_TO: operator.eq,
    RelationalOperator.NOT_EQUAL_TO: operator.ne,
    RelationalOperator.GREATER_THAN: operator.gt,
    RelationalOperator.LESS_THAN: operator.lt,
    RelationalOperator.GREATER_THAN_OR_EQUALS: operator.ge,
    RelationalOperator.LESS_THAN_OR_EQUALS: operator.le,
}


def holds(condition: Any, row: Mapping[str, Any]) -> bool:
    """Whether a RecordCondition holds for a row's Values; all of its parts must.

    Raises:
        InvalidArgument: a part has no operator.
    """
    return all(_holds(each, row) for each in condition.expressions.conditions.conditions)


def _holds(condition: Any, row: Mapping[str, Any]) -> bool:
    value = row.get(condition.field.name)
    text = None if value is None else text_of(value)
    if condition.operator == RelationalOperator.EXISTS:
        return text is not None
    compare = _COMPARISONS.get(condition.operator)
    if compare is None:
        raise InvalidArgument("A condition has no operator; choose one, such as EQUAL_TO.")
    if text is None:
        return False
    ours, theirs = number_of(value), number_of(condition.value)
    if ours is not None and theirs is not None:
        return bool(compare(ours, theirs))
    return bool(compare(text, text_of(condition.value) or ""))
