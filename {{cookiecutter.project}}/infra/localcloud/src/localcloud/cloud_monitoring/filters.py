"""Filters of time series and metric descriptors.

`metric.type = "T" AND resource.labels.endpoint_id = "1" AND metric.labels.code = one_of("a", "b")`,
see https://cloud.google.com/monitoring/api/v3/filters.
"""

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

from google.api.metric_pb2 import MetricDescriptor
from google.api_core.exceptions import InvalidArgument

from localcloud.cloud_monitoring.series import Identity
from localcloud.queries import Call, Comparison, Leaf, Query, demands, holds, leaves, parse

_FUNCTIONS: Mapping[str, Callable[[str, tuple[str, ...]], bool]] = {
    "starts_with": lambda actual, arguments: actual.startswith(arguments[0]),
    "ends_with": lambda actual, arguments: actual.endswith(arguments[0]),
    "has_substring": lambda actual, arguments: arguments[0] in actual,
    "one_of": lambda actual, arguments: actual in arguments,
    "monitoring.regex.full_match": lambda actual, arguments: bool(
        re.fullmatch(arguments[0], actual)
    ),
}
_ORDER = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_KNOWN = "metric.type, metric.labels.NAME, resource.type and resource.labels.NAME"


def series_filter(text: str) -> tuple[str, Callable[[Identity], bool]]:
    """The metric type that a filter demands, and whether a series is selected by it.

    Raises:
        InvalidArgument: it cannot be read, or does not name one metric type.
    """
    query = parse(text)
    _check(text, query, _is_of_series)
    types = {
        each.value
        for each in demands(query)
        if each.path == ("metric", "type") and each.sign == "=" and isinstance(each.value, str)
    }
    if len(types) != 1:
        raise _error(
            text,
            'must specify a restriction on "metric.type" to a single type, as metric.type ='
            ' "TYPE"; see https://cloud.google.com/monitoring/api/metrics',
        )
    return str(types.pop()), lambda series: holds(query, lambda leaf: _selects(leaf, series))


def descriptor_filter(text: str) -> Callable[[MetricDescriptor], bool]:
    """Whether a metric descriptor is selected by a filter on `metric.type`.

    Raises:
        InvalidArgument: it cannot be read, or names something else.
    """
    query = parse(text)
    _check(text, query, lambda path: path == ("metric", "type"))
    return lambda descriptor: holds(query, lambda leaf: _compares(leaf, str(descriptor.type)))


def _is_of_series(path: tuple[str, ...]) -> bool:
    match path:
        case ("metric" | "resource", "type") | ("metric" | "resource", "label" | "labels", _):
            return True
    return False


def _check(text: str, query: Query, is_known: Callable[[tuple[str, ...]], bool]) -> None:
    for leaf in leaves(query):
        if not isinstance(leaf, Comparison):
            raise _error(text, f"has the word {leaf.text!r}; write FIELD = VALUE")
        if not is_known(leaf.path):
            raise _error(text, f"names {'.'.join(leaf.path)}; it may name {_KNOWN}")
        if leaf.sign not in ("=", "!=", ":", *_ORDER):
            raise _error(text, f"has the sign {leaf.sign}; write =, != or a comparison")
        if isinstance(leaf.value, Call):
            _check_call(text, leaf.value)


def _check_call(text: str, call: Call) -> None:
    if call.name not in _FUNCTIONS:
        raise _error(text, f"calls {call.name}, which is none of {', '.join(_FUNCTIONS)}")
    if not call.arguments or (len(call.arguments) > 1 and call.name != "one_of"):
        raise _error(text, f"gives {call.name} {len(call.arguments)} arguments")
    if call.name == "monitoring.regex.full_match":
        try:
            re.compile(call.arguments[0])
        except re.error as error:
            raise _error(text, f"has a regular expression that is none: {error}") from error


def _selects(leaf: Leaf, series: Identity) -> bool:
    match leaf.path:  # type: ignore[union-attr]  # checked
        case ("metric", "type"):
            actual: str | None = series.metric.type
        case ("resource", "type"):
            actual = series.resource.type
        case (owner, _, label):
            actual = getattr(series, owner).labels.get(label)
    return _compares(leaf, actual)


def _compares(leaf: Any, actual: str | None) -> bool:
    wanted = leaf.value
    if isinstance(wanted, Call):
        equal = actual is not None and _FUNCTIONS[wanted.name](actual, wanted.arguments)
        return bool(equal != (leaf.sign == "!="))
    if leaf.sign == ":":
        return actual is not None and str(wanted) in actual
    if leaf.sign in ("=", "!="):
        return bool((actual == wanted) == (leaf.sign == "="))
    try:
        return actual is not None and bool(_ORDER[leaf.sign](float(actual), float(wanted)))
    except ValueError:
        return False


def _error(text: str, problem: str) -> InvalidArgument:
    return InvalidArgument(f"Field filter had an invalid value of {text!r}: it {problem}.")
