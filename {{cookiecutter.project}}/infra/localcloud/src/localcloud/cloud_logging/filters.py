"""Filters of log entries, in the Logging query language.

`resource.type = "ml_job" AND severity >= ERROR AND jsonPayload.step : "train"`, see
https://cloud.google.com/logging/docs/view/logging-query-language.
"""

import operator
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from google.api_core.exceptions import InvalidArgument
from google.cloud.logging_v2.types import LogEntry
from google.logging.type.log_severity_pb2 import LogSeverity
from google.protobuf import json_format
from google.protobuf.timestamp_pb2 import Timestamp

from localcloud.cloud_logging.entries import LATEST, Entry
from localcloud.queries import Call, Comparison, Leaf, Query, demands, holds, leaves, parse

_ORDER = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_SIGNS = ("=", "!=", ":", "=~", "!~", *_ORDER)
_LOG_ID = ("log_id",)
_FIELDS = {
    name: field.json_name
    for field in LogEntry.pb().DESCRIPTOR.fields
    for name in (field.name, field.json_name)
}
_TIMES = ("timestamp", "receiveTimestamp")


class LogFilter:
    """Which entries a filter selects, and the times that they can have.

    Raises:
        InvalidArgument: it cannot be read, or names what an entry does not have.
    """

    def __init__(self, text: str) -> None:
        self._query = parse(text)
        _check(text, self._query)
        self.first, self.last = _bounds(self._query)

    def selects(self, entry: Entry) -> bool:
        """Whether an entry is selected."""
        content = _content(entry)
        return holds(self._query, lambda leaf: _selects(leaf, content))


def _content(entry: Entry) -> dict[str, Any]:
    """An entry as JSON; a severity that is not set is DEFAULT."""
    try:
        content = json_format.MessageToDict(entry)
    except TypeError:  # a payload of a type that is not known here
        entry.ClearField("proto_payload")
        content = json_format.MessageToDict(entry)
    return {"severity": "DEFAULT", **content}


def _check(text: str, query: Query) -> None:
    for leaf in leaves(query):
        if isinstance(leaf, Comparison):
            problem = _problem(leaf)
            if problem:
                raise InvalidArgument(f"Unparseable filter: {problem}, in {text!r}.")


def _problem(leaf: Comparison) -> str:
    if isinstance(leaf.value, Call):
        known = leaf.path == _LOG_ID and leaf.sign == "()" and len(leaf.value.arguments) == 1
        return "" if known else f"the function {leaf.value.name} is not served by localcloud"
    field = _FIELDS.get(leaf.path[0])
    if field is None:
        return f"{'.'.join(leaf.path)} is no field of a log entry"
    if leaf.sign not in _SIGNS:
        return f"the sign {leaf.sign} cannot be used"
    if field in _TIMES and _time(leaf.value) is None:
        return f"{leaf.value!r} is no time; write one such as 2024-01-31T00:00:00Z"
    if field == "severity" and leaf.sign in ("=", "!=", *_ORDER) and _severity(leaf.value) is None:
        return f"{leaf.value!r} is no severity"
    if leaf.sign in ("=~", "!~"):
        try:
            re.compile(leaf.value)
        except re.error as error:
            return f"{leaf.value!r} is no regular expression ({error})"
    return ""


def _bounds(query: Query) -> tuple[int, int]:
    """The times between which every entry that is selected must lie, in nanoseconds."""
    first, last = -LATEST, LATEST
    for demand in demands(query):
        if demand.path == ("timestamp",) and isinstance(demand.value, str):
            time = _time(demand.value) or 0
            if demand.sign in (">", ">=", "="):
                first = max(first, time)
            if demand.sign in ("<", "<=", "="):
                last = min(last, time)
    return first, last


def _selects(leaf: Leaf, content: Mapping[str, Any]) -> bool:
    if not isinstance(leaf, Comparison):
        wanted = leaf.text.lower()
        return any(wanted in text.lower() for text in _texts(content))
    if isinstance(leaf.value, Call):
        log_id = quote(leaf.value.arguments[0], safe="")
        return str(content["logName"]).endswith(f"/logs/{log_id}")
    path = (_FIELDS[leaf.path[0]], *leaf.path[1:])
    found = list(_values(content, path))
    if leaf.sign in ("!=", "!~"):
        opposite = {"!=": "=", "!~": "=~"}[leaf.sign]
        return not any(_compares(path[0], opposite, each, leaf.value) for each in found)
    return any(_compares(path[0], leaf.sign, each, leaf.value) for each in found)


def _values(content: Any, path: tuple[str, ...]) -> Iterator[Any]:
    """What lies at a path; of a list each item counts."""
    if isinstance(content, list):
        for item in content:
            yield from _values(item, path)
    elif not path:
        yield content
    elif isinstance(content, Mapping):
        for key in dict.fromkeys((path[0], _camel(path[0]))):
            if key in content:
                yield from _values(content[key], path[1:])
                return


def _compares(field: str, sign: str, actual: Any, wanted: str) -> bool:
    if sign == ":" and wanted == "*":
        return True
    if field in _TIMES:
        return _ordered(sign, _time(actual), _time(wanted))
    if field == "severity" and sign not in (":", "=~"):
        return _ordered(sign, _severity(actual), _severity(wanted))
    if isinstance(actual, Mapping):
        return sign == ":" and any(wanted.lower() in text.lower() for text in _texts(actual))
    if isinstance(actual, bool):
        return sign in ("=", ":") and str(actual).lower() == wanted.lower()
    if isinstance(actual, int | float):
        return _ordered("=" if sign == ":" else sign, float(actual), _number(wanted))
    text = str(actual)
    if sign == "=~":
        return re.search(wanted, text) is not None
    if sign == ":":
        return wanted.lower() in text.lower()
    return _ordered(sign, text.lower(), wanted.lower())


def _ordered(sign: str, actual: Any, wanted: Any) -> bool:
    if actual is None or wanted is None:
        return False
    if sign in ("=", ":"):
        return bool(actual == wanted)
    return sign in _ORDER and bool(_ORDER[sign](actual, wanted))


def _texts(content: Any) -> Iterator[str]:
    """All values, as texts."""
    if isinstance(content, Mapping):
        for value in content.values():
            yield from _texts(value)
    elif isinstance(content, list):
        for item in content:
            yield from _texts(item)
    else:
        yield str(content)


def _severity(value: str) -> int | None:
    severity = LogSeverity.DESCRIPTOR.values_by_name.get(value.upper())
    return int(severity.number) if severity else None


def _time(value: str) -> int | None:
    """Nanoseconds since 1970 of a time or a date."""
    stamp = Timestamp()
    try:
        stamp.FromJsonString(value)
    except ValueError:  # a date, or an offset without a colon
        try:
            time = datetime.fromisoformat(value)
        except ValueError:
            return None
        stamp.FromDatetime(time if time.tzinfo else time.replace(tzinfo=UTC))
    return int(stamp.ToNanoseconds())


def _number(value: str) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None


def _camel(name: str) -> str:
    return re.sub(r"_([a-z])", lambda letter: letter[1].upper(), name)
