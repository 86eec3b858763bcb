"""Queries of Cloud Monitoring and Cloud Logging as trees: `a.b = "x" AND (c:y OR NOT d>=3)`.

Both languages have one form and differ in what can be named. OR binds tighter than AND, and terms
side by side are joined by AND.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from google.api_core.exceptions import InvalidArgument

_SPACE = re.compile(r"(?:\s|--[^\n]*(?:\n|\Z))*")  # and comments
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_WORD = re.compile(r'[^\s"<>=!:(),~]+')
_VALUE = re.compile(r'[^\s"(),]+')
_SIGN = re.compile(r"=~|!~|<=|>=|!=|[=<>:]")
_DEEPEST = 50
CALLED = "()"  # the sign of a function that is a term by itself


@dataclass(frozen=True)
class Call:
    """A function as a value, such as `starts_with("a")`."""

    name: str
    arguments: tuple[str, ...]


@dataclass(frozen=True)
class Comparison:
    """A field's path, a sign and the value that it is compared with."""

    path: tuple[str, ...]
    sign: str
    value: str | Call


@dataclass(frozen=True)
class Text:
    """A text that stands alone, to be found anywhere."""

    text: str


@dataclass(frozen=True)
class Not:
    """The opposite of a term."""

    term: "Query"


@dataclass(frozen=True)
class All:
    """Terms that must all hold."""

    terms: tuple["Query", ...]


@dataclass(frozen=True)
class Any:
    """Terms of which one must hold."""

    terms: tuple["Query", ...]


Leaf: TypeAlias = Comparison | Text
Query: TypeAlias = Leaf | Not | All | Any


def parse(text: str) -> Query:
    """The tree of a query; an empty one holds for everything.

    Raises:
        InvalidArgument: it cannot be read; names the place.
    """
    return _Parser(text).parse()


def holds(query: Query, leaf: Callable[[Leaf], bool]) -> bool:
    """Whether a query holds, given whether each of its leaves does."""
    match query:
        case Not(term):
            return not holds(term, leaf)
        case All(terms):
            return all(holds(term, leaf) for term in terms)
        case Any(terms):
            return any(holds(term, leaf) for term in terms)
        case _:
            return leaf(query)


def leaves(query: Query) -> Iterator[Leaf]:
    """All comparisons and texts of a query."""
    match query:
        case Not(term):
            yield from leaves(term)
        case All(terms) | Any(terms):
            for term in terms:
                yield from leaves(term)
        case _:
            yield query


def demands(query: Query) -> Iterator[Comparison]:
    """The comparisons that must all hold, whatever the rest of the query says."""
    if isinstance(query, Comparison):
        yield query
    elif isinstance(query, All):
        for term in query.terms:
            yield from demands(term)


class _Parser:
    """Recursive descent."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._depth = 0

    def parse(self) -> Query:
        self._skip()
        if self._is_at_end():
            return All(())
        query = self._all(self._term)
        if not self._is_at_end():
            raise self._error()
        return query

    def _all(self, term: Callable[[], Query]) -> Query:
        terms = [self._any(term)]
        while self._take_word("AND") or not (self._is_at_end() or self._sees(")", ",")):
            terms.append(self._any(term))
        return terms[0] if len(terms) == 1 else All(tuple(terms))

    def _any(self, term: Callable[[], Query]) -> Query:
        terms = [self._negatable(term)]
        while self._take_word("OR"):
            terms.append(self._negatable(term))
        return terms[0] if len(terms) == 1 else Any(tuple(terms))

    def _negatable(self, term: Callable[[], Query]) -> Query:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._error(f"is nested deeper than {_DEEPEST} levels")
        if self._take_word("NOT") or self._take("-"):
            query: Query = Not(self._negatable(term))
        else:
            query = self._group(term) or term()
        self._depth -= 1
        return query

    def _group(self, term: Callable[[], Query]) -> Query | None:
        if not self._take("("):
            return None
        inner = self._all(term)
        if not self._take(")"):
            raise self._error()
        return inner

    def _term(self) -> Query:
        quoted = self._match(_QUOTED)
        if quoted is not None and not self._sees(".", *"=<>!:"):
            return Text(_unquote(quoted[1]))
        path = self._path(quoted)
        if path in (("AND",), ("OR",)):
            raise self._error()
        if self._text[self._position - 1 : self._position + 1].endswith("(") and len(path) == 1:
            call = self._call(path[0])
            return Comparison((call.name,), CALLED, call)
        sign = self._match(_SIGN)
        if sign is None:
            return Text(".".join(path))
        return self._group(lambda: self._comparison(path, sign[0])) or self._comparison(
            path, sign[0]
        )

    def _path(self, first: re.Match[str] | None) -> tuple[str, ...]:
        """Keys with dots in between; those with special characters are quoted."""
        keys = [_unquote(first[1])] if first else []
        while True:
            if (quoted := _QUOTED.match(self._text, self._position)) and (not keys or not keys[-1]):
                keys = [*keys[:-1], _unquote(quoted[1])]
                self._position = quoted.end()
            elif word := _WORD.match(self._text, self._position):
                names = word[0].split(".")
                keys += names if not keys else names[1:]
                self._position = word.end()
            else:
                break
        self._skip()
        if not keys or not all(keys):
            raise self._error()
        return tuple(keys)

    def _comparison(self, path: tuple[str, ...], sign: str) -> Comparison:
        return Comparison(path, sign, self._value())

    def _value(self) -> str | Call:
        quoted = self._match(_QUOTED)
        if quoted is not None:
            return _unquote(quoted[1])
        word = self._match(_VALUE)
        if word is None:
            raise self._error()
        return self._call(word[0]) if self._text[word.end() : word.end() + 1] == "(" else word[0]

    def _call(self, name: str) -> Call:
        self._take("(")
        arguments = []
        while not self._take(")"):
            argument = self._match(_QUOTED)
            if argument is None:
                raise self._error()
            arguments.append(_unquote(argument[1]))
            if not self._take(",") and not self._sees(")"):
                raise self._error()
        return Call(name, tuple(arguments))

    def _match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        match = pattern.match(self._text, self._position)
        if match:
            self._position = match.end()
            self._skip()
        return match

    def _take(self, text: str) -> bool:
        found = self._sees(text)
        if found:
            self._position += len(text)
            self._skip()
        return found

    def _take_word(self, word: str) -> bool:
        match = _WORD.match(self._text, self._position)
        return bool(match and match[0] == word) and self._take(word)

    def _sees(self, *texts: str) -> bool:
        return self._text.startswith(texts, self._position)

    def _is_at_end(self) -> bool:
        return self._position >= len(self._text)

    def _skip(self) -> None:
        space = _SPACE.match(self._text, self._position)
        self._position = space.end() if space else self._position

    def _error(self, problem: str = "") -> InvalidArgument:
        hint = 'cannot be read; write terms such as field = "value", joined by AND and OR'
        return InvalidArgument(
            f"Field filter had an invalid value of {self._text!r}: at position {self._position} it"
            f" {problem or hint}."
        )


def _unquote(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)
