"""Filters of list requests (AIP-160): `state="X" AND (labels.a:* OR create_time>"2024…")`."""

import fnmatch
import operator
import re
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias

from google.api_core.exceptions import InvalidArgument

Predicate: TypeAlias = Callable[[Any], bool]
Fields: TypeAlias = Mapping[str, Callable[[Any], Any]]
Functions: TypeAlias = Mapping[str, Callable[[str], Predicate]]

_TOKEN = re.compile(
    r'\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<sign><=|>=|!=|[=<>:()-])|(?P<word>[^\s"<>=!:()]+))'
)
_SIGNS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_MAPPINGS = ("labels", "metadata")  # the fields whose values have keys
_TRUTH = {"true": True, "false": False}


def predicate(
    text: str, fields: Fields, functions: Functions | None = None, deepest: int = 50
) -> Predicate:
    """Whether a resource is selected by a filter.

    Args:
        text: the filter; an empty one selects all.
        fields: how to take each field that can be named from a resource. A value is a text, a
            number, a truth value, a datetime, a collection of texts or, for `labels` and
            `metadata`, a mapping.
        functions: how to select for each function that can be called, such as
            `in_context("NAME")`, given its argument.
        deepest: how deep terms may be nested.

    Raises:
        InvalidArgument: the filter cannot be read or names another field.
    """
    parser = _Parser(text, fields, functions or {}, deepest)
    return parser.parse() if text.strip() else lambda _: True


class _Token(NamedTuple):
    """A word, a sign or a quoted text, and where it stands."""

    kind: str
    text: str
    start: int
    end: int


class _Parser:
    """Recursive descent: OR binds tighter than AND in AIP-160."""

    def __init__(self, text: str, fields: Fields, functions: Functions, deepest: int) -> None:
        self._text = text
        self._fields = fields
        self._functions = functions
        self._deepest = deepest
        self._depth = 0
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
        self._depth += 1
        if self._depth > self._deepest + 1:
            raise self._error(f"is nested deeper than {self._deepest} levels")
        term = self._nested() or self._restriction()
        self._depth -= 1
        return term

    def _nested(self) -> Predicate | None:
        if self._take("NOT") or self._take("-"):
            negated = self._term()
            return lambda resource: not negated(resource)
        if not self._take("("):
            return None
        inner = self._all()
        self._expect(")")
        return inner

    def _restriction(self) -> Predicate:
        start = self._next()
        name, *keys = self._path(start)
        if name in self._functions and not keys and self._take("("):
            argument = self._next().text
            self._expect(")")
            return self._functions[name](argument)
        if name not in self._fields or (keys and name not in _MAPPINGS):
            known = ", ".join(sorted([*self._fields, *self._functions]))
            raise self._error(f"names {start.text}, which is not one of {known}", start)
        sign = self._next()
        values = self._values()
        self._check(name, sign, values)
        take = self._fields[name]
        return lambda resource: _compares(_at(take(resource), keys), sign.text, values)

    def _path(self, first: _Token) -> list[str]:
        """The keys of a field; those with special characters are quoted: `metadata."a:b".c`."""
        keys, end = first.text.split("."), first.end
        while not keys[-1] and self._tokens and self._tokens[0].start == end:
            keys[-1], end = self._tokens[0].text, self._tokens.pop(0).end
            if self._tokens and self._tokens[0].start == end and self._peek().startswith("."):
                end = self._tokens[0].end
                keys += self._next().text[1:].split(".")
        return [snake(keys[0]), *keys[1:]]

    def _values(self) -> list[str]:
        """The value behind a sign, or several, parted by commas."""
        values = [("-" if self._take("-") else "") + self._next().text]
        while self._take(","):
            values.append(self._next().text)
        return values

    def _check(self, name: str, sign: _Token, values: list[str]) -> None:
        if sign.text not in (":", *_SIGNS) or (len(values) > 1 and sign.text != ":"):
            raise self._error(token=sign)
        ordered = sign.text not in (":", "=", "!=")
        for value in values:
            if (sign.text, value) == (":", "*"):  # whether it is there at all
                continue
            if (name.endswith("_time") or (ordered and _number(value) is None)) and not _time(
                value
            ):
                raise self._error(
                    f'compares {name} with {value!r}; write a time such as "2024-01-31T00:00:00Z"',
                    sign,
                )

    def _split(self) -> list[_Token]:
        tokens, at = [], 0
        while self._text[at:].strip():
            match = _TOKEN.match(self._text, at)
            if match is None:
                raise self._error(token=_Token("", "", at, at))
            kind = match.lastgroup or ""
            start = match.start(kind) - (kind == "quoted")
            text = match[kind] if kind != "quoted" else re.sub(r"\\(.)", r"\1", match[kind])
            tokens.append(_Token(kind, text, start, match.end()))
            at = match.end()
        return tokens

    def _peek(self) -> str:
        """The next token unless it is quoted, so that a quoted `AND` is a text."""
        return self._tokens[0].text if self._tokens and self._tokens[0].kind != "quoted" else ""

    def _take(self, token: str) -> bool:
        found = bool(self._tokens) and self._peek() == token
        if found:
            self._tokens.pop(0)
        return found

    def _expect(self, token: str) -> None:
        if not self._take(token):
            raise self._error()

    def _next(self) -> _Token:
        if not self._tokens:
            raise self._error()
        return self._tokens.pop(0)

    def _error(self, problem: str = "", token: _Token | None = None) -> InvalidArgument:
        token = token or (self._tokens[0] if self._tokens else None)
        position = token.start if token else len(self._text)
        hint = (
            'cannot be read; write terms such as display_name="name" or labels.key=value, joined'
            " by AND and OR"
        )
        return InvalidArgument(f"filter {self._text!r}, position {position}: it {problem or hint}.")


def _at(value: Any, keys: list[str]) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _compares(actual: Any, sign: str, values: list[str]) -> bool:
    if sign == ":":
        return actual is not None and all(_has(actual, value) for value in values)
    if actual is None:
        return sign == "!="
    if isinstance(actual, str):
        equal = fnmatch.fnmatchcase(actual, _pattern(values[0]))
        return sign in ("=", "!=") and equal == (sign == "=")
    wanted = _like(actual, values[0])
    return sign == "!=" if wanted is None else _SIGNS[sign](actual, wanted)


def _has(actual: Any, value: str) -> bool:
    if value == "*":
        return True
    is_collection = isinstance(actual, Collection)
    return value in actual if is_collection else bool(_like(actual, value) == actual)


def _like(actual: Any, value: str) -> Any:
    """What a filter's value says in the type of the actual one, or None."""
    if isinstance(actual, bool):
        return _TRUTH.get(value.lower())
    return _time(value) if isinstance(actual, datetime) else _number(value)


def _number(value: str) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None


def _time(value: str) -> datetime | None:
    try:
        time = datetime.fromisoformat(value)
    except ValueError:
        return None
    return time if time.tzinfo else None


def _pattern(value: str) -> str:
    """The value as a glob pattern in which only `*` is special."""
    return value.replace("[", "[[]").replace("?", "[?]")


def snake(name: str) -> str:
    """A field's name in JSON as it is in protobuf: `pipelineInfo` as `pipeline_info`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
