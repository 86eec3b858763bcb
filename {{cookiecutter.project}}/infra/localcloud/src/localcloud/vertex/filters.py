"""Filters of list requests (AIP-160): `state="X" AND (labels.a:* OR create_time>"2024…")`."""

import fnmatch
import operator
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeAlias

from google.api_core.exceptions import InvalidArgument

Predicate: TypeAlias = Callable[[Any], bool]
Fields: TypeAlias = Mapping[str, Callable[[Any], Any]]

_TOKEN = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|(<=|>=|!=|[=<>:()-])|([^\s"<>=!:()]+))')
_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_END = ("", "")


def predicate(text: str, fields: Fields) -> Predicate:
    """Whether a resource is selected by a filter.

    Args:
        text: the filter; an empty one selects all.
        fields: how to take each field that can be named from a resource. A value is a text, a
            datetime or, for `labels`, a mapping.

    Raises:
        InvalidArgument: the filter cannot be read or names another field.
    """
    return _Parser(text, fields).parse() if text.strip() else lambda _: True


class _Parser:
    """Recursive descent: OR binds tighter than AND in AIP-160."""

    def __init__(self, text: str, fields: Fields) -> None:
        self._text = text
        self._fields = fields
        self._tokens = self._split()

    def parse(self) -> Predicate:
        selected = self._all()
        if self._tokens:
            raise self._error()
        return selected

    def _all(self) -> Predicate:
        terms = [self._any()]
        while self._take("AND") or (self._tokens and self._peek() not in (")", "OR")):
            terms.append(self._any())
        return lambda resource: all(term(resource) for term in terms)

    def _any(self) -> Predicate:
        terms = [self._term()]
        while self._take("OR"):
            terms.append(self._term())
        return lambda resource: any(term(resource) for term in terms)

    def _term(self) -> Predicate:
        if self._take("NOT") or self._take("-"):
            negated = self._term()
            return lambda resource: not negated(resource)
        if self._take("("):
            inner = self._all()
            if not self._take(")"):
                raise self._error()
            return inner
        return self._restriction()

    def _restriction(self) -> Predicate:
        name, _, key = self._word().partition(".")
        sign = self._word()
        value = self._word()
        if name not in self._fields or (key and name != "labels"):
            raise InvalidArgument(
                f"filter {self._text!r} names {name}, which is not one of"
                f" {', '.join(sorted(self._fields))}."
            )
        field = self._fields[name]
        self._check(name, sign, value)
        if key:
            return lambda resource: _compares(field(resource).get(key), sign, value)
        if sign == ":" and name == "labels":
            return lambda resource: value in field(resource)
        return lambda resource: _compares(field(resource), sign, value)

    def _check(self, name: str, sign: str, value: str) -> None:
        if sign not in (":", "=", "!=", *_COMPARISONS):
            raise self._error()
        if (name.endswith("_time") or sign in _COMPARISONS) and not _is_time(value):
            raise InvalidArgument(
                f"filter {self._text!r} compares {name} with {value!r}; write a time such as"
                ' "2024-01-31T00:00:00Z".'
            )

    def _split(self) -> list[tuple[str, str]]:
        """Tokens as (kind, text), kind being `quoted`, `sign` or `word`."""
        tokens, at = [], 0
        while self._text[at:].strip():
            match = _TOKEN.match(self._text, at)
            if match is None:
                raise self._error()
            kind = ("quoted", "sign", "word")[(match.lastindex or 1) - 1]
            tokens.append((kind, match[match.lastindex or 1]))
            at = match.end()
        return tokens

    def _peek(self) -> str:
        kind, token = self._tokens[0] if self._tokens else _END
        return "" if kind == "quoted" else token

    def _take(self, token: str) -> bool:
        found = bool(self._tokens) and self._peek() == token
        if found:
            self._tokens.pop(0)
        return found

    def _word(self) -> str:
        if not self._tokens:
            raise self._error()
        return self._tokens.pop(0)[1]

    def _error(self) -> InvalidArgument:
        return InvalidArgument(
            f"filter {self._text!r} cannot be read; write terms such as display_name="
            '"name" or labels.key=value, joined by AND and OR.'
        )


def _compares(actual: Any, sign: str, value: str) -> bool:
    if sign == ":":
        return actual is not None and (value == "*" or value in str(actual))
    if isinstance(actual, datetime):
        return _compares_times(actual, sign, value)
    if sign in ("=", "!="):
        equal = actual is not None and fnmatch.fnmatchcase(str(actual), _pattern(value))
        return equal == (sign == "=")
    return False


def _compares_times(actual: datetime, sign: str, value: str) -> bool:
    wanted = datetime.fromisoformat(value)
    if sign in _COMPARISONS:
        return _COMPARISONS[sign](actual, wanted)
    return (actual == wanted) == (sign == "=")


def _pattern(value: str) -> str:
    """The value as a glob pattern in which only `*` is special."""
    return value.replace("[", "[[]").replace("?", "[?]")


def _is_time(value: str) -> bool:
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False
